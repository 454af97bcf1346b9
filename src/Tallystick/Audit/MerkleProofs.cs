using System.Collections.Immutable;
using System.Numerics;

namespace Tallystick.Audit;

/// <summary>
/// Builds roots and proofs for a tree of any size that the log once had, from the perfect subtrees that it keeps.
/// </summary>
/// <remarks>
/// <para>Inclusion proofs are PATH of RFC 9162 section 2.1.3.1, consistency proofs PROOF of section 2.1.4.1 (both unchanged from RFC 6962
/// section 2.1). The RFC recurses; here the same descent is a loop over a range of leaves that halves, whose discarded halves are
/// the proof, bottom up.</para>
/// <para>A left half is always perfect, so it is one read. A right half may be the tree's ragged edge, which is composed of the perfect
/// subtrees in it; once the descent turns left, all that remains is perfect. So a proof costs about log2(n) reads, and
/// never more than twice that.</para>
/// </remarks>
public static class MerkleProofs
{
    /// <summary>The root of the tree of the first <paramref name="treeSize"/> leaves.</summary>
    /// <param name="treeSize">The number of leaves, at most as many as the log has.</param>
    /// <param name="readNode">Reads the perfect subtrees' roots.</param>
    /// <param name="cancellationToken">Handed to <paramref name="readNode"/>.</param>
    /// <returns>The root; <see cref="MerkleTree.EmptyRoot"/> for size 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is negative.</exception>
    public static async ValueTask<Hash256> RootAsync(long treeSize, TreeNodeReader readNode, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(readNode);
        ArgumentOutOfRangeException.ThrowIfNegative(treeSize);
        return treeSize == 0 ? MerkleTree.EmptyRoot : await RangeRootAsync(0, treeSize, readNode, cancellationToken);
    }

    /// <summary>Proves that a leaf is in the tree of the first <paramref name="treeSize"/> leaves.</summary>
    /// <param name="leafIndex">The leaf's index, zero-based: an event's position less one.</param>
    /// <param name="treeSize">The number of leaves, at most as many as the log has. The caller checks that; this method can't know.</param>
    /// <param name="readNode">Reads the perfect subtrees' roots.</param>
    /// <param name="cancellationToken">Handed to <paramref name="readNode"/>.</param>
    /// <returns>The proof, which the leaf's hash and that tree's root verify.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than 1, or the index isn't below it.</exception>
    public static async ValueTask<InclusionProof> InclusionAsync(
        long leafIndex, long treeSize, TreeNodeReader readNode, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(readNode);
        if (treeSize < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(treeSize), treeSize, "No leaf is in a tree of this size; it must be at least 1.");
        }

        if (leafIndex < 0 || leafIndex >= treeSize)
        {
            throw new ArgumentOutOfRangeException(
                nameof(leafIndex), leafIndex, $"A tree of {treeSize} leaves has indexes 0 to {treeSize - 1}.");
        }

        var path = ImmutableArray.CreateBuilder<Hash256>();
        var (start, end) = (0L, treeSize);
        while (end - start > 1)
        {
            var middle = start + MerkleTree.SplitPoint(end - start);
            if (leafIndex < middle)
            {
                path.Add(await RangeRootAsync(middle, end, readNode, cancellationToken));
                end = middle;
            }
            else
            {
                path.Add(await RangeRootAsync(start, middle, readNode, cancellationToken));
                start = middle;
            }
        }

        path.Reverse();
        return new InclusionProof(leafIndex, treeSize, path.DrainToImmutable());
    }

    /// <summary>
    /// Proves that the tree of the first <paramref name="size1"/> leaves is a prefix of that of the first <paramref name="size2"/>.
    /// </summary>
    /// <param name="size1">
    /// The older tree's size, at least 1: the RFC has no proof from an empty tree, since any tree extends that one.
    /// </param>
    /// <param name="size2">
    /// The newer tree's size, at least <paramref name="size1"/>, at most as many as the log has (which the caller checks).
    /// </param>
    /// <param name="readNode">Reads the perfect subtrees' roots.</param>
    /// <param name="cancellationToken">Handed to <paramref name="readNode"/>.</param>
    /// <returns>The proof, which the two trees' roots verify; its path is empty where the sizes are equal.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of its bounds.</exception>
    public static async ValueTask<ConsistencyProof> ConsistencyAsync(
        long size1, long size2, TreeNodeReader readNode, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(readNode);
        if (size1 < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(size1), size1, "There is nothing to prove from a tree of this size; it must be at least 1.");
        }

        if (size2 < size1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(size2), size2, $"The newer tree can't be smaller than the older one of {size1} leaves.");
        }

        var path = ImmutableArray.CreateBuilder<Hash256>();
        var (start, end) = (0L, size2);
        while (end != size1)
        {
            var middle = start + MerkleTree.SplitPoint(end - start);
            if (size1 <= middle)
            {
                path.Add(await RangeRootAsync(middle, end, readNode, cancellationToken));
                end = middle;
            }
            else
            {
                path.Add(await RangeRootAsync(start, middle, readNode, cancellationToken));
                start = middle;
            }
        }

        // Where the descent never turned right, what remains is the whole older tree, whose root the verifier has.
        if (start != 0)
        {
            path.Add(await RangeRootAsync(start, end, readNode, cancellationToken));
        }

        path.Reverse();
        return new ConsistencyProof(size1, size2, path.DrainToImmutable());
    }

    // The root of the leaves [start, end), where start is a multiple of the smallest power of two that isn't below the range's length, so
    // that the perfect subtrees in the range are perfect subtrees of the log. Composed from the right, where they are smallest.
    private static async ValueTask<Hash256> RangeRootAsync(
        long start, long end, TreeNodeReader readNode, CancellationToken cancellationToken)
    {
        var level = BitOperations.TrailingZeroCount(end - start);
        var root = await readNode(level, end, cancellationToken);
        for (var last = end - (1L << level); last != start; last -= 1L << level)
        {
            level = BitOperations.TrailingZeroCount(last - start);
            root = MerkleTree.HashNode(await readNode(level, last, cancellationToken), root);
        }

        return root;
    }
}
