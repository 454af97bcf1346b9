using System.Security.Cryptography;

namespace Tallystick.Events;

/// <summary>Where random bytes come from. A seam: a simulation injects a seeded one, so that a run can be repeated.</summary>
public abstract class Entropy
{
    /// <summary>The operating system's cryptographic generator.</summary>
    public static Entropy System { get; } = new SystemEntropy();

    /// <summary>Fills a buffer with random bytes.</summary>
    public abstract void Fill(Span<byte> buffer);

    /// <summary>A number in [0, 1), for jitter and sampling.</summary>
    public double NextDouble()
    {
        Span<byte> bytes = stackalloc byte[8];
        Fill(bytes);
        return (BitConverter.ToUInt64(bytes) >> 11) * (1.0 / (1UL << 53));
    }

    private sealed class SystemEntropy : Entropy
    {
        // One call to the generator costs about as much for 4 KiB as for 16 bytes, so each thread draws a block at a time.
        private const int BlockBytes = 4096;

        [ThreadStatic]
        private static byte[]? _block;

        [ThreadStatic]
        private static int _remaining;

        public override void Fill(Span<byte> buffer)
        {
            if (buffer.Length > BlockBytes)
            {
                RandomNumberGenerator.Fill(buffer);
                return;
            }

            if (_block is null || _remaining < buffer.Length)
            {
                RandomNumberGenerator.Fill(_block ??= new byte[BlockBytes]);
                _remaining = BlockBytes;
            }

            var taken = _block.AsSpan(BlockBytes - _remaining, buffer.Length);
            taken.CopyTo(buffer);
            taken.Clear();
            _remaining -= buffer.Length;
        }
    }
}
