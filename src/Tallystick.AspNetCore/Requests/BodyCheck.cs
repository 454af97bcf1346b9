using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using Tallystick.Commands;

namespace Tallystick.AspNetCore.Requests;

// The serializer stops at the first thing that it can't read, and the caller would learn of one error at a time. So the JSON is walked
// beside the type it is meant for, and each value is tried alone. What doesn't fit is noted and replaced by a harmless value, so that
// the command can be made and asked for its own errors too; those about a replaced value are left out.

/// <summary>Finds everything that is wrong with a JSON body: its shape, and what the command says of itself (<see cref="IValidated"/>).</summary>
internal sealed class BodyCheck
{
    private readonly JsonSerializerOptions _options;
    private readonly int _errorsMax;
    private readonly List<ValidationFailure> _errors = [];

    private BodyCheck(JsonSerializerOptions options, int errorsMax) => (_options, _errorsMax) = (options, errorsMax);

    /// <summary>All errors, at most so many; none if the body can be used.</summary>
    public static ImmutableArray<ValidationFailure> Check(ReadOnlySpan<byte> body, Type type, JsonSerializerOptions options, int errorsMax)
    {
        if (!Utf8.IsValid(body))
            return [new ValidationFailure("body", "This is no text in UTF-8.")];
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(body, null, new JsonDocumentOptions { MaxDepth = options.MaxDepth, AllowDuplicateProperties = false });
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return [new ValidationFailure("body", "This is no valid JSON" + (error is JsonException { LineNumber: { } line } at
                ? $": see line {line + 1}, byte {at.BytePositionInLine + 1}." : ", or a member is there twice."))];
        }

        try
        {
            var check = new BodyCheck(options, errorsMax);
            var mended = check.Mend(root, type, "", isNullable: false);
            check.AskCommand(mended, type);
            return [.. check._errors.Take(errorsMax)];
        }
        catch (InvalidOperationException error) when (IsJsons(error))
        {
            return [new ValidationFailure("body", "A member's name is no valid text: it has half of a pair of surrogates.")];
        }
    }

    /// <summary>Notes what is wrong with a value, and gives one that can be read.</summary>
    private JsonNode? Mend(JsonNode? node, Type type, string path, bool isNullable)
    {
        if (node is null && (isNullable || Nullable.GetUnderlyingType(type) is not null))
            return null;
        if (node is null)
            return Note(path, "This is required.", Substitute(type));
        if (_errors.Count >= _errorsMax)
            return node;
        var info = _options.GetTypeInfo(type);
        return info.Kind switch
        {
            JsonTypeInfoKind.Object => node is JsonObject fields
                ? MendFields(fields, info, path)
                : Note(path, "This must be an object.", Substitute(type)),
            JsonTypeInfoKind.Enumerable when info.ElementType is { } element =>
                node is JsonArray items ? MendItems(items, element, path) : Note(path, "This must be a list.", Substitute(type)),
            _ => MendValue(node, type, path),
        };
    }

    private JsonObject MendFields(JsonObject fields, JsonTypeInfo info, string path)
    {
        var comparison = _options.PropertyNameCaseInsensitive ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        foreach (var property in info.Properties.Where(property => property.AssociatedParameter is not null || property.Set is not null))
        {
            var names = fields.Where(field => string.Equals(field.Key, property.Name, comparison)).Select(field => field.Key).Take(2).ToArray();
            if (names.Length > 1)
            {
                fields.Remove(names[1]);
                Note(Join(path, property.Name), "This is there twice.", null);
            }

            var name = names.FirstOrDefault();
            var isNullable = property.AssociatedParameter?.IsNullable ?? property.IsSetNullable;
            if (name is null && !property.IsRequired)
                continue;
            var value = name is null ? null : fields[name];
            var mended = name is null && isNullable
                ? Note(Join(path, property.Name), "This is required.", null)
                : Mend(value, property.PropertyType, Join(path, property.Name), isNullable);
            if (!ReferenceEquals(mended, value) || name is null)
                fields[name ?? property.Name] = mended;
        }

        return fields;
    }

    private JsonArray MendItems(JsonArray items, Type element, string path)
    {
        for (var i = 0; i < items.Count; i++)
        {
            var value = items[i];
            var mended = Mend(value, element, $"{path}[{i}]", isNullable: false);
            if (!ReferenceEquals(mended, value))
                items[i] = mended;
        }

        return items;
    }

    private JsonNode? MendValue(JsonNode node, Type type, string path)
    {
        try
        {
            node.Deserialize(type, _options);
            return node;
        }
        catch (InvalidOperationException error) when (IsJsons(error))
        {
            return Note(path, "This is no valid text: it has half of a pair of surrogates.", Substitute(type));
        }
        catch (JsonException error)
        {
            // A converter's own words are kept; the serializer's name CLR types, which mean nothing to the caller.
            var isSerializers = error.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal);
            return Note(path, isSerializers ? $"This must be {Describe(type)}." : error.Message, Substitute(type));
        }
    }

    private void AskCommand(JsonNode? mended, Type type)
    {
        if (!type.IsAssignableTo(typeof(IValidated)))
            return;
        var bad = _errors.Select(error => error.Field).ToArray();
        try
        {
            if (mended.Deserialize(type, _options) is IValidated command)
                _errors.AddRange(command.Validate().Where(failure => !Array.Exists(bad, path => IsWithin(failure.Field, path))).Take(_errorsMax));
        }
        catch (JsonException)
        {
            // It couldn't be mended; its own errors come when the shape is right.
            if (bad.Length == 0)
                _errors.Add(new ValidationFailure("body", "This can't be read as it stands."));
        }
    }

    private JsonNode? Note(string path, string message, JsonNode? substitute)
    {
        _errors.Add(new ValidationFailure(path.Length == 0 ? "body" : path, message));
        return substitute;
    }

    /// <summary>A value of a type that can be read and hides no error.</summary>
    private JsonNode? Substitute(Type type)
    {
        var info = _options.GetTypeInfo(type);
        if (info.Kind == JsonTypeInfoKind.Enumerable)
            return new JsonArray();
        if (info.Kind == JsonTypeInfoKind.Object)
        {
            var required = info.Properties.Where(property => property.IsRequired);
            return new JsonObject(required.Select(property => KeyValuePair.Create(property.Name, Substitute(property.PropertyType))));
        }

        if (type == typeof(string))
            return JsonValue.Create("");
        return type.IsValueType ? JsonSerializer.SerializeToNode(Activator.CreateInstance(type), type, _options) : null;
    }

    private static bool IsWithin(string field, string path) =>
        path == "body" || (field.StartsWith(path, StringComparison.Ordinal) && (field.Length == path.Length || field[path.Length] is '.' or '['));

    /// <summary>The reader's way to say that an escaped text can't be decoded; it isn't a <see cref="JsonException"/> where a node is read.</summary>
    private static bool IsJsons(InvalidOperationException error) =>
        error.Source is { } source && source.StartsWith("System.Text.Json", StringComparison.Ordinal);

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string Describe(Type type)
    {
        var actual = Nullable.GetUnderlyingType(type) ?? type;
        if (actual.IsEnum)
            return "one of " + string.Join(", ", Enum.GetNames(actual).Select(JsonNamingPolicy.CamelCase.ConvertName));
        return Type.GetTypeCode(actual) switch
        {
            TypeCode.String => "a text",
            TypeCode.Boolean => "true or false",
            TypeCode.Decimal or TypeCode.Double or TypeCode.Single => "a number",
            TypeCode.DateTime => "a time in ISO 8601",
            >= TypeCode.SByte and <= TypeCode.UInt64 => "a whole number in range",
            _ when actual == typeof(DateTimeOffset) || actual == typeof(DateOnly) => "a time in ISO 8601",
            _ when actual == typeof(Guid) => "a UUID",
            _ => "another kind of value",
        };
    }
}
