using FsCheck;
using FsCheck.Fluent;
using Tallystick.Sqlite.Index;

namespace Tallystick.Tests.Storage;

/// <summary>The stored form of an index's lists.</summary>
public sealed class SeqRunsTests
{
    private const long EntriesMax = 100_000;

    [Fact]
    public void A_list_survives_the_way_to_bytes_and_back() =>
        Prop.ForAll(Lists(), list => Decode(SeqRuns.Encode(list)).SequenceEqual(list)).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void The_stored_form_never_changes()
    {
        Assert.Empty(SeqRuns.Encode([]));
        Assert.Equal([1, 1], SeqRuns.Encode([1]));
        Assert.Equal([1, 3, 2, 1], SeqRuns.Encode([1, 2, 3, 6]));
        Assert.Equal([0x80, 0x01, 0x81, 0x01], SeqRuns.Encode([.. Enumerable.Range(128, 129).Select(i => (long)i)]));
        Assert.Equal(12, SeqRuns.Encode([1, long.MaxValue - 1]).Length);
    }

    [Fact]
    public void A_log_that_a_tenant_has_to_itself_is_a_single_run() =>
        Assert.InRange(SeqRuns.Encode([.. Enumerable.Range(1, 100_000).Select(i => (long)i)]).Length, 1, 5);

    [Theory]
    [InlineData(new byte[] { 1 })]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 1, 0 })]
    [InlineData(new byte[] { 1, 1, 5 })]
    [InlineData(new byte[] { 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1 })]
    [InlineData(new byte[] { 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F })]
    [InlineData(new byte[] { 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x07 })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 2 })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7E, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7E, 1 })]
    public void Damaged_bytes_are_an_error_that_says_so(byte[] bytes) =>
        Assert.Contains("damaged", Assert.Throws<TallystickException>(() => Decode(bytes)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_list_that_is_longer_than_it_can_be_is_damaged()
    {
        List<long> list = [];
        SeqRuns.Decode(SeqRuns.Encode([1, 2, 3, 6]), 4, list);
        Assert.Equal([1, 2, 3, 6], list);
        Assert.Throws<TallystickException>(() => SeqRuns.Decode(SeqRuns.Encode([1, 2, 3, 6]), 3, list));
    }

    [Fact]
    public void Every_cut_of_a_list_is_found_or_is_a_shorter_list()
    {
        long[] list = [.. Enumerable.Range(0, 50).Select(i => (long)i * i * 1000)];
        var bytes = SeqRuns.Encode(list);
        for (var length = 0; length < bytes.Length; length++)
        {
            var cut = bytes[..length];
            var read = Record.Exception(() => Assert.Equal(list.Take(Decode(cut).Count), Decode(cut)));
            Assert.True(read is null or TallystickException, $"{length}: {read}");
        }
    }

    private static List<long> Decode(byte[] bytes)
    {
        List<long> list = [];
        SeqRuns.Decode(bytes, EntriesMax, list);
        return list;
    }

    private static Arbitrary<long[]> Lists() => Arb.From(
        from gaps in Gen.OneOf(Gen.Constant(1), Gen.Choose(1, 3), Gen.Choose(1, 300), Gen.Choose(1, int.MaxValue)).ArrayOf()
        from start in Gen.Choose(0, 1000)
        select gaps.Aggregate((Last: (long)start, All: new List<long>()), (state, gap) =>
        {
            state.All.Add(state.Last);
            return (state.Last + gap, state.All);
        }).All.ToArray());
}
