using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tallystick.Functional;

/// <summary>
/// Writes and reads <see cref="Result{T, TError}"/> as <c>{"value": ...}</c> or <c>{"error": ...}</c>. <see cref="Result{T, TError}"/>
/// names it in an attribute, so no options are needed. With a source-generated context, list the value's and the error's type too,
/// unless they are simple values such as numbers and strings: the generator doesn't look through converters.
/// </summary>
public sealed class ResultJsonConverterFactory : JsonConverterFactory
{
    /// <summary>Whether <paramref name="typeToConvert"/> is a <see cref="Result{T, TError}"/>.</summary>
    public override bool CanConvert(Type typeToConvert)
        => typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(Result<,>);

    /// <summary>Makes the converter for one <see cref="Result{T, TError}"/>.</summary>
    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options)
        => (JsonConverter)Activator.CreateInstance(
            typeof(ResultJsonConverter<,>).MakeGenericType(typeToConvert.GetGenericArguments()))!;
}

[SuppressMessage("Performance", "CA1812", Justification = "Made by ResultJsonConverterFactory through reflection.")]
internal sealed class ResultJsonConverter<T, TError> : JsonConverter<Result<T, TError>>
    where T : notnull
    where TError : notnull
{
    private const string ValueName = "value";
    private const string ErrorName = "error";

    private static readonly string Expected =
        $"""{TypeNames.Of(typeof(Result<T, TError>))} is an object with one property, "value" or "error",""";

    private readonly JsonPayload<T> _value = new($"{Expected} where \"value\" is");
    private readonly JsonPayload<TError> _error = new($"{Expected} where \"error\" is");

    public override Result<T, TError> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException($"{Expected} but it is a {reader.TokenType}.");

        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
            throw new JsonException($"{Expected} but it has none.");

        var name = reader.GetString();
        reader.Read();
        var result = name switch
        {
            ValueName => Result<T, TError>.Success(_value.Read(ref reader, options)),
            ErrorName => Result<T, TError>.Failure(_error.Read(ref reader, options)),
            _ => throw new JsonException($"{Expected} but it has \"{name}\"."),
        };

        reader.Read();
        return reader.TokenType == JsonTokenType.EndObject
            ? result
            : throw new JsonException($"{Expected} but after \"{name}\" it has \"{reader.GetString()}\".");
    }

    public override void Write(Utf8JsonWriter writer, Result<T, TError> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        if (value.TryGet(out var success, out var error))
        {
            writer.WritePropertyName(ValueName);
            _value.Write(writer, success, options);
        }
        else
        {
            writer.WritePropertyName(ErrorName);
            _error.Write(writer, error, options);
        }

        writer.WriteEndObject();
    }
}
