using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sample;

/// <summary>
/// Amounts of money in JSON: numbers with exactly two decimals, 12.50 and not 12.5. Amounts are decimals from the first byte to the last; a
/// binary fraction never comes near them.
/// </summary>
public sealed class MoneyConverter : JsonConverter<decimal>
{
    private const int LengthMax = 28;

    public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.Number)
            throw new JsonException("This must be a number.");
        // A number with more digits than a decimal holds, or one that is nearly nothing, would be rounded silently before it could be checked.
        if (reader.ValueSpan.Length > LengthMax || !reader.TryGetDecimal(out var amount) || (amount == 0 && !IsZero(reader.ValueSpan)))
            throw new JsonException("This number is out of range.");
        var cents = decimal.Round(amount, 2);
        return cents == amount ? WithTwoDecimals(cents) : throw new JsonException("This must have at most two decimals.");
    }

    public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(WithTwoDecimals(value));

    private static bool IsZero(ReadOnlySpan<byte> number)
    {
        var exponent = number.IndexOfAny((byte)'e', (byte)'E');
        return !(exponent < 0 ? number : number[..exponent]).ContainsAnyInRange((byte)'1', (byte)'9');
    }

    /// <summary>Adding 0.00 brings a scale of less than two up to two.</summary>
    private static decimal WithTwoDecimals(decimal amount) => decimal.Round(amount, 2) + 0.00m;
}
