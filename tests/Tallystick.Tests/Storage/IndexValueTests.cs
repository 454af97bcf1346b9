using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tallystick.Storage;

namespace Tallystick.Tests.Storage;

/// <summary>The bytes of values in an index sort as the values do. A failure prints FsCheck's seed.</summary>
public sealed class IndexValueTests
{
    private static readonly decimal[] Corners =
    [
        decimal.MinValue, decimal.MinValue + 1, -79228162514264.337593543950335m, -1.0000000000000000000000000001m, -1m, -0.5m,
        -0.0000000000000000000000000001m, 0m, -0.0m, 0.0000000000000000000000000001m, 0.0000000000000000000000000002m, 0.1m, 0.10m,
        0.9999999999999999999999999999m, 1m, 1.0000000000000000000000000001m, 1.5m, 1.50m, 9m, 10m, 7.9228162514264337593543950335m,
        long.MinValue, long.MaxValue, ulong.MaxValue, decimal.MaxValue - 1, decimal.MaxValue,
    ];

    [Fact]
    public void Decimals_sort_as_numbers_at_every_scale() =>
        Prop.ForAll(Pairs(Decimals()), pair => SameOrder(pair.Item1.CompareTo(pair.Item2), IndexValue.From(pair.Item1), IndexValue.From(pair.Item2)))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(5000));

    [Fact]
    public void The_corners_of_decimals_sort_as_numbers() => Assert.All(
        from left in Corners from right in Corners select (left, right),
        pair => Assert.True(SameOrder(pair.left.CompareTo(pair.right), IndexValue.From(pair.left), IndexValue.From(pair.right)), $"{pair}"));

    [Fact]
    public void Whole_numbers_of_every_type_sort_with_decimals() =>
        Prop.ForAll<long, int>((a, b) => SameOrder(a.CompareTo(b), IndexValue.From(a), IndexValue.FromObject(b))
            && IndexValue.FromObject((short)(b % 100)) == IndexValue.From((decimal)(b % 100))).QuickCheckThrowOnFailure();

    [Fact]
    public void Times_sort_by_the_instant_whatever_the_offset() =>
        Prop.ForAll(
            Pairs(ArbMap.Default.GeneratorFor<long>().Select(ticks => new DateTimeOffset(Math.Abs(ticks % (DateTimeOffset.MaxValue.UtcTicks - 1_000_000_000_000)) + 500_000_000_000, TimeSpan.Zero)
                .ToOffset(TimeSpan.FromMinutes(ticks % (14 * 60))))),
            pair => SameOrder(pair.Item1.CompareTo(pair.Item2), IndexValue.From(pair.Item1), IndexValue.From(pair.Item2)))
        .QuickCheckThrowOnFailure();

    [Fact]
    public void Days_and_times_sort_together_from_the_first_to_the_last()
    {
        DateOnly[] days = [DateOnly.MinValue, new(1969, 12, 31), new(1970, 1, 1), new(2026, 2, 28), DateOnly.MaxValue];
        Assert.Equal(days, days.OrderDescending().OrderBy(IndexValue.From));
        Assert.True(IndexValue.From(DateTimeOffset.MinValue) <= IndexValue.From(DateOnly.MinValue));
        Assert.True(IndexValue.From(DateTimeOffset.MaxValue) > IndexValue.From(DateOnly.MaxValue));
    }

    [Fact]
    public void Texts_sort_by_code_point_also_beyond_the_basic_plane() =>
        Prop.ForAll(Pairs(Texts()), pair => SameOrder(ByCodePoint(pair.Item1, pair.Item2), IndexValue.From(pair.Item1), IndexValue.From(pair.Item2)))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void An_emoji_sorts_after_the_last_of_the_basic_plane_though_its_utf16_does_not()
    {
        const string LastOfPlane = "\uFFFD", Emoji = "\U0001F600";
        Assert.True(string.CompareOrdinal(Emoji, LastOfPlane) < 0);
        Assert.True(IndexValue.From(Emoji) > IndexValue.From(LastOfPlane));
        Assert.True(IndexValue.From("a") < IndexValue.From("aa"));
        Assert.True(IndexValue.From("Z") < IndexValue.From("a"));
        Assert.True(IndexValue.From("") < IndexValue.From("\0"));
    }

    [Fact]
    public void Null_sorts_before_everything()
    {
        IndexValue[] all =
        [
            IndexValue.From(false), IndexValue.From(true), IndexValue.From(decimal.MinValue), IndexValue.From(decimal.MaxValue),
            IndexValue.From(DateTimeOffset.MinValue), IndexValue.From(""), IndexValue.From("x"), IndexValue.From(Guid.Empty), IndexValue.From(Guid.AllBitsSet),
        ];
        Assert.All(all, value => Assert.True(IndexValue.Null < value && value != IndexValue.Null));
        Assert.Equal(all, all.Order());
        Assert.Equal(IndexValue.Null, default);
        Assert.Equal(IndexValue.Null, IndexValue.From(null));
        Assert.Equal(IndexValue.Null, IndexValue.FromObject(null));
        Assert.Equal([0], IndexValue.Null.Bytes.ToArray());
    }

    [Fact]
    public void Ids_sort_by_their_text() =>
        Prop.ForAll<Guid, Guid>((a, b) => SameOrder(string.CompareOrdinal(a.ToString(), b.ToString()), IndexValue.From(a), IndexValue.From(b)))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_stored_value_is_the_same_again()
    {
        object?[] values = [null, "x", "", true, 1, -5L, 1.5m, DateTimeOffset.UnixEpoch, DateOnly.MinValue, Guid.AllBitsSet, DayOfWeek.Friday];
        Assert.All(values.Select(IndexValue.FromObject), value =>
        {
            var stored = IndexValue.FromStored(value.Bytes);
            Assert.Equal(value, stored);
            Assert.Equal(value.GetHashCode(), stored.GetHashCode());
            Assert.Equal(value.ToString(), stored.ToString());
        });
        Assert.Equal(IndexValue.Null.GetHashCode(), IndexValue.FromStored([0]).GetHashCode());
        Assert.Throws<ArgumentException>(() => IndexValue.FromStored([]));
    }

    [Fact]
    public void The_stored_form_never_changes()
    {
        Assert.Equal("0280" + new string('0', 46), IndexValue.From(0m).ToString());
        Assert.Equal("0280" + new string('0', 22) + "204fce5e3e25026110000000", IndexValue.From(1L).ToString());
        Assert.Equal("0280" + new string('0', 45) + "1", IndexValue.From(0.0000000000000000000000000001m).ToString());
        Assert.Equal("027f" + new string('f', 46), IndexValue.From(-0.0000000000000000000000000001m).ToString());
        Assert.Equal("03089f7ff5f7b58000", IndexValue.From(DateTimeOffset.UnixEpoch).ToString());
        Assert.Equal("04c3a4", IndexValue.From("ä").ToString());
        Assert.Equal("0101", IndexValue.From(true).ToString());
        Assert.Equal("0500112233445566778899aabbccddeeff", IndexValue.From(Guid.Parse("00112233-4455-6677-8899-aabbccddeeff")).ToString());
        Assert.Equal(IndexValue.From("Friday"), IndexValue.FromObject(DayOfWeek.Friday));
    }

    [Theory]
    [InlineData(1.5)]
    [InlineData('c')]
    public void What_has_no_such_order_is_refused_by_name(object value) =>
        Assert.Contains(value.GetType().ToString(), Assert.Throws<NotSupportedException>(() => IndexValue.FromObject(value)).Message, StringComparison.Ordinal);

    private static bool SameOrder(int expected, IndexValue left, IndexValue right) =>
        Math.Sign(left.CompareTo(right)) == Math.Sign(expected) && Math.Sign(right.CompareTo(left)) == -Math.Sign(expected)
        && (left == right) == (expected == 0) && (left < right) == (expected < 0) && (left >= right) == (expected >= 0);

    private static int ByCodePoint(string left, string right)
    {
        var (a, b) = (left.EnumerateRunes().ToArray(), right.EnumerateRunes().ToArray());
        for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (a[i] != b[i])
                return a[i].Value.CompareTo(b[i].Value);
        }

        return a.Length.CompareTo(b.Length);
    }

    private static Gen<decimal> Decimals() => Gen.OneOf(
        Gen.Elements(Corners),
        from parts in Gen.ArrayOf(ArbMap.Default.GeneratorFor<int>(), 3)
        from negative in ArbMap.Default.GeneratorFor<bool>()
        from scale in Gen.Choose(0, 28)
        select new decimal(parts[0], parts[1], parts[2], negative, (byte)scale));

    private static Gen<string> Texts() => Gen.OneOf(Gen.Choose('a', 'c'), Gen.Choose(0x7E, 0x82), Gen.Choose(0x7FE, 0x802), Gen.Choose(0xE000, 0xFFFF), Gen.Choose(0x10000, 0x10FFFF))
        .Select(value => new Rune(value).ToString()).ListOf().Select(runes => string.Concat(runes.Take(4)));

    private static Arbitrary<(T, T)> Pairs<T>(Gen<T> one) => Arb.From(from a in one from b in Gen.Frequency((4, one), (1, Gen.Constant(a))) select (a, b));
}
