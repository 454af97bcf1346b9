using System.Text.Json;
using System.Text.Json.Serialization;
using Tallystick.Tenancy;

namespace Tallystick.Events;

// Positions, versions and identities are numbers and texts in JSON. Without these, System.Text.Json would write an object and read back
// the default, in silence.

internal sealed class LogPositionJsonConverter : JsonConverter<LogPosition>
{
    public override LogPosition Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        LogPosition.Of(CountJson.Read(ref reader, "A log position"));

    public override void Write(Utf8JsonWriter writer, LogPosition value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}

internal sealed class StreamVersionJsonConverter : JsonConverter<StreamVersion>
{
    public override StreamVersion Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        StreamVersion.Of(CountJson.Read(ref reader, "A stream version"));

    public override void Write(Utf8JsonWriter writer, StreamVersion value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}

internal sealed class StreamIdJsonConverter : JsonConverter<StreamId>
{
    public override StreamId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        StreamId.TryParse(reader.TokenType == JsonTokenType.String ? reader.GetString() : null, out var id)
            ? id : throw new JsonException("A stream id is a text such as \"order-42\".");

    public override void Write(Utf8JsonWriter writer, StreamId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

internal sealed class TenantIdJsonConverter : JsonConverter<TenantId>
{
    public override TenantId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TenantId.TryParse(reader.TokenType == JsonTokenType.String ? reader.GetString() : null, out var id)
            ? id : throw new JsonException("A tenant id is a text of 1 to 63 lower-case letters, digits and hyphens.");

    public override void Write(Utf8JsonWriter writer, TenantId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

internal static class CountJson
{
    public static long Read(ref Utf8JsonReader reader, string what) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) && value >= 0
            ? value : throw new JsonException($"{what} is a whole number, 0 or more.");
}
