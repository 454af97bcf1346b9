using System.Collections.Immutable;
using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using Tallystick.Audit;

namespace Tallystick.Tests.Audit;

public sealed class MerkleProofsTests
{
    private const int Size = 64;

    private static readonly Hash256[] s_leaves = RfcReference.Leaves(Size);
    private static readonly Hash256[] s_roots = [.. Enumerable.Range(0, Size + 1).Select(n => RfcReference.Root(s_leaves.AsSpan(0, n)))];
    private static readonly TreeNodeReader s_reader = RfcReference.ReaderOf(s_leaves);

    [Fact]
    public async Task Proofs_that_say_the_same_are_equal()
    {
        var proofs = new HashSet<ConsistencyProof>();
        for (var i = 0; i < 2; i++)
        {
            for (var size = 2; size < Size; size++)
                proofs.Add(await MerkleProofs.ConsistencyAsync(size - 1, size, s_reader, TestContext.Current.CancellationToken));
        }

        Assert.Equal(Size - 2, proofs.Count);
    }

    [Fact]
    public async Task Every_leaf_of_every_tree_up_to_64_is_proved_and_no_altered_proof_is()
    {
        for (var size = 1; size <= Size; size++)
        {
            for (var index = 0; index < size; index++)
            {
                var proof = await MerkleProofs.InclusionAsync(index, size, s_reader, TestContext.Current.CancellationToken);
                var (leaf, root) = (s_leaves[index], s_roots[size]);
                Assert.Equal((index, size), (proof.LeafIndex, proof.TreeSize));
                Assert.True(proof.Verify(in leaf, in root), $"{index} in {size}");

                // All bits for small trees, one that wanders for the others.
                foreach (var bit in size <= 9 ? Enumerable.Range(0, 256) : [(index * 37 + size) % 256])
                {
                    Assert.False(proof.Verify(leaf.WithBitFlipped(bit), in root));
                    Assert.False(proof.Verify(in leaf, root.WithBitFlipped(bit)));
                    for (var element = 0; element < proof.Path.Length; element++)
                    {
                        var damaged = proof with { Path = proof.Path.WithBitFlipped(element, bit) };
                        Assert.False(damaged.Verify(in leaf, in root), $"{index} in {size}, element {element}, bit {bit}");
                    }
                }

                // One element too many, and the very roots that climbing on with it would reach.
                var longer = proof with { Path = proof.Path.Add(s_leaves[0]) };
                Assert.False(longer.Verify(in leaf, RfcReference.Node(s_leaves[0], root)), $"{index} in {size}");
                Assert.False(longer.Verify(in leaf, RfcReference.Node(root, s_leaves[0])), $"{index} in {size}");
                foreach (var path in WrongLengths(proof.Path, root))
                    Assert.False((proof with { Path = path }).Verify(in leaf, in root), $"{index} in {size}, {path.Length} elements");
            }
        }
    }

    [Fact]
    public async Task A_leaf_is_not_proved_at_another_index_nor_in_a_tree_of_another_size()
    {
        for (var size = 1; size <= Size; size++)
        {
            for (var index = 0; index < size; index++)
            {
                var proof = await MerkleProofs.InclusionAsync(index, size, s_reader, TestContext.Current.CancellationToken);
                for (var other = -1; other <= Size; other++)
                {
                    if (other != index)
                        Assert.False((proof with { LeafIndex = other }).Verify(in s_leaves[index], in s_roots[size]));
                    if (other >= 0 && other != size)
                        Assert.False((proof with { TreeSize = other }).Verify(in s_leaves[index], in s_roots[other]));
                }
            }
        }
    }

    [Fact]
    public async Task Every_tree_up_to_64_is_proved_to_extend_every_older_one_and_no_altered_proof_is()
    {
        for (var size2 = 1; size2 <= Size; size2++)
        {
            for (var size1 = 1; size1 <= size2; size1++)
            {
                var proof = await MerkleProofs.ConsistencyAsync(size1, size2, s_reader, TestContext.Current.CancellationToken);
                var (root1, root2) = (s_roots[size1], s_roots[size2]);
                Assert.Equal((size1, size2), (proof.Size1, proof.Size2));
                Assert.True(proof.Verify(in root1, in root2), $"{size1} to {size2}");

                foreach (var bit in size2 <= 9 ? Enumerable.Range(0, 256) : [(size1 * 37 + size2) % 256])
                {
                    Assert.False(proof.Verify(root1.WithBitFlipped(bit), in root2));
                    Assert.False(proof.Verify(in root1, root2.WithBitFlipped(bit)));
                    for (var element = 0; element < proof.Path.Length; element++)
                    {
                        var damaged = proof with { Path = proof.Path.WithBitFlipped(element, bit) };
                        Assert.False(damaged.Verify(in root1, in root2), $"{size1} to {size2}, element {element}, bit {bit}");
                    }
                }

                // One element too many, and the very roots that climbing on with it would reach.
                var longer = proof with { Path = proof.Path.Add(s_leaves[0]) };
                Hash256[] reached2 = [RfcReference.Node(s_leaves[0], root2), RfcReference.Node(root2, s_leaves[0])];
                foreach (var reached1 in (Hash256[])[root1, RfcReference.Node(s_leaves[0], root1)])
                    Assert.All(reached2, root => Assert.False(longer.Verify(in reached1, in root), $"{size1} to {size2}"));

                foreach (var path in WrongLengths(proof.Path, root1))
                    Assert.False((proof with { Path = path }).Verify(in root1, in root2), $"{size1} to {size2}, {path.Length} elements");
            }
        }
    }

    [Fact]
    public async Task A_tree_is_not_proved_to_extend_one_of_another_size()
    {
        for (var size2 = 1; size2 <= Size; size2++)
        {
            for (var size1 = 1; size1 <= size2; size1++)
            {
                var proof = await MerkleProofs.ConsistencyAsync(size1, size2, s_reader, TestContext.Current.CancellationToken);
                for (var other = 0; other <= Size; other++)
                {
                    if (other != size1)
                        Assert.False((proof with { Size1 = other }).Verify(in s_roots[other], in s_roots[size2]));

                    // A tree always extends itself, and that proof is empty for every size.
                    if (other != size2 && !(other == size1 && proof.Path.IsEmpty))
                        Assert.False((proof with { Size2 = other }).Verify(in s_roots[size1], in s_roots[other]));
                }
            }
        }
    }

    [Fact]
    public void Inclusion_is_judged_as_the_rfcs_definition_run_backwards_for_every_shape_and_path_length()
    {
        for (var size = 1; size <= Size; size++)
        {
            for (var index = 0; index < size; index++)
            {
                for (var length = 0; length <= 9; length++)
                {
                    ImmutableArray<Hash256> path = [.. s_leaves.Take(length)];
                    var expected = RfcReference.RootOfPath(index, size, s_leaves[63], path.AsSpan());
                    var proof = new InclusionProof(index, size, path);
                    Assert.Equal(expected is not null, proof.Verify(in s_leaves[63], expected ?? AnyRoot(path)));
                    Assert.False(proof.Verify(in s_leaves[63], in s_leaves[62]));
                }
            }
        }
    }

    [Fact]
    public void Consistency_is_judged_as_the_rfcs_definition_run_backwards_for_every_shape_and_path_length()
    {
        for (var size2 = 1; size2 <= Size; size2++)
        {
            for (var size1 = 1; size1 <= size2; size1++)
            {
                for (var length = 0; length <= 9; length++)
                {
                    ImmutableArray<Hash256> path = [.. s_leaves.Take(length)];
                    var known = RfcReference.RootsOfProof(size1, size2, true, s_leaves[63], path.AsSpan());
                    var proof = new ConsistencyProof(size1, size2, path);
                    var (root1, root2) = known ?? (s_leaves[63], AnyRoot(path));
                    Assert.Equal(known is not null, proof.Verify(in root1, in root2));
                    Assert.False(proof.Verify(in s_leaves[62], in root2));
                    Assert.False(proof.Verify(in root1, in s_leaves[62]));
                }
            }
        }
    }

    [Fact]
    public async Task Roots_of_all_older_sizes_are_rebuilt_from_what_appends_reported()
    {
        var reader = ReaderOfBlobs(BlobsOf(s_leaves));
        for (var size = 0; size <= Size; size++)
        {
            Assert.Equal(s_roots[size], await MerkleProofs.RootAsync(size, reader, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task Proofs_are_the_same_from_what_appends_reported_as_from_all_leaves()
    {
        var reader = ReaderOfBlobs(BlobsOf(s_leaves));
        foreach (var (a, b) in (IEnumerable<(long, long)>)[(1, 1), (1, 64), (6, 7), (33, 63), (31, 62), (64, 64)])
        {
            Assert.Equal(
                await MerkleProofs.InclusionAsync(a - 1, b, s_reader, TestContext.Current.CancellationToken),
                await MerkleProofs.InclusionAsync(a - 1, b, reader, TestContext.Current.CancellationToken));
            Assert.Equal(
                await MerkleProofs.ConsistencyAsync(a, b, s_reader, TestContext.Current.CancellationToken),
                await MerkleProofs.ConsistencyAsync(a, b, reader, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public void Proofs_in_trees_of_any_size_verify_and_read_no_more_than_twice_the_trees_height()
    {
        var perfect = MerkleFrontierTests.PerfectRoots();
        var sizes =
            from high in Gen.Choose(0, int.MaxValue)
            from low in Gen.Choose(0, int.MaxValue)
            from shift in Gen.Choose(0, 61)
            select 1 + (((long)high << 31 | (uint)low) >> shift);
        Prop.ForAll(Arb.From(Gen.Zip(sizes, sizes)), pair =>
        {
            var (smaller, larger) = (Math.Min(pair.Item1, pair.Item2), Math.Max(pair.Item1, pair.Item2));
            CheckHuge(smaller, larger, perfect);
            CheckHuge(smaller, long.MaxValue, perfect);
        }).QuickCheckThrowOnFailure();
        CheckHuge(1, long.MaxValue, perfect);
        CheckHuge(long.MaxValue, long.MaxValue, perfect);
    }

    [Theory]
    [InlineData(-1, 4, "leafIndex")]
    [InlineData(4, 4, "leafIndex")]
    [InlineData(0, 0, "treeSize")]
    [InlineData(0, -1, "treeSize")]
    [InlineData(long.MinValue, long.MaxValue, "leafIndex")]
    public async Task An_inclusion_proof_out_of_bounds_is_refused(long index, long size, string parameter)
    {
        var error = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await MerkleProofs.InclusionAsync(index, size, s_reader, TestContext.Current.CancellationToken));
        Assert.Equal(parameter, error.ParamName);
    }

    [Theory]
    [InlineData(0, 4, "size1")]
    [InlineData(0, 0, "size1")]
    [InlineData(-1, 4, "size1")]
    [InlineData(5, 4, "size2")]
    [InlineData(long.MaxValue, long.MinValue, "size2")]
    public async Task A_consistency_proof_out_of_bounds_is_refused(long size1, long size2, string parameter)
    {
        var error = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await MerkleProofs.ConsistencyAsync(size1, size2, s_reader, TestContext.Current.CancellationToken));
        Assert.Equal(parameter, error.ParamName);
    }

    [Fact]
    public void Malformed_proofs_are_false_and_never_throw()
    {
        long[] numbers = [long.MinValue, -1, 0, 1, 2, 3, 63, 64, 1L << 62, long.MaxValue - 1, long.MaxValue];
        ImmutableArray<Hash256>[] paths = [default, [], [s_leaves[0]], [.. Enumerable.Repeat(s_leaves[0], 1000)]];
        var cases = from a in numbers from b in numbers from path in paths select (a, b, path);
        foreach (var (a, b, path) in cases)
        {
            Assert.False(new InclusionProof(a, b, path).Verify(in s_leaves[1], in s_leaves[2]));
            Assert.False(new ConsistencyProof(a, b, path).Verify(in s_leaves[1], in s_leaves[2]));
        }

        Assert.False(new ConsistencyProof(0, 0, []).Verify(MerkleTree.EmptyRoot, MerkleTree.EmptyRoot));
        Assert.False(new ConsistencyProof(0, 1, []).Verify(MerkleTree.EmptyRoot, in s_leaves[0]));
        Assert.False(new ConsistencyProof(-1, -1, []).Verify(in s_leaves[0], in s_leaves[0]));
    }

    [Fact]
    public async Task Proofs_are_equal_where_their_hashes_are()
    {
        var one = await MerkleProofs.InclusionAsync(3, 7, s_reader, TestContext.Current.CancellationToken);
        var two = await MerkleProofs.InclusionAsync(3, 7, s_reader, TestContext.Current.CancellationToken);

        Assert.Equal(one, two);
        Assert.Equal(one.GetHashCode(), two.GetHashCode());
        Assert.NotEqual(one, two with { Path = two.Path.WithBitFlipped(0, 0) });
        Assert.Equal(new ConsistencyProof(1, 1, default), new ConsistencyProof(1, 1, []));
    }

    [Fact]
    public async Task The_readers_failure_and_the_callers_cancellation_come_through()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        TreeNodeReader reader = (_, _, token) => ValueTask.FromCanceled<Hash256>(token);

        await Assert.ThrowsAsync<TaskCanceledException>(async () => await MerkleProofs.InclusionAsync(0, 2, reader, source.Token));
        await Assert.ThrowsAsync<TaskCanceledException>(async () => await MerkleProofs.ConsistencyAsync(1, 2, reader, source.Token));
        await Assert.ThrowsAsync<TaskCanceledException>(async () => await MerkleProofs.RootAsync(2, reader, source.Token));
    }

    private static void CheckHuge(long smaller, long larger, Hash256[] perfect)
    {
        var reads = 0;
        ValueTask<Hash256> Read(int level, long endPosition, CancellationToken cancellationToken)
        {
            reads++;
            Assert.True(endPosition > 0 && endPosition <= larger && endPosition % (1L << level) == 0, $"read of {level}, {endPosition}");
            return ValueTask.FromResult(perfect[level]);
        }

        var token = TestContext.Current.CancellationToken;
        var root1 = MerkleProofs.RootAsync(smaller, Read, token).AsTask().Result;
        var root2 = MerkleProofs.RootAsync(larger, Read, token).AsTask().Result;
        reads = 0;
        var inclusion = MerkleProofs.InclusionAsync(smaller - 1, larger, Read, token).AsTask().Result;
        var consistency = MerkleProofs.ConsistencyAsync(smaller, larger, Read, token).AsTask().Result;
        Assert.InRange(reads, 0, 4 * BitOperations.Log2((ulong)larger) + 2);
        Assert.True(inclusion.Verify(in perfect[0], in root2), $"{smaller} in {larger}");
        Assert.True(consistency.Verify(in root1, in root2), $"{smaller} to {larger}");
        Assert.Equal(root2, RfcReference.RootOfPath(smaller - 1, larger, perfect[0], inclusion.Path.AsSpan()));
    }

    private static Hash256 AnyRoot(ImmutableArray<Hash256> path) => path.IsEmpty ? s_leaves[63] : path[^1];

    private static IEnumerable<ImmutableArray<Hash256>> WrongLengths(ImmutableArray<Hash256> path, Hash256 extra)
    {
        yield return path.Add(extra);
        yield return path.Insert(0, extra);
        if (!path.IsEmpty)
        {
            yield return path.RemoveAt(path.Length - 1);
            yield return path.RemoveAt(0);
            yield return path.Insert(0, path[0]);
            yield return [];
        }
    }

    /// <summary>What a store keeps with each event: the leaf's hash, then the nodes that it completes.</summary>
    private static List<byte[]> BlobsOf(Hash256[] leaves)
    {
        var frontier = new MerkleFrontier();
        var completed = new Hash256[MerkleFrontier.CompletedNodesMax];
        var blobs = new List<byte[]>();
        foreach (var leaf in leaves)
        {
            var count = frontier.Append(in leaf, completed);
            blobs.Add([.. leaf.ToByteArray(), .. completed.Take(count).SelectMany(node => node.ToByteArray())]);
        }

        return blobs;
    }

    private static TreeNodeReader ReaderOfBlobs(List<byte[]> blobs) => (level, endPosition, _) =>
        ValueTask.FromResult(new Hash256(blobs[(int)endPosition - 1].AsSpan(32 * level, 32)));
}
