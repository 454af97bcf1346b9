using System.Buffers;
using System.Security.Cryptography;
using Tallystick.Audit;
using Tallystick.Events;

namespace Tallystick.Storage;

/// <summary>
/// A commit that has passed every check that needs no store, with its payloads salted and hashed. Stores make it on the caller's
/// thread, so that the writer only hashes small headers (DESIGN section 7).
/// </summary>
public sealed class PreparedCommit
{
    /// <summary>The bytes of salt that are hashed before each payload.</summary>
    public const int SaltBytes = 16;

    private readonly byte[] _salts;
    private readonly Hash256[] _payloadHashes;

    private PreparedCommit(Commit commit, int eventCount, long bytes)
    {
        (Commit, EventCount, Bytes) = (commit, eventCount, bytes);
        _salts = eventCount == 0 ? [] : GC.AllocateUninitializedArray<byte>(eventCount * SaltBytes);
        _payloadHashes = eventCount == 0 ? [] : new Hash256[eventCount];
    }

    /// <summary>The commit.</summary>
    public Commit Commit { get; }

    /// <summary>How many events it appends.</summary>
    public int EventCount { get; }

    /// <summary>The bytes of all payloads and bodies that it holds.</summary>
    public long Bytes { get; }

    /// <summary>The salt of the commit's n-th event, counted from 0 over all its appends.</summary>
    public ReadOnlyMemory<byte> Salt(int index) => _salts.AsMemory(index * SaltBytes, SaltBytes);

    /// <summary>The payload hash of the commit's n-th event, counted from 0 over all its appends.</summary>
    public Hash256 PayloadHash(int index) => _payloadHashes[index];

    /// <summary>Checks a commit against the limits, then draws the salts and hashes the payloads.</summary>
    /// <exception cref="LimitExceededException">A limit is exceeded; nothing was written.</exception>
    /// <exception cref="ArgumentException">The commit is malformed; the message says how.</exception>
    public static PreparedCommit Prepare(Commit commit, StoreLimits limits, Entropy entropy)
    {
        ArgumentNullException.ThrowIfNull(commit);
        var (events, bytes) = CommitChecks.Check(commit, limits);
        var prepared = new PreparedCommit(commit, events, bytes);
        entropy.Fill(prepared._salts);
        var index = 0;
        foreach (var append in commit.Appends)
        {
            foreach (var e in append.Events)
            {
                prepared._payloadHashes[index] = HashPayload(prepared.Salt(index).Span, e.Payload.Span);
                index++;
            }
        }

        return prepared;
    }

    /// <summary>SHA-256 of the salt and the payload.</summary>
    public static Hash256 HashPayload(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> payload)
    {
        const int StackBytesMax = 2048;
        var length = salt.Length + payload.Length;
        var rented = length > StackBytesMax ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> input = rented ?? stackalloc byte[StackBytesMax];
        salt.CopyTo(input);
        payload.CopyTo(input[salt.Length..]);
        Span<byte> hash = stackalloc byte[Hash256.ByteLength];
        SHA256.HashData(input[..length], hash);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented, clearArray: true);
        return new Hash256(hash);
    }
}
