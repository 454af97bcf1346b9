using System.Collections.Concurrent;
using Tallystick.Events;
using Tallystick.Testing.Randomness;
using Tallystick.Tests.Commands;

namespace Tallystick.Tests.Events;

/// <summary>Ids and the randomness that they are made of.</summary>
public sealed class IdAndEntropyTests
{
    [Fact]
    public void An_id_has_the_layout_of_version_7()
    {
        // RFC 9562, figure 6: 48 bits of Unix milliseconds, version 7, 12 random bits, variant 10, 62 random bits.
        var time = new InstantTime { Now = DateTimeOffset.FromUnixTimeMilliseconds(0x0123456789AB) };
        Assert.Equal(Guid.Parse("01234567-89ab-7fff-bfff-ffffffffffff"), new IdGenerator(time, new Fixed(0xFF)).NewId());
        Assert.Equal(Guid.Parse("01234567-89ab-7000-8000-000000000000"), new IdGenerator(time, new Fixed(0x00)).NewId());

        // The example of RFC 9562, appendix A.6.
        time.Now = new DateTimeOffset(2022, 2, 22, 14, 22, 22, TimeSpan.FromHours(-5));
        var id = new IdGenerator(time, new Sequence(0, 0, 0x0C, 0xC3, 0x18, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F)).NewId();
        Assert.Equal("017f22e2-79b0-7cc3", id.ToString()[..18]);
        Assert.Equal(7, id.Version);
        Assert.Equal(8, id.Variant & 0xC);
    }

    [Fact]
    public void Ids_sort_by_the_time_of_their_making()
    {
        var time = new InstantTime();
        var ids = new IdGenerator(time, new SeededEntropy(1));
        var made = Enumerable.Range(0, 1000).Select(i =>
        {
            time.Now += TimeSpan.FromMilliseconds(1 + (i * i));
            return ids.NewId();
        }).ToArray();
        Assert.Equal(made, made.Order());
        Assert.Equal(made, made.OrderBy(id => id.ToString("N"), StringComparer.Ordinal));
        Assert.Equal(made.Length, made.Distinct().Count());
    }

    [Fact]
    public void A_seeded_run_makes_the_same_ids_again()
    {
        static Guid[] Run() => [.. Enumerable.Range(0, 50).Select(_ => 0).Aggregate((new IdGenerator(new InstantTime(), new SeededEntropy(7)), new List<Guid>()), (run, _) =>
        {
            run.Item2.Add(run.Item1.NewId());
            return run;
        }).Item2];
        Assert.Equal(Run(), Run());
        Assert.Equal(50, Run().Distinct().Count());
    }

    [Fact]
    public void A_new_stream_is_keyed_by_an_id()
    {
        var stream = new IdGenerator(new InstantTime(), new SeededEntropy(1)).NewStream("order");
        Assert.Equal("order", stream.Category);
        Assert.True(Guid.TryParseExact(stream.Key, "N", out var id));
        Assert.Equal(7, id.Version);
    }

    [Fact]
    public async Task The_systems_entropy_never_repeats_over_many_threads()
    {
        var seen = new ConcurrentDictionary<UInt128, bool>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Factory.StartNew(
            () =>
            {
                var lengths = new[] { 16, 24, 4096, 5000, 17, 100 };
                var buffer = new byte[5000];
                for (var i = 0; i < 5000; i++)
                {
                    var part = buffer.AsSpan(0, lengths[(i + thread) % lengths.Length]);
                    Entropy.System.Fill(part);
                    Assert.True(seen.TryAdd(System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(part), true));
                    Assert.True(seen.TryAdd(System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(part[^16..]), true) || part.Length == 16);
                }
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        Assert.InRange(seen.Count, 8 * 5000, 2 * 8 * 5000);
    }

    [Fact]
    public void The_systems_entropy_fills_every_byte_and_takes_nothing_for_nothing()
    {
        Entropy.System.Fill([]);
        var seen = new byte[300];
        for (var i = 0; i < 40; i++)
        {
            var part = new byte[300];
            Entropy.System.Fill(part);
            for (var at = 0; at < seen.Length; at++)
                seen[at] |= part[at];
        }

        Assert.DoesNotContain((byte)0, seen);
    }

    [Fact]
    public void A_double_lies_in_0_to_1_without_1()
    {
        Assert.Equal(0, new Fixed(0).NextDouble());
        Assert.Equal(Math.BitDecrement(1.0), new Fixed(0xFF).NextDouble());
        var drawn = Enumerable.Range(0, 10_000).Select(_ => Entropy.System.NextDouble()).ToArray();
        Assert.All(drawn, value => Assert.InRange(value, 0, Math.BitDecrement(1.0)));
        Assert.InRange(drawn.Average(), 0.45, 0.55);
    }

    private sealed class Fixed(byte value) : Entropy
    {
        public override void Fill(Span<byte> buffer) => buffer.Fill(value);
    }

    private sealed class Sequence(params byte[] bytes) : Entropy
    {
        // An id draws 10 bytes; the example's first two fall on the version's 16 bits.
        public override void Fill(Span<byte> buffer) => bytes.AsSpan(2, buffer.Length).CopyTo(buffer);
    }
}
