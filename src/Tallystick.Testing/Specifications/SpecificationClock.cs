using System.Buffers.Binary;
using System.Security.Cryptography;
using Tallystick.Events;

namespace Tallystick.Testing.Specifications;

/// <summary>The time of a specification: it stands still until it is set. Waits with a deadline still end by the system's timers.</summary>
internal sealed class SpecificationClock : TimeProvider
{
    private DateTimeOffset _now = Start;

    /// <summary>The time at which a specification begins, unless it says otherwise.</summary>
    public static DateTimeOffset Start { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public DateTimeOffset Now
    {
        get => _now;
        set => _now = value.ToUniversalTime();
    }

    public override DateTimeOffset GetUtcNow() => _now;
}

/// <summary>Bytes that look random and are the same in each run: the hashes of 0, 1, 2 …</summary>
internal sealed class SpecificationEntropy : Entropy
{
    private readonly Lock _lock = new();
    private long _count;

    public override void Fill(Span<byte> buffer)
    {
        Span<byte> number = stackalloc byte[8];
        Span<byte> hash = stackalloc byte[32];
        while (!buffer.IsEmpty)
        {
            lock (_lock)
                BinaryPrimitives.WriteInt64BigEndian(number, _count++);
            SHA256.HashData(number, hash);
            var length = Math.Min(buffer.Length, hash.Length);
            hash[..length].CopyTo(buffer);
            buffer = buffer[length..];
        }
    }
}
