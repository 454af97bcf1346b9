using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Tenancy;

/// <summary>What may name a tenant or a stream, and what may not.</summary>
public sealed class NamesTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("0")]
    [InlineData("acme")]
    [InlineData("acme-2")]
    [InlineData("a--b")]
    [InlineData("123456789012345678901234567890123456789012345678901234567890123")]
    public void A_tenant_is_named_by_a_dns_label(string text)
    {
        var id = TenantId.Parse(text);
        Assert.Equal(text, id.Value);
        Assert.Equal(text, id.ToString());
        Assert.False(id.IsDefault);
        Assert.True(TenantId.TryParse(text, out var again));
        Assert.Equal(id, again);
        Assert.Equal(id, ParseSpan<TenantId>(text));
        Assert.Equal(id, TenantId.FromStored(text));
        Assert.Equal(id.GetHashCode(), again.GetHashCode());
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("Acme")]
    [InlineData("ACME")]
    [InlineData("-acme")]
    [InlineData("acme-")]
    [InlineData("-")]
    [InlineData("acme corp")]
    [InlineData("acme.corp")]
    [InlineData("acme_corp")]
    [InlineData("acme\n")]
    [InlineData("acme\0")]
    [InlineData("../acme")]
    [InlineData("acme/x")]
    [InlineData("acme'--")]
    [InlineData("tenant\u0661")] // An Arabic digit, which char.IsDigit accepts.
    [InlineData("\uff41cme")] // A full-width a.
    [InlineData("\u0430cme")] // A Cyrillic a.
    [InlineData("straße")]
    [InlineData("%61cme")]
    [InlineData("*")]
    [InlineData("$platform")]
    [InlineData("platform$")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234")]
    public void No_other_text_names_a_tenant(string text)
    {
        Assert.False(TenantId.TryParse(text, out var id));
        Assert.True(id.IsDefault);
        Assert.Contains("no tenant id", Assert.Throws<FormatException>(() => TenantId.Parse(text)).Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => ParseSpan<TenantId>(text));
        if (text != "$platform")
            Assert.Throws<FormatException>(() => TenantId.FromStored(text));
    }

    [Fact]
    public void A_text_that_is_far_too_long_is_refused_by_a_short_message() =>
        Assert.InRange(Assert.Throws<FormatException>(() => TenantId.Parse(new string('a', 1_000_000))).Message.Length, 1, 300);

    [Fact]
    public void Nothing_is_no_tenant()
    {
        Assert.Throws<ArgumentNullException>(() => TenantId.Parse(null!));
        Assert.False(TenantId.TryParse(null, out _));
        Assert.True(default(TenantId).IsDefault);
        Assert.Equal("", default(TenantId).ToString());
        Assert.Throws<InvalidOperationException>(() => default(TenantId).Value);
        Assert.NotEqual(default, TenantId.Platform);
        Assert.Throws<ArgumentException>(() => Commit.For(default));
    }

    [Fact]
    public void The_platform_is_named_by_what_a_store_has_written_alone()
    {
        Assert.Equal(TenantId.Platform, TenantId.FromStored(TenantId.Platform.Value));
        Assert.False(TenantId.TryParse(TenantId.Platform.Value, out _));
    }

    [Theory]
    [InlineData("order-42", "order", "42")]
    [InlineData("order--", "order", "-")]
    [InlineData("order-a-b", "order", "a-b")]
    [InlineData("a.b_c.9-x", "a.b_c.9", "x")]
    [InlineData("order-Ünïcode/?#[]", "order", "Ünïcode/?#[]")]
    [InlineData("order-\U0001F600", "order", "\U0001F600")]
    public void A_stream_is_named_by_category_and_key(string text, string category, string key)
    {
        var id = StreamId.Parse(text);
        Assert.Equal((category, key), (id.Category, id.Key));
        Assert.Equal(id, new StreamId(category, key));
        Assert.Equal(id, ParseSpan<StreamId>(text));
        Assert.Equal(text, id.ToString());
        Assert.Equal(text.Length, id.Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("order")]
    [InlineData("-42")]
    [InlineData("order-")]
    [InlineData("Order-42")]
    [InlineData("or der-42")]
    [InlineData("order-4 2")]
    [InlineData("order-4\u00a02")]
    [InlineData("order-42\n")]
    [InlineData("order-\0")]
    [InlineData("order-\u0085")]
    [InlineData("\u00f6rder-1")]
    [InlineData("a2345678901234567890123456789012345678901234567890123456789012345-1")]
    public void No_other_text_names_a_stream(string text)
    {
        Assert.False(StreamId.TryParse(text, out var id));
        Assert.True(id.IsDefault);
        Assert.Throws<FormatException>(() => StreamId.Parse(text));
        Assert.Throws<FormatException>(() => ParseSpan<StreamId>(text));
        var hyphen = text.IndexOf('-', StringComparison.Ordinal);
        if (hyphen >= 0)
            Assert.Throws<ArgumentException>(() => new StreamId(text[..hyphen], text[(hyphen + 1)..]));
    }

    [Theory]
    [InlineData(0xD83D, 'x')]
    [InlineData(0xDE00, 0xD83D)]
    [InlineData('x', 0xD83D)]
    public void Half_a_surrogate_pair_is_no_key(int first, int second) =>
        Assert.Throws<ArgumentException>(() => new StreamId("order", $"{(char)first}{(char)second}"));

    [Fact]
    public void Nothing_is_no_stream()
    {
        Assert.True(default(StreamId).IsDefault);
        Assert.Equal(("", 0), (default(StreamId).ToString(), default(StreamId).Length));
        Assert.Throws<InvalidOperationException>(() => default(StreamId).Category);
        Assert.Throws<InvalidOperationException>(() => default(StreamId).Key);
        Assert.Throws<ArgumentException>(() => new StreamId(null!, "1"));
        Assert.Throws<ArgumentException>(() => new StreamId("order", null!));
        Assert.Throws<ArgumentNullException>(() => StreamId.Parse(null!));
    }

    private static T ParseSpan<T>(string text)
        where T : ISpanParsable<T> => T.Parse(text.AsSpan(), null);
}
