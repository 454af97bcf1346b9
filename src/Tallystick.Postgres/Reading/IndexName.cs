using System.Security.Cryptography;
using System.Text;

namespace Tallystick.Postgres.Reading;

/// <summary>
/// An index of a collection as 16 bytes of a SHA-256: with both names in full, an entry with the longest value and key would be too long for
/// a B-tree. A document keeps the names themselves.
/// </summary>
internal static class IndexName
{
    public static Guid HashOf(string collection, string index)
    {
        // Neither name has a NUL character, so two different pairs are two different texts.
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{collection}\0{index}"), hash);
        return new Guid(hash[..16], bigEndian: true);
    }
}
