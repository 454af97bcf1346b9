using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Tallystick.Functional;

namespace Tallystick.Tests.Functional;

public sealed record Money(decimal Amount, string Currency);

public sealed record Invoice(
    string Number,
    Maybe<int> Discount,
    Maybe<string> Note,
    Maybe<Money> Paid,
    Result<int, string> Check,
    Result<Money, Money> Balance,
    ImmutableArray<Maybe<int>> Parts);

[JsonSerializable(typeof(Invoice))]
[JsonSerializable(typeof(Money))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
public sealed partial class InvoiceJson : JsonSerializerContext;

// Holds a Maybe<Money> but doesn't list Money.
[JsonSerializable(typeof(Maybe<Money>))]
public sealed partial class ForgetfulJson : JsonSerializerContext;

public sealed class JsonTests
{
    private static readonly Invoice Full = new(
        "A-1", Maybe.Some(0), Maybe.Some(""), Maybe.Some(new Money(3.50m, "EUR")),
        Result.Success<int, string>(1), Result.Failure<Money, Money>(new Money(1m, "USD")), [Maybe.Some(1), Maybe<int>.None]);

    private static readonly Invoice Bare = new(
        "A-2", Maybe<int>.None, Maybe<string>.None, Maybe<Money>.None,
        Result.Failure<int, string>("bad"), Result.Success<Money, Money>(new Money(2m, "EUR")), []);

    [Fact]
    public void Nested_values_survive_a_round_trip_without_options()
    {
        AssertSame(Full, JsonSerializer.Deserialize<Invoice>(JsonSerializer.Serialize(Full)));
        AssertSame(Bare, JsonSerializer.Deserialize<Invoice>(JsonSerializer.Serialize(Bare)));
    }

    [Fact]
    public void Nested_values_survive_a_round_trip_with_a_source_generated_context()
    {
        var metadata = InvoiceJson.Default.Invoice;
        var json = JsonSerializer.Serialize(Full, metadata);

        AssertSame(Full, JsonSerializer.Deserialize(json, metadata));
        AssertSame(Bare, JsonSerializer.Deserialize(JsonSerializer.Serialize(Bare, metadata), metadata));
        Assert.Contains("""{"amount":3.50,"currency":"EUR"}""", json, StringComparison.Ordinal);
    }

    [Fact]
    public void Metadata_comes_from_the_resolver_of_the_options()
    {
        var asked = new List<Type>();
        var options = new JsonSerializerOptions
        {
            TypeInfoResolver = InvoiceJson.Default.WithAddedModifier(info => asked.Add(info.Type)),
            RespectNullableAnnotations = true,
        };

        AssertSame(Full, JsonSerializer.Deserialize<Invoice>(JsonSerializer.Serialize(Full, options), options));
        Assert.Contains(typeof(Money), asked);
    }

    [Fact]
    public void A_value_type_that_the_context_forgets_is_named()
    {
        var error = Assert.Throws<NotSupportedException>(
            () => JsonSerializer.Serialize(Maybe.Some(new Money(1m, "EUR")), ForgetfulJson.Default.MaybeMoney));

        Assert.Contains(nameof(Money), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_apply_to_the_value_inside()
    {
        Assert.Equal(Maybe.Some(5), JsonSerializer.Deserialize<Maybe<int>>("\"5\"", JsonSerializerOptions.Web));
        Assert.Equal("""{"value":{"amount":1,"currency":"EUR"}}""",
            JsonSerializer.Serialize(Result.Success<Money, string>(new Money(1m, "EUR")), JsonSerializerOptions.Web));
    }

    [Fact]
    public void The_written_form_is_the_documented_one()
    {
        Assert.Equal("4", JsonSerializer.Serialize(Maybe.Some(4)));
        Assert.Equal("null", JsonSerializer.Serialize(Maybe.None<int>()));
        Assert.Equal("""{"value":4}""", JsonSerializer.Serialize(Result.Success<int, string>(4)));
        Assert.Equal("""{"error":"bad"}""", JsonSerializer.Serialize(Result.Failure<int, string>("bad")));
        Assert.Equal("""{"value":null}""", JsonSerializer.Serialize(Result.Success<Maybe<int>, string>(Maybe<int>.None)));
    }

    [Fact]
    public void Absent_and_null_properties_are_none()
    {
        var absent = JsonSerializer.Deserialize<Invoice>("""{"Number":"A-3","Parts":[]}""")!;
        var none = JsonSerializer.Deserialize<Invoice>("""{"Number":"A-3","Discount":null,"Note":null,"Paid":null,"Parts":[null]}""")!;

        Assert.True(absent.Discount.IsNone && absent.Note.IsNone && absent.Paid.IsNone);
        Assert.True(none.Discount.IsNone && none.Note.IsNone && none.Paid.IsNone && none.Parts[0].IsNone);
        Assert.Null(absent.Check);
    }

    [Fact]
    public void An_absent_or_null_result_is_refused_when_options_respect_nullable_annotations()
    {
        var options = new JsonSerializerOptions { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Checked>("""{"Check":null}""", options));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Checked>("{}", options));
    }

    [Fact]
    public void A_maybe_of_a_maybe_is_refused_because_none_would_be_ambiguous()
    {
        var error = Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(Maybe.Some(Maybe.Some(1))));

        Assert.Contains("Maybe<Maybe<Int32>>", error.Message, StringComparison.Ordinal);
        Assert.Contains("Flatten", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4", "object with one property")]
    [InlineData("[]", "object with one property")]
    [InlineData("{}", "but it has none")]
    [InlineData("""{"Value":4}""", "but it has \"Value\"")]
    [InlineData("""{"value":4,"error":"bad"}""", "but after \"value\" it has \"error\"")]
    [InlineData("""{"value":4,"value":5}""", "but after \"value\" it has \"value\"")]
    [InlineData("""{"value":"four"}""", "a JSON value of type Int32")]
    [InlineData("""{"value":null}""", "a JSON value of type Int32")]
    [InlineData("""{"error":null}""", "a JSON value of type String, but it is null")]
    public void A_malformed_result_is_refused_with_what_was_expected(string json, string expected)
    {
        var error = Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Result<int, string>>(json));

        Assert.Contains("Result<Int32, String> is an object with one property, \"value\" or \"error\"", error.Message,
            StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_malformed_maybe_is_refused_with_what_was_expected_and_where()
    {
        var error = Assert.Throws<JsonException>(
            () => JsonSerializer.Deserialize<Invoice>("""{"Number":"A-1","Discount":"much"}"""));

        Assert.Contains("Maybe<Int32> is null or a JSON value of type Int32", error.Message, StringComparison.Ordinal);
        Assert.Equal("$.Discount", error.Path);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"value" """)]
    [InlineData("""{"value":4""")]
    [InlineData("""{"value":{"Amount":1""")]
    public void Truncated_json_is_a_json_exception(string json)
        => Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize<Result<Money, string>>(json));

    private static void AssertSame(Invoice expected, Invoice? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.Parts, actual.Parts);
        Assert.Equal(expected, actual with { Parts = expected.Parts });
    }

    private sealed record Checked(Result<int, string> Check);
}
