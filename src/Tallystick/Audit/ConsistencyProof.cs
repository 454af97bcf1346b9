using System.Collections.Immutable;
using System.Numerics;

namespace Tallystick.Audit;

/// <summary>
/// A proof that a tree's first leaves are all the leaves of an older one, so that nothing was altered or removed in between: RFC 9162
/// section 2.1.4.
/// </summary>
/// <remarks>
/// Each size must come from where its root comes from (a head), not from the prover; see <see cref="InclusionProof"/>.
/// <see cref="MerkleProofs.ConsistencyAsync"/> builds proofs.
/// </remarks>
/// <param name="Size1">The older tree's number of leaves.</param>
/// <param name="Size2">The newer tree's number of leaves.</param>
/// <param name="Path">
/// The roots of subtrees from which both trees' roots are composed, lowest first. <c>default</c> counts as empty.
/// </param>
public sealed record ConsistencyProof(long Size1, long Size2, ImmutableArray<Hash256> Path)
{
    /// <summary>
    /// Checks the proof by the steps of RFC 9162 section 2.1.4.2. Never throws, and does at most 128 hashes, whatever the proof says.
    /// </summary>
    /// <remarks>
    /// Equal sizes need equal roots and an empty path. A proof from size 0 is refused, even to size 0: the RFC defines none, and accepting
    /// it would vouch for a root that nobody looked at (as transparency-dev/merkle does since its pull request 236).
    /// </remarks>
    /// <param name="root1">The root of the tree of <see cref="Size1"/> leaves, from a source that is trusted.</param>
    /// <param name="root2">The root of the tree of <see cref="Size2"/> leaves.</param>
    /// <returns>Whether the newer tree extends the older one; false as well where the proof is malformed.</returns>
    public bool Verify(in Hash256 root1, in Hash256 root2)
    {
        var path = Path.AsSpan();
        if (Size1 < 1 || Size2 < Size1)
        {
            return false;
        }

        if (Size1 == Size2)
        {
            return path.IsEmpty && root1 == root2;
        }

        if (path.IsEmpty)
        {
            return false;
        }

        // The climb starts at the largest perfect subtree that ends the older tree. Where that is the whole older tree, the verifier has
        // its root already, and the path leaves it out.
        if (BitOperations.IsPow2(Size1))
        {
            return ClimbsTo(in root1, path, in root1, in root2);
        }

        return ClimbsTo(in path[0], path[1..], in root1, in root2);
    }

    private bool ClimbsTo(ref readonly Hash256 seed, ReadOnlySpan<Hash256> path, in Hash256 root1, in Hash256 root2)
    {
        var level = BitOperations.TrailingZeroCount(Size1);
        var index = (Size1 - 1) >> level;
        var last = (Size2 - 1) >> level;
        var hash1 = seed;
        var hash2 = seed;
        foreach (ref readonly var sibling in path)
        {
            if (last == 0)
            {
                return false;
            }

            if ((index & 1) != 0 || index == last)
            {
                // To the left: leaves that both trees have.
                hash1 = MerkleTree.HashNode(in sibling, in hash1);
                hash2 = MerkleTree.HashNode(in sibling, in hash2);
                while ((index & 1) == 0 && index != 0)
                {
                    index >>= 1;
                    last >>= 1;
                }
            }
            else
            {
                // To the right: leaves that only the newer tree has.
                hash2 = MerkleTree.HashNode(in hash2, in sibling);
            }

            index >>= 1;
            last >>= 1;
        }

        return last == 0 && hash1 == root1 && hash2 == root2;
    }

    /// <summary>Whether the other proof says the same, hash by hash.</summary>
    /// <param name="other">The proof to compare with.</param>
    /// <returns>True where all parts are equal.</returns>
    public bool Equals(ConsistencyProof? other) =>
        other is not null && Size1 == other.Size1 && Size2 == other.Size2 && Path.AsSpan().SequenceEqual(other.Path.AsSpan());

    /// <summary>A hash code that agrees with <see cref="Equals(ConsistencyProof?)"/>.</summary>
    /// <returns>The hash code.</returns>
    public override int GetHashCode() => HashCode.Combine(Size1, Size2, Path.AsSpan().Length);
}
