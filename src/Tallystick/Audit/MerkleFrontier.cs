using System.Buffers.Binary;
using System.Numerics;

namespace Tallystick.Audit;

/// <summary>
/// All that a log must remember to go on hashing: the roots of the perfect subtrees that make up a tree of <see cref="Count"/> leaves.
/// </summary>
/// <remarks>
/// <para>A tree of n leaves is a row of perfect subtrees, one for each bit that is set in n, the largest leftmost. A new leaf is one more
/// subtree of size 1; as long as the rightmost two are of one size, they merge, exactly like carrying in binary addition. That is
/// one node per leaf on average, beside the leaf's own hash. (The tree is RFC 6962's, section 2.1; transparency-dev/merkle calls this
/// structure a compact range.)</para>
/// <para>Every node that a leaf completes ends at that leaf. So a store that keeps, with the event at position p, the leaf's hash and the
/// nodes that <see cref="Append"/> reports, has every perfect subtree of the tree, each at a place that can be computed: the root
/// of the subtree of 2^level leaves that ends at position p is hash number <c>level</c> in the blob of p.</para>
/// <para>Not safe for concurrent use: it belongs to the log's one writer.</para>
/// </remarks>
public sealed class MerkleFrontier
{
    /// <summary>The most nodes that one leaf can complete: the leaf at position 2^62 completes 62.</summary>
    public const int CompletedNodesMax = 62;

    private const int CountBytes = sizeof(long);

    // Enough for 2^32 leaves. A larger tree grows the array once; a smaller array for all would save little beside a tenant's other state.
    private const int LevelsUsual = 32;
    private const int LevelsMax = CompletedNodesMax + 1;

    // _roots[level] is the root of the perfect subtree of 2^level leaves where bit `level` of Count is set; elsewhere it is stale.
    private Hash256[] _roots;

    /// <summary>The frontier of a tree without leaves.</summary>
    public MerkleFrontier()
        : this(new Hash256[LevelsUsual], 0)
    {
    }

    private MerkleFrontier(Hash256[] roots, long count)
    {
        _roots = roots;
        Count = count;
    }

    /// <summary>The number of leaves in the tree: the position of the last one, 0 at first.</summary>
    public long Count { get; private set; }

    /// <summary>The length in bytes of what <see cref="WriteTo"/> writes.</summary>
    public int ByteLength => BytesFor(Count);

    /// <summary>
    /// The number of interior nodes that the leaf at a position completes, which is how many <see cref="Append"/> reports for it.
    /// </summary>
    /// <param name="position">The leaf's position; the first is 1.</param>
    /// <returns>The number of times that 2 divides the position, 0 to <see cref="CompletedNodesMax"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is less than 1.</exception>
    public static int CompletedNodeCount(long position)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(position, 1);
        return BitOperations.TrailingZeroCount(position);
    }

    /// <summary>Adds a leaf at position <see cref="Count"/> + 1. Allocates nothing, except once at 2^32 leaves.</summary>
    /// <param name="leaf">The leaf's hash, from <see cref="MerkleTree.HashLeaf"/>.</param>
    /// <param name="completedNodes">
    /// Receives the interior nodes that this leaf completes, from level 1 upward: element i is the root of the perfect subtree of 2^(i+1)
    /// leaves that ends here. <see cref="CompletedNodesMax"/> elements always suffice; <see cref="CompletedNodeCount"/> tells exactly.
    /// </param>
    /// <returns>The number of nodes written.</returns>
    /// <exception cref="ArgumentException">The span is too short for this leaf's nodes; the frontier is unchanged.</exception>
    /// <exception cref="InvalidOperationException">The tree has <see cref="long.MaxValue"/> leaves.</exception>
    public int Append(in Hash256 leaf, Span<Hash256> completedNodes)
    {
        if (Count == long.MaxValue)
        {
            throw new InvalidOperationException($"The tree has {Count} leaves, the most that it can have.");
        }

        var position = Count + 1;
        var completed = BitOperations.TrailingZeroCount(position);
        if (completedNodes.Length < completed)
        {
            throw new ArgumentException(
                $"The leaf at position {position} completes {completed} nodes, but there is room for {completedNodes.Length}; "
                + $"give a span of {nameof(CompletedNodesMax)} ({CompletedNodesMax}) elements.",
                nameof(completedNodes));
        }

        if (completed >= _roots.Length)
        {
            Array.Resize(ref _roots, LevelsMax);
        }

        var root = leaf;
        for (var level = 0; level < completed; level++)
        {
            root = MerkleTree.HashNode(in _roots[level], in root);
            completedNodes[level] = root;
        }

        _roots[completed] = root;
        Count = position;
        return completed;
    }

    /// <summary>
    /// The tree's root: RFC 6962's Merkle Tree Hash of all leaves so far. Costs one hash fewer than <see cref="Count"/> has bits set.
    /// </summary>
    /// <returns>The root, or <see cref="MerkleTree.EmptyRoot"/> where there is no leaf.</returns>
    public Hash256 Root()
    {
        if (Count == 0)
        {
            return MerkleTree.EmptyRoot;
        }

        var smallest = BitOperations.TrailingZeroCount(Count);
        var root = _roots[smallest];
        for (var left = Count & (Count - 1); left != 0; left &= left - 1)
        {
            root = MerkleTree.HashNode(in _roots[BitOperations.TrailingZeroCount(left)], in root);
        }

        return root;
    }

    /// <summary>A copy that goes its own way: for a writer that may have to give up what it appended.</summary>
    /// <returns>An equal frontier that shares nothing with this one.</returns>
    public MerkleFrontier Clone() => new([.. _roots], Count);

    /// <summary>
    /// Writes the frontier: <see cref="Count"/> as 8 bytes, big-endian, then the subtrees' roots, largest (leftmost) first.
    /// </summary>
    /// <param name="destination">At least <see cref="ByteLength"/> bytes.</param>
    /// <returns>The number of bytes written: <see cref="ByteLength"/>.</returns>
    /// <exception cref="ArgumentException">The destination is shorter.</exception>
    public int WriteTo(Span<byte> destination)
    {
        var length = ByteLength;
        if (destination.Length < length)
        {
            throw new ArgumentException(
                $"The frontier of {Count} leaves needs {length} bytes, but the destination has {destination.Length}.", nameof(destination));
        }

        BinaryPrimitives.WriteInt64BigEndian(destination, Count);
        var end = length;
        for (var left = Count; left != 0; left &= left - 1)
        {
            end -= Hash256.ByteLength;
            _roots[BitOperations.TrailingZeroCount(left)].CopyTo(destination[end..]);
        }

        return length;
    }

    /// <summary>The frontier as <see cref="WriteTo"/> writes it, in a new array.</summary>
    /// <returns>What <see cref="FromBytes"/> reads.</returns>
    public byte[] ToBytes()
    {
        var bytes = new byte[ByteLength];
        WriteTo(bytes);
        return bytes;
    }

    /// <summary>Reads a frontier that <see cref="WriteTo"/> wrote, refusing anything else.</summary>
    /// <remarks>
    /// A hash that was altered can't be seen here, since any 32 bytes may be a hash: compare <see cref="Root"/> with the root that was
    /// saved beside it.
    /// </remarks>
    /// <param name="bytes">The frontier's bytes, no more and no less.</param>
    /// <returns>The frontier.</returns>
    /// <exception cref="InvalidDataException">The count is negative or missing, or there aren't exactly its hashes.</exception>
    public static MerkleFrontier FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < CountBytes)
        {
            throw new InvalidDataException(
                $"A Merkle frontier starts with a count of {CountBytes} bytes, but there are only {bytes.Length}: it is cut off.");
        }

        var count = BinaryPrimitives.ReadInt64BigEndian(bytes);
        if (count < 0)
        {
            throw new InvalidDataException($"A Merkle frontier's count can't be {count}: it is damaged.");
        }

        if (bytes.Length != BytesFor(count))
        {
            throw new InvalidDataException(
                $"A Merkle frontier of {count} leaves is {BytesFor(count)} bytes, but there are {bytes.Length}: it is damaged.");
        }

        var roots = new Hash256[BitOperations.Log2((ulong)count) < LevelsUsual ? LevelsUsual : LevelsMax];
        var end = bytes.Length;
        for (var left = count; left != 0; left &= left - 1)
        {
            end -= Hash256.ByteLength;
            roots[BitOperations.TrailingZeroCount(left)] = new Hash256(bytes.Slice(end, Hash256.ByteLength));
        }

        return new MerkleFrontier(roots, count);
    }

    private static int BytesFor(long count) => CountBytes + BitOperations.PopCount((ulong)count) * Hash256.ByteLength;
}
