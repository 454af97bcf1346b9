using System.Runtime.InteropServices;

namespace Tallystick.Audit;

/// <summary>A SHA-256 hash, 32 bytes held by value, so that paths and frontiers are flat memory without an object for each hash.</summary>
/// <remarks>
/// <c>default</c> is 32 zero bytes. It is a value like any other to this type; no input is known whose SHA-256 it is, so it never equals
/// the root of a real tree. Comparison isn't constant-time: these hashes are public, never secrets.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct Hash256
{
    /// <summary>Length of the hash in bytes: 32.</summary>
    public const int ByteLength = 32;

    // Four words in memory order: equality is four comparisons, and the struct's memory is the hash's bytes on every machine.
    private readonly ulong _word0;
    private readonly ulong _word1;
    private readonly ulong _word2;
    private readonly ulong _word3;

    /// <summary>Takes the hash from its 32 bytes.</summary>
    /// <param name="bytes">Exactly <see cref="ByteLength"/> bytes.</param>
    /// <exception cref="ArgumentException">Another number of bytes was given.</exception>
    public Hash256(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != ByteLength)
        {
            throw new ArgumentException($"A SHA-256 hash is {ByteLength} bytes, but {bytes.Length} were given.", nameof(bytes));
        }

        this = MemoryMarshal.Read<Hash256>(bytes);
    }

    /// <summary>The hash's bytes in place, valid as long as <paramref name="hash"/> is.</summary>
    /// <param name="hash">The hash to look into.</param>
    /// <returns>32 bytes, without a copy.</returns>
    internal static ReadOnlySpan<byte> BytesOf(ref readonly Hash256 hash) => MemoryMarshal.AsBytes(new ReadOnlySpan<Hash256>(in hash));

    /// <summary>Copies the 32 bytes to the start of <paramref name="destination"/>.</summary>
    /// <param name="destination">At least <see cref="ByteLength"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination is shorter.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (!TryWriteBytes(destination))
        {
            throw new ArgumentException(
                $"A SHA-256 hash needs {ByteLength} bytes, but the destination has {destination.Length}.", nameof(destination));
        }
    }

    /// <summary>Copies the 32 bytes to the start of <paramref name="destination"/> where they fit.</summary>
    /// <param name="destination">Where to write.</param>
    /// <returns>False, with nothing written, where the destination is shorter than <see cref="ByteLength"/>.</returns>
    public bool TryWriteBytes(Span<byte> destination) => MemoryMarshal.TryWrite(destination, in this);

    /// <summary>The 32 bytes in a new array.</summary>
    /// <returns>A new array of <see cref="ByteLength"/> bytes.</returns>
    public byte[] ToByteArray() => BytesOf(in this).ToArray();

    /// <summary>Reads a hash from 64 hexadecimal digits, in either case.</summary>
    /// <param name="hex">The digits, without prefix or spaces.</param>
    /// <returns>The hash.</returns>
    /// <exception cref="FormatException">The text is anything else.</exception>
    public static Hash256 Parse(ReadOnlySpan<char> hex) =>
        TryParse(hex, out var hash)
            ? hash
            : throw new FormatException($"A SHA-256 hash is {2 * ByteLength} hexadecimal digits; a text of {hex.Length} characters isn't.");

    /// <summary>Reads a hash from 64 hexadecimal digits, in either case.</summary>
    /// <param name="hex">The digits, without prefix or spaces.</param>
    /// <param name="hash">The hash, or <c>default</c> where the text is none.</param>
    /// <returns>Whether the text was a hash.</returns>
    public static bool TryParse(ReadOnlySpan<char> hex, out Hash256 hash)
    {
        Span<byte> bytes = stackalloc byte[ByteLength];
        var isHash = hex.Length == 2 * ByteLength
            && Convert.FromHexString(hex, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
        hash = isHash ? new Hash256(bytes) : default;
        return isHash;
    }

    /// <summary>The hash as 64 lower-case hexadecimal digits.</summary>
    /// <returns>What <see cref="Parse"/> reads.</returns>
    public override string ToString() => Convert.ToHexStringLower(BytesOf(in this));
}
