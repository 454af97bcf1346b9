using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Tallystick.Functional;

/// <summary>The value inside a Maybe or a Result, read and written with the metadata that the caller's options have for it.</summary>
/// <param name="subject">The beginning of a sentence that goes on "a JSON value of type T".</param>
internal sealed class JsonPayload<T>(string subject)
    where T : notnull
{
    private readonly string _expected = $"{subject} a JSON value of type {TypeNames.Of(typeof(T))}";

    // Of the options last used; a converter rarely sees others. A race only looks it up twice.
    private JsonTypeInfo<T>? _metadata;

    public T Read(ref Utf8JsonReader reader, JsonSerializerOptions options)
    {
        T? value;
        try
        {
            value = JsonSerializer.Deserialize(ref reader, MetadataOf(options));
        }
        catch (JsonException inner)
        {
            // A new exception, so that the serializer outside sets its Path to the member in the whole document.
            throw new JsonException($"{_expected}, but: {inner.Message}", inner);
        }

        return value is null ? throw new JsonException($"{_expected}, but it is null.") : value;
    }

    public void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        => JsonSerializer.Serialize(writer, value, MetadataOf(options));

    private JsonTypeInfo<T> MetadataOf(JsonSerializerOptions options)
    {
        var metadata = _metadata;
        if (metadata is null || metadata.Options != options)
            _metadata = metadata = (JsonTypeInfo<T>)Find(options);
        return metadata;
    }

    private static JsonTypeInfo Find(JsonSerializerOptions options)
    {
        // A source-generated context knows the int of a Maybe<int> only if it is used elsewhere. Simple values are the same in
        // all contexts, so for them its silence is made good; for others GetTypeInfo throws and names the type to be listed.
        if (!options.TryGetTypeInfo(typeof(T), out var metadata) && ImmutabilityRules.IsImmutableValue(typeof(T)))
            return new DefaultJsonTypeInfoResolver().GetTypeInfo(typeof(T), options);
        return metadata ?? options.GetTypeInfo(typeof(T));
    }
}
