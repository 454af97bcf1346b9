using Tallystick.Audit;

namespace Tallystick.Tests.Audit;

public sealed class Hash256Tests
{
    private const string Hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    private static readonly byte[] s_bytes = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void Bytes_go_in_and_come_out_in_order()
    {
        var hash = new Hash256(s_bytes);
        var destination = new byte[33];
        hash.CopyTo(destination.AsSpan(1));

        Assert.Equal(s_bytes, hash.ToByteArray());
        Assert.Equal(s_bytes, destination[1..]);
        Assert.Equal(Hex, hash.ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(64)]
    public void Another_length_than_32_bytes_is_refused(int length)
    {
        var error = Assert.Throws<ArgumentException>(() => new Hash256(new byte[length]));
        Assert.Contains($"{length} were given", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_short_destination_is_refused_and_left_alone()
    {
        var destination = new byte[31];

        Assert.False(new Hash256(s_bytes).TryWriteBytes(destination));
        Assert.Throws<ArgumentException>(() => new Hash256(s_bytes).CopyTo(destination));
        Assert.All(destination, b => Assert.Equal(0, b));
    }

    [Fact]
    public void Hex_is_read_in_either_case()
    {
        Assert.Equal(new Hash256(s_bytes), Hash256.Parse(Hex));
        Assert.Equal(new Hash256(s_bytes), Hash256.Parse(Hex.ToUpperInvariant()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1")]
    [InlineData("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00")]
    [InlineData("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g")]
    [InlineData("0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")]
    [InlineData(" 00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")]
    public void Text_that_is_no_hash_is_refused(string text)
    {
        Assert.False(Hash256.TryParse(text, out var hash));
        Assert.Equal(default, hash);
        Assert.Throws<FormatException>(() => Hash256.Parse(text));
    }

    [Fact]
    public void Hashes_are_equal_only_where_all_256_bits_are()
    {
        var hash = new Hash256(s_bytes);

        Assert.True(hash == new Hash256(s_bytes));
        Assert.Equal(hash.GetHashCode(), new Hash256(s_bytes).GetHashCode());
        Assert.All(Enumerable.Range(0, 256), bit => Assert.NotEqual(hash, hash.WithBitFlipped(bit)));
    }

    [Fact]
    public void Default_is_all_zeros() => Assert.Equal(new string('0', 64), default(Hash256).ToString());
}
