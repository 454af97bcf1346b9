using System.Numerics;
using System.Security.Cryptography;

namespace Tallystick.Audit;

/// <summary>
/// The hashes that a Merkle tree over a log is made of: RFC 6962 section 2.1 (the same in RFC 9162 section 2.1.1), with SHA-256.
/// </summary>
/// <remarks>
/// <para>The tree of n leaves splits at k, the largest power of two smaller than n: the first k leaves are its left subtree, the rest its
/// right one. So a subtree whose size is a power of two never changes once it is full, and a log keeps only such perfect subtrees.</para>
/// <para>Leaves and nodes are hashed with different prefixes: otherwise a node could be passed off as a leaf whose data are two hashes
/// (a second preimage).</para>
/// </remarks>
public static class MerkleTree
{
    /// <summary>Leaf data up to this many bytes are hashed through the stack; longer ones cost an incremental hash object.</summary>
    private const int LeafStackBytesMax = 1024;

    private const byte LeafPrefix = 0x00;
    private const byte NodePrefix = 0x01;

    /// <summary>The root of a tree without leaves: the SHA-256 of no bytes.</summary>
    public static Hash256 EmptyRoot { get; } = Sha256([]);

    /// <summary>The hash of a leaf: SHA-256(0x00 || data).</summary>
    /// <param name="data">The leaf's data, of any length. Up to 1,024 bytes nothing is allocated.</param>
    /// <returns>The leaf's hash, which is also the root of a tree that has only this leaf.</returns>
    public static Hash256 HashLeaf(ReadOnlySpan<byte> data)
    {
        if (data.Length > LeafStackBytesMax)
        {
            return HashLongLeaf(data);
        }

        Span<byte> prefixed = stackalloc byte[1 + data.Length];
        prefixed[0] = LeafPrefix;
        data.CopyTo(prefixed[1..]);
        return Sha256(prefixed);
    }

    /// <summary>The hash of an interior node: SHA-256(0x01 || left || right). Allocates nothing.</summary>
    /// <param name="left">The root of the left subtree.</param>
    /// <param name="right">The root of the right subtree.</param>
    /// <returns>The node's hash.</returns>
    public static Hash256 HashNode(in Hash256 left, in Hash256 right)
    {
        Span<byte> prefixed = stackalloc byte[1 + 2 * Hash256.ByteLength];
        prefixed[0] = NodePrefix;
        left.CopyTo(prefixed[1..]);
        right.CopyTo(prefixed[(1 + Hash256.ByteLength)..]);
        return Sha256(prefixed);
    }

    /// <summary>Where a tree of <paramref name="size"/> leaves splits: the largest power of two smaller than it.</summary>
    /// <param name="size">At least 2.</param>
    /// <returns>The number of leaves in the left subtree.</returns>
    internal static long SplitPoint(long size) => 1L << BitOperations.Log2((ulong)(size - 1));

    // Fed in two parts rather than copied behind its prefix into a rented array: long data may be larger than any array.
    private static Hash256 HashLongLeaf(ReadOnlySpan<byte> data)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha256.AppendData([LeafPrefix]);
        sha256.AppendData(data);
        Span<byte> hash = stackalloc byte[Hash256.ByteLength];
        sha256.GetHashAndReset(hash);
        return new Hash256(hash);
    }

    private static Hash256 Sha256(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Hash256.ByteLength];
        SHA256.HashData(data, hash);
        return new Hash256(hash);
    }
}
