using System.Collections.Immutable;
using System.Security.Cryptography;
using Tallystick.Audit;

namespace Tallystick.Tests.Audit;

/// <summary>
/// RFC 9162 section 2.1 as it defines things, by recursion over all leaves: slow, plain, and sharing no code with what it checks. The two
/// verifications run the definitions of PATH and PROOF backwards, where the library climbs by the RFC's bit-shifting steps.
/// </summary>
internal static class RfcReference
{
    /// <summary>Leaves that are all different: leaf i (zero-based) is the hash of the text "leaf i".</summary>
    public static Hash256[] Leaves(int count) => [.. Enumerable.Range(0, count).Select(i => Hash([0x00, .. "leaf "u8, .. Digits(i)]))];

    public static Hash256 Node(Hash256 left, Hash256 right) => Hash([0x01, .. left.ToByteArray(), .. right.ToByteArray()]);

    /// <summary>MTH(D[n]), section 2.1.1.</summary>
    public static Hash256 Root(ReadOnlySpan<Hash256> leaves)
    {
        if (leaves.Length <= 1)
        {
            return leaves.Length == 0 ? Hash([]) : leaves[0];
        }

        var split = (int)Split(leaves.Length);
        return Node(Root(leaves[..split]), Root(leaves[split..]));
    }

    /// <summary>The root that a path leads to, or null where the path hasn't the length that PATH(m, D[n]) has, section 2.1.3.1.</summary>
    public static Hash256? RootOfPath(long index, long size, Hash256 leaf, ReadOnlySpan<Hash256> path)
    {
        if (size == 1)
        {
            return path.IsEmpty ? leaf : null;
        }

        if (path.IsEmpty)
        {
            return null;
        }

        var split = Split(size);
        return index < split
            ? RootOfPath(index, split, leaf, path[..^1]) is { } left ? Node(left, path[^1]) : null
            : RootOfPath(index - split, size - split, leaf, path[..^1]) is { } right ? Node(path[^1], right) : null;
    }

    /// <summary>Both roots that SUBPROOF(m, D[n], b) leads to, or null where the path hasn't its length, section 2.1.4.1.</summary>
    public static (Hash256 Old, Hash256 New)? RootsOfProof(
        long size1, long size2, bool rootKnown, Hash256 root1, ReadOnlySpan<Hash256> path)
    {
        if (size1 == size2)
        {
            return (rootKnown, path.Length) switch
            {
                (true, 0) => (root1, root1),
                (false, 1) => (path[0], path[0]),
                _ => null,
            };
        }

        if (path.IsEmpty)
        {
            return null;
        }

        var split = Split(size2);
        return size1 <= split
            ? RootsOfProof(size1, split, rootKnown, root1, path[..^1]) is { } left ? (left.Old, Node(left.New, path[^1])) : null
            : RootsOfProof(size1 - split, size2 - split, false, root1, path[..^1]) is { } right
                ? (Node(path[^1], right.Old), Node(path[^1], right.New))
                : null;
    }

    /// <summary>Reads perfect subtrees by hashing all their leaves, and refuses what is no perfect subtree of the log.</summary>
    public static TreeNodeReader ReaderOf(Hash256[] leaves) => (level, endPosition, _) =>
    {
        var width = 1L << level;
        Assert.True(endPosition >= width && endPosition <= leaves.Length && endPosition % width == 0, $"read of {level}, {endPosition}");
        return ValueTask.FromResult(Root(leaves.AsSpan((int)(endPosition - width), (int)width)));
    };

    public static Hash256 WithBitFlipped(this Hash256 hash, int bit)
    {
        var bytes = hash.ToByteArray();
        bytes[bit / 8 % 32] ^= (byte)(1 << (bit % 8));
        return new Hash256(bytes);
    }

    public static ImmutableArray<Hash256> WithBitFlipped(this ImmutableArray<Hash256> path, int element, int bit) =>
        path.SetItem(element, path[element].WithBitFlipped(bit));

    private static long Split(long size)
    {
        var split = 1L;
        while (split < size - split)
        {
            split *= 2;
        }

        return split;
    }

    private static Hash256 Hash(byte[] data) => new(SHA256.HashData(data));

    private static byte[] Digits(int i) => System.Text.Encoding.ASCII.GetBytes($"{i}");
}
