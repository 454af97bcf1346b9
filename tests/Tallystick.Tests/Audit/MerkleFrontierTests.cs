using System.Buffers.Binary;
using System.Numerics;
using Tallystick.Audit;

namespace Tallystick.Tests.Audit;

public sealed class MerkleFrontierTests
{
    private static readonly Hash256[] s_leaves = RfcReference.Leaves(300);

    [Fact]
    public void The_root_is_the_rfcs_for_every_size_up_to_300()
    {
        var frontier = new MerkleFrontier();
        var completed = new Hash256[MerkleFrontier.CompletedNodesMax];
        for (var size = 0; size <= s_leaves.Length; size++)
        {
            Assert.Equal(size, frontier.Count);
            Assert.Equal(RfcReference.Root(s_leaves.AsSpan(0, size)), frontier.Root());
            if (size < s_leaves.Length)
            {
                frontier.Append(in s_leaves[size], completed);
            }
        }
    }

    [Fact]
    public void What_appends_report_is_every_perfect_subtree_in_its_place()
    {
        var frontier = new MerkleFrontier();
        var reported = 0;
        for (var position = 1; position <= s_leaves.Length; position++)
        {
            var completed = new Hash256[MerkleFrontier.CompletedNodeCount(position)];
            Assert.Equal(completed.Length, frontier.Append(in s_leaves[position - 1], completed));
            Assert.Equal(BitOperations.TrailingZeroCount(position), completed.Length);
            for (var level = 1; level <= completed.Length; level++)
            {
                var width = 1 << level;
                Assert.Equal(RfcReference.Root(s_leaves.AsSpan(position - width, width)), completed[level - 1]);
                reported++;
            }
        }

        Assert.Equal(Enumerable.Range(1, 8).Sum(level => s_leaves.Length >> level), reported);
    }

    [Fact]
    public void An_append_without_room_for_its_nodes_changes_nothing()
    {
        var frontier = FrontierOf(7);
        var root = frontier.Root();

        var error = Assert.Throws<ArgumentException>(() => frontier.Append(in s_leaves[7], new Hash256[2]));
        Assert.Contains("position 8 completes 3 nodes, but there is room for 2", error.Message, StringComparison.Ordinal);
        Assert.Equal((7, root), (frontier.Count, frontier.Root()));
    }

    [Fact]
    public void A_clone_goes_its_own_way()
    {
        var original = FrontierOf(6);
        var clone = original.Clone();
        clone.Append(in s_leaves[6], new Hash256[3]);
        clone.Append(in s_leaves[7], new Hash256[3]);

        Assert.Equal((6, RfcReference.Root(s_leaves.AsSpan(0, 6))), (original.Count, original.Root()));
        Assert.Equal((8, RfcReference.Root(s_leaves.AsSpan(0, 8))), (clone.Count, clone.Root()));
    }

    [Fact]
    public void A_frontier_that_went_through_bytes_goes_on_as_before()
    {
        var completed = new Hash256[MerkleFrontier.CompletedNodesMax];
        for (var size = 0; size < s_leaves.Length; size++)
        {
            var bytes = FrontierOf(size).ToBytes();
            var read = MerkleFrontier.FromBytes(bytes);
            Assert.Equal(bytes, read.ToBytes());
            Assert.Equal(8 + 32 * BitOperations.PopCount((uint)size), bytes.Length);

            read.Append(in s_leaves[size], completed);
            Assert.Equal(RfcReference.Root(s_leaves.AsSpan(0, size + 1)), read.Root());
        }
    }

    [Fact]
    public void The_bytes_are_a_big_endian_count_and_the_subtrees_from_left_to_right()
    {
        byte[] expected = [0, 0, 0, 0, 0, 0, 0, 3, .. RfcReference.Root(s_leaves.AsSpan(0, 2)).ToByteArray(), .. s_leaves[2].ToByteArray()];

        Assert.Equal(expected, FrontierOf(3).ToBytes());
    }

    [Fact]
    public void A_destination_that_is_too_short_is_refused()
    {
        var frontier = FrontierOf(3);

        Assert.Throws<ArgumentException>(() => frontier.WriteTo(new byte[frontier.ByteLength - 1]));
        Assert.Equal(72, frontier.WriteTo(new byte[100]));
    }

    [Fact]
    public void Every_single_flipped_bit_is_refused_or_shows_in_the_root()
    {
        foreach (var size in (int[])[0, 1, 5, 7, 64, 255])
        {
            var frontier = FrontierOf(size);
            var bytes = frontier.ToBytes();
            for (var bit = 0; bit < 8 * bytes.Length; bit++)
            {
                var damaged = bytes.ToArray();
                damaged[bit / 8] ^= (byte)(1 << (bit % 8));
                if (bit < 64)
                    Assert.Throws<InvalidDataException>(() => MerkleFrontier.FromBytes(damaged));
                else
                    Assert.NotEqual(frontier.Root(), MerkleFrontier.FromBytes(damaged).Root());
            }
        }
    }

    [Fact]
    public void Bytes_of_every_wrong_length_are_refused()
    {
        var bytes = FrontierOf(5).ToBytes();
        for (var length = 0; length < bytes.Length + 70; length++)
        {
            var damaged = bytes.Concat(new byte[70]).Take(length).ToArray();
            if (length == bytes.Length)
                Assert.Equal(5, MerkleFrontier.FromBytes(damaged).Count);
            else
                Assert.Throws<InvalidDataException>(() => MerkleFrontier.FromBytes(damaged));
        }
    }

    [Fact]
    public void A_negative_count_is_refused_by_name()
    {
        var bytes = new byte[8 + 64 * 32];
        BinaryPrimitives.WriteInt64BigEndian(bytes, -1);

        var error = Assert.Throws<InvalidDataException>(() => MerkleFrontier.FromBytes(bytes));
        Assert.Contains("-1", error.Message, StringComparison.Ordinal);
    }

    // Sizes that no test can reach by appending are reached by writing down their frontier, where every leaf is the same.
    [Theory]
    [InlineData(1L << 31)]
    [InlineData(1L << 32)]
    [InlineData(1L << 33)]
    [InlineData(1L << 62)]
    [InlineData(long.MaxValue)]
    public void A_huge_tree_grows_to_a_size_and_over_it(long size)
    {
        var perfect = PerfectRoots();
        var completed = new Hash256[MerkleFrontier.CompletedNodesMax];
        var frontier = FrontierOfSameLeaves(size - 1, perfect);

        var count = frontier.Append(in perfect[0], completed);

        Assert.Equal(MerkleFrontier.CompletedNodeCount(size), count);
        Assert.Equal(perfect[1..(count + 1)], completed[..count]);
        Assert.Equal(FrontierOfSameLeaves(size, perfect).ToBytes(), frontier.ToBytes());
        if (size == long.MaxValue)
        {
            Assert.Throws<InvalidOperationException>(() => frontier.Append(in perfect[0], completed));
            return;
        }

        frontier.Append(in perfect[0], completed);
        Assert.Equal(FrontierOfSameLeaves(size + 1, perfect).Root(), frontier.Root());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void No_leaf_has_a_position_below_one(long position) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => MerkleFrontier.CompletedNodeCount(position));

    /// <summary>The roots of perfect trees of 2^level leaves that are all the same.</summary>
    internal static Hash256[] PerfectRoots()
    {
        var roots = new Hash256[63];
        roots[0] = s_leaves[0];
        for (var level = 1; level < roots.Length; level++)
        {
            roots[level] = RfcReference.Node(roots[level - 1], roots[level - 1]);
        }

        return roots;
    }

    private static MerkleFrontier FrontierOfSameLeaves(long count, Hash256[] perfect)
    {
        var bytes = new List<byte>(new byte[8]);
        BinaryPrimitives.WriteInt64BigEndian(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes), count);
        for (var level = 62; level >= 0; level--)
        {
            if ((count >> level & 1) != 0)
                bytes.AddRange(perfect[level].ToByteArray());
        }

        return MerkleFrontier.FromBytes(bytes.ToArray());
    }

    private static MerkleFrontier FrontierOf(int count)
    {
        var frontier = new MerkleFrontier();
        var completed = new Hash256[MerkleFrontier.CompletedNodesMax];
        foreach (ref readonly var leaf in s_leaves.AsSpan(0, count))
        {
            frontier.Append(in leaf, completed);
        }

        return frontier;
    }
}
