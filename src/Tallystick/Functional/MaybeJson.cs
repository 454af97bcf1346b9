using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tallystick.Functional;

/// <summary>
/// Writes and reads <see cref="Maybe{T}"/>: some as the value itself, none as <c>null</c>. <see cref="Maybe{T}"/> names it in an
/// attribute, so no options are needed. With a source-generated context, list the value's type too
/// (<c>[JsonSerializable(typeof(Money))]</c> for a <c>Maybe&lt;Money&gt;</c>): the generator doesn't look through converters. Simple
/// values, such as numbers and strings, need no listing. A value that is itself written as <c>null</c> is read back as none.
/// </summary>
public sealed class MaybeJsonConverterFactory : JsonConverterFactory
{
    /// <summary>Whether <paramref name="typeToConvert"/> is a <see cref="Maybe{T}"/>.</summary>
    public override bool CanConvert(Type typeToConvert)
        => typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(Maybe<>);

    /// <summary>Makes the converter for one <see cref="Maybe{T}"/>.</summary>
    /// <exception cref="NotSupportedException">It is a Maybe of a Maybe, whose two kinds of none would both be <c>null</c>.</exception>
    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options)
    {
        var valueType = typeToConvert.GetGenericArguments()[0];
        if (CanConvert(valueType))
        {
            throw new NotSupportedException(
                $"{TypeNames.Of(typeToConvert)} can't be JSON: none and some of none would both be null. Flatten it with Bind first.");
        }

        return (JsonConverter)Activator.CreateInstance(typeof(MaybeJsonConverter<>).MakeGenericType(valueType))!;
    }
}

[SuppressMessage("Performance", "CA1812", Justification = "Made by MaybeJsonConverterFactory through reflection.")]
internal sealed class MaybeJsonConverter<T> : JsonConverter<Maybe<T>>
    where T : notnull
{
    private readonly JsonPayload<T> _value = new($"{TypeNames.Of(typeof(Maybe<T>))} is null or");

    public override bool HandleNull => true;

    public override Maybe<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => reader.TokenType == JsonTokenType.Null ? Maybe<T>.None : Maybe<T>.Some(_value.Read(ref reader, options));

    public override void Write(Utf8JsonWriter writer, Maybe<T> value, JsonSerializerOptions options)
    {
        if (value.TryGet(out var some))
            _value.Write(writer, some, options);
        else
            writer.WriteNullValue();
    }
}
