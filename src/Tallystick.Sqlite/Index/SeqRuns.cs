namespace Tallystick.Sqlite.Index;

/// <summary>
/// An ascending list of row numbers as bytes: pairs of variable-length integers (LEB128), the gap to the next run and the run's length.
/// A log that one tenant has to itself is a single run.
/// </summary>
internal static class SeqRuns
{
    private const int VarintBytesMax = 10;

    /// <summary>Encodes an ascending list.</summary>
    public static byte[] Encode(ReadOnlySpan<long> seqs)
    {
        var buffer = new byte[Math.Max(2, seqs.Length) * 2 * VarintBytesMax];
        var length = 0;
        long end = 0; // One past the run before.
        for (var i = 0; i < seqs.Length;)
        {
            var start = i;
            while (++i < seqs.Length && seqs[i] == seqs[i - 1] + 1)
            {
            }

            length += Write(buffer.AsSpan(length), seqs[start] - end);
            length += Write(buffer.AsSpan(length), i - start);
            end = seqs[i - 1] + 1;
        }

        return buffer[..length];
    }

    /// <summary>Adds the encoded list to another.</summary>
    /// <param name="bytes">What <see cref="Encode"/> made.</param>
    /// <param name="countMax">The most entries that the list can have, so that damaged bytes can't fill the memory.</param>
    /// <param name="into">Takes the entries.</param>
    /// <exception cref="TallystickException">The bytes are damaged.</exception>
    public static void Decode(ReadOnlySpan<byte> bytes, long countMax, List<long> into)
    {
        long next = 0;
        while (!bytes.IsEmpty)
        {
            var gap = Read(ref bytes);
            var count = Read(ref bytes);
            if (count < 1 || count > countMax || gap > long.MaxValue - next - count)
                throw new TallystickException("The stored index is damaged: a run has an impossible length. Restore the file from a backup.");
            countMax -= count;
            next += gap;
            for (var i = 0L; i < count; i++)
                into.Add(next++);
        }
    }

    private static int Write(Span<byte> buffer, long value)
    {
        var length = 0;
        for (; value >= 0x80; value >>= 7)
            buffer[length++] = (byte)((value & 0x7F) | 0x80);
        buffer[length++] = (byte)value;
        return length;
    }

    private static long Read(ref ReadOnlySpan<byte> bytes)
    {
        long value = 0;
        for (var i = 0; i < bytes.Length && i < VarintBytesMax - 1; i++)
        {
            value |= (long)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return value;
            }
        }

        throw new TallystickException("The stored index is damaged: a number doesn't end. Restore the file from a backup.");
    }
}
