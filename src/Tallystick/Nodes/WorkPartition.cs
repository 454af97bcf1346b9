using System.Text;
using Tallystick.Tenancy;

namespace Tallystick.Nodes;

/// <summary>
/// Which part of a database's work a tenant's projection or subscription belongs to. All processes, of all versions, must agree on it, so
/// it never changes: FNV-1a in 64 bits over the UTF-8 of <c>tenant/name</c>, its halves folded by XOR, modulo the number of partitions
/// (Fowler, Noll, Vo and Eastlake: The FNV Non-Cryptographic Hash Algorithm, RFC 9923, sections 2 and 3).
/// </summary>
internal static class WorkPartition
{
    private const ulong OffsetBasis = 14695981039346656037, Prime = 1099511628211;

    /// <summary>The partition, from 0.</summary>
    public static int Of(TenantId tenant, string name, int partitions)
    {
        var hash = Add(Add(Add(OffsetBasis, tenant.Value), "/"), name);
        return (int)(unchecked((uint)(hash ^ (hash >> 32))) % (uint)partitions);
    }

    private static ulong Add(ulong hash, string text)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            foreach (var one in utf8[..rune.EncodeToUtf8(utf8)])
                hash = unchecked((hash ^ one) * Prime);
        }

        return hash;
    }
}
