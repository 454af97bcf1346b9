using System.Collections.Immutable;

namespace Tallystick.Audit;

/// <summary>A proof that a leaf is at an index of a tree, checked by anyone who has the tree's root: RFC 9162 section 2.1.3.</summary>
/// <remarks>
/// The size must come from where the root comes from (a head), not from the prover: some pairs of sizes share a tree's shape around a
/// leaf, and then the path alone doesn't tell them apart. <see cref="MerkleProofs.InclusionAsync"/> builds proofs.
/// </remarks>
/// <param name="LeafIndex">The leaf's index, zero-based: an event's position less one.</param>
/// <param name="TreeSize">The number of leaves in the tree.</param>
/// <param name="Path">
/// The roots of the subtrees beside the way from the leaf to the root, lowest first. <c>default</c> counts as empty.
/// </param>
public sealed record InclusionProof(long LeafIndex, long TreeSize, ImmutableArray<Hash256> Path)
{
    /// <summary>
    /// Checks the proof by the steps of RFC 9162 section 2.1.3.2. Never throws, and does at most 64 hashes, whatever the proof says.
    /// </summary>
    /// <param name="leaf">The hash of the leaf, from <see cref="MerkleTree.HashLeaf"/>.</param>
    /// <param name="root">The root of the tree of <see cref="TreeSize"/> leaves, from a source that is trusted.</param>
    /// <returns>Whether the leaf is there; false as well where the proof is malformed.</returns>
    public bool Verify(in Hash256 leaf, in Hash256 root)
    {
        if (LeafIndex < 0 || LeafIndex >= TreeSize)
        {
            return false;
        }

        // How far the leaf, and the tree's last leaf, are along the level that the climb has reached.
        var index = LeafIndex;
        var last = TreeSize - 1;
        var hash = leaf;
        foreach (ref readonly var sibling in Path.AsSpan())
        {
            if (last == 0)
            {
                return false;
            }

            if ((index & 1) != 0 || index == last)
            {
                hash = MerkleTree.HashNode(in sibling, in hash);

                // On the ragged right edge, levels where the subtree has no sibling pass without a hash.
                while ((index & 1) == 0 && index != 0)
                {
                    index >>= 1;
                    last >>= 1;
                }
            }
            else
            {
                hash = MerkleTree.HashNode(in hash, in sibling);
            }

            index >>= 1;
            last >>= 1;
        }

        return last == 0 && hash == root;
    }

    /// <summary>Whether the other proof says the same, hash by hash.</summary>
    /// <param name="other">The proof to compare with.</param>
    /// <returns>True where all parts are equal.</returns>
    public bool Equals(InclusionProof? other) =>
        other is not null
        && LeafIndex == other.LeafIndex
        && TreeSize == other.TreeSize
        && Path.AsSpan().SequenceEqual(other.Path.AsSpan());

    /// <summary>A hash code that agrees with <see cref="Equals(InclusionProof?)"/>.</summary>
    /// <returns>The hash code.</returns>
    public override int GetHashCode() => HashCode.Combine(LeafIndex, TreeSize, Path.AsSpan().Length);
}
