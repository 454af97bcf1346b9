using System.Text.Json;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Events;

/// <summary>Identities and positions as JSON, and as the texts that route parameters are bound from.</summary>
public sealed class ValueTextTests
{
    private sealed record Values(LogPosition Position, StreamVersion Version, StreamId Stream, TenantId Tenant);

    [Fact]
    public void Values_are_plain_numbers_and_texts_in_json()
    {
        var values = new Values(LogPosition.Of(3), StreamVersion.Of(2), new StreamId("order", "a-b"), TenantId.Parse("acme"));

        var json = JsonSerializer.Serialize(values);

        Assert.Equal("""{"Position":3,"Version":2,"Stream":"order-a-b","Tenant":"acme"}""", json);
        Assert.Equal(values, JsonSerializer.Deserialize<Values>(json));
    }

    [Theory]
    [InlineData("""{"Position":-1}""", "A log position")]
    [InlineData("""{"Position":1.5}""", "A log position")]
    [InlineData("""{"Position":"1"}""", "A log position")]
    [InlineData("""{"Version":{"Value":1}}""", "A stream version")]
    [InlineData("""{"Stream":"order"}""", "A stream id")]
    [InlineData("""{"Stream":1}""", "A stream id")]
    [InlineData("""{"Tenant":"No One"}""", "A tenant id")]
    [InlineData("""{"Tenant":null}""", "A tenant id")]
    public void Json_that_is_no_value_is_refused_and_named(string json, string what) =>
        Assert.StartsWith(what, Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Values>(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Positions_and_versions_are_in_the_order_of_their_numbers()
    {
        Assert.Equal([1L, 2L, 10L], new[] { LogPosition.Of(10), LogPosition.Of(1), LogPosition.Of(2) }.Order().Select(position => position.Value));
        Assert.Equal([1L, 2L, 10L], new[] { StreamVersion.Of(10), StreamVersion.Of(1), StreamVersion.Of(2) }.Order().Select(version => version.Value));
    }

    [Fact]
    public void Identities_are_read_by_code_that_knows_only_that_they_can_be()
    {
        Assert.Equal(new StreamId("order", "1"), Read<StreamId>("order-1"));
        Assert.Equal(TenantId.Parse("acme"), Read<TenantId>("acme"));
        Assert.Throws<FormatException>(() => Read<StreamId>("order"));
        Assert.Throws<FormatException>(() => Read<TenantId>("No One"));
    }

    private static T Read<T>(string text)
        where T : ISpanParsable<T>
    {
        var isValid = T.TryParse(text, null, out var value);
        Assert.Equal((isValid, value), (T.TryParse(text.AsSpan(), null, out var fromSpan), fromSpan));
        Assert.Equal(T.Parse(text, null), T.Parse(text.AsSpan(), null));
        return value!;
    }
}
