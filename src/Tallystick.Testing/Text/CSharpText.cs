using System.Collections;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using Tallystick.Functional;

namespace Tallystick.Testing.Text;

/// <summary>
/// Writes a value as a C# expression that makes an equal value, to be read in a message and pasted into a test. It covers what events, commands
/// and states are made of: records (nested and generic too), enums, strings, numbers, times, ids, collections and nulls. Namespaces are left
/// to <c>using</c>.
/// </summary>
/// <remarks>A value with no public way to make it is written as a comment that says so, in the place of an expression.</remarks>
public static class CSharpText
{
    /// <summary>Beyond this many characters an expression is broken into lines.</summary>
    public const int LineLengthMax = 120;

    /// <summary>Beyond this depth of nesting nothing is written, so that a value that contains itself has an end.</summary>
    public const int DepthMax = 40;

    /// <summary>The expression, to be written where any type fits.</summary>
    public static string Of(object? value) => Of(value, typeof(object));

    /// <summary>The expression.</summary>
    /// <param name="value">The value.</param>
    /// <param name="target">The type of the parameter or variable that it is written for; a collection is then written as <c>[…]</c> alone.</param>
    public static string Of(object? value, Type target) => Write(value, target, 0);

    /// <summary>The expressions of several values, one a line, each indented.</summary>
    /// <param name="values">The values.</param>
    /// <param name="target">The type of the parameter that they are written for.</param>
    /// <param name="indent">Spaces before each line.</param>
    public static string Lines(IEnumerable values, Type target, int indent)
    {
        ArgumentNullException.ThrowIfNull(values);
        var margin = new string(' ', indent);
        return string.Join(",\n", values.Cast<object?>().Select(value => Indented(Of(value, target), margin)));
    }

    /// <summary>The expression in one line of at most some characters, for a message; the middle is left out if it is longer.</summary>
    /// <param name="value">The value.</param>
    /// <param name="target">The type of the place that it is written for.</param>
    /// <param name="length">The most characters.</param>
    public static string Brief(object? value, Type target, int length = LineLengthMax)
    {
        var line = string.Join(' ', Of(value, target).Split('\n').Select(part => part.Trim()))
            .Replace("( ", "(", StringComparison.Ordinal).Replace("[ ", "[", StringComparison.Ordinal);
        return line.Length <= length ? line : $"{line[..(length * 2 / 3)]} … {line[^(length / 3)..]}";
    }

    /// <summary>A type's name as it is written in C#, where its namespace is imported.</summary>
    public static string TypeName(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return CSharpTypeNames.Of(type);
    }

    internal static string Indented(string text, string margin) => margin + text.Replace("\n", $"\n{margin}", StringComparison.Ordinal);

    /// <summary>Whether values of this type are written, and compared, as a whole.</summary>
    internal static bool IsAtom(object value) => CSharpLiterals.Of(value, typeof(object)) is not null;

    private static string Write(object? value, Type target, int depth)
    {
        target = Nullable.GetUnderlyingType(target) ?? target;
        if (value is null)
            return "null";
        if (depth > DepthMax)
            return "/* nested too deeply */ null";
        var type = value.GetType();
        if (CSharpLiterals.Of(value, target) is { } literal)
            return literal;
        if (value is ITuple tuple && CSharpTypeNames.IsTuple(type))
            return Call("(", [.. type.GetGenericArguments().Select((argument, i) => Write(tuple[i], argument, depth + 1))], ")");
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Maybe<>))
            return WriteMaybe(value, type, depth);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Result<,>))
            return WriteResult(value, type, depth);
        if (ValueShape.KeyAndValueOf(type) is { } pair)
            return WriteDictionary((IEnumerable)value, type, pair, depth);
        return ValueShape.ElementOf(type) is { } element ? WriteSequence(value, type, element, target, depth) : WriteObject(value, type, depth);
    }

    private static string WriteMaybe(object value, Type type, int depth)
    {
        var held = type.GetGenericArguments()[0];
        return TryGet(value, 1) is (true, var some)
            ? Call($"Maybe<{TypeName(held)}>.Some(", [Write(some, held, depth + 1)], ")")
            : $"Maybe<{TypeName(held)}>.None";
    }

    private static string WriteResult(object value, Type type, int depth)
    {
        var (isSuccess, held) = TryGet(value, 2);
        var (way, index) = isSuccess ? ("Success", 0) : ("Failure", 1);
        return Call($"{TypeName(type)}.{way}(", [Write(held, type.GetGenericArguments()[index], depth + 1)], ")");
    }

    /// <summary>Calls <c>TryGet</c> of a <c>Maybe</c> or a <c>Result</c>: whether there is a value, and the value or the error.</summary>
    internal static (bool Success, object? Held) TryGet(object value, int outs)
    {
        var found = new object?[outs];
        var method = value.GetType().GetMethods().Single(one => one.Name == "TryGet" && one.GetParameters().Length == outs);
        var success = (bool)method.Invoke(value, found)!;
        return (success, success ? found[0] : found[^1]);
    }

    private static string WriteDictionary(IEnumerable value, Type type, Type[] pair, int depth)
    {
        var entries = new List<string>();
        foreach (var (key, item) in Entries(value))
            entries.Add($"[{Write(key, pair[0], depth + 1)}] = {Write(item, pair[1], depth + 1)}");
        var name = type.IsVisible && type.GetConstructor([]) is not null ? TypeName(type) : $"Dictionary<{TypeName(pair[0])}, {TypeName(pair[1])}>";
        return (entries.Count == 0 ? $"new {name}()" : Call($"new {name} {{ ", entries, " }")) + ConversionOf(type);
    }

    private static string ConversionOf(Type type)
    {
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableDictionary<,>))
            return ".ToImmutableDictionary()";
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableSortedDictionary<,>))
            return ".ToImmutableSortedDictionary()";
        for (var one = type; one is not null; one = one.BaseType)
        {
            if (one.IsGenericType && one.GetGenericTypeDefinition() == typeof(FrozenDictionary<,>))
                return ".ToFrozenDictionary()";
        }

        return "";
    }

    /// <summary>The entries of a dictionary, whatever interface it is seen through.</summary>
    internal static IEnumerable<(object Key, object? Value)> Entries(IEnumerable dictionary)
    {
        foreach (var entry in dictionary)
        {
            var type = entry.GetType();
            yield return (type.GetProperty("Key")!.GetValue(entry)!, type.GetProperty("Value")!.GetValue(entry));
        }
    }

    private static string WriteSequence(object value, Type type, Type element, Type target, int depth)
    {
        // The default of an ImmutableArray has no elements to ask for.
        if (type.GetProperty("IsDefault")?.GetValue(value) is true)
            return target == type ? "default" : $"default({TypeName(type)})";
        var items = new List<string>();
        foreach (var item in (IEnumerable)value)
            items.Add(Write(item, element, depth + 1));
        var isTyped = target != typeof(object) && ValueShape.ElementOf(target) == element;
        if (isTyped)
            return Call("[", items, "]");
        return type.IsVisible && !type.Name.StartsWith('<')
            ? Call($"({TypeName(type)})[", items, "]")
            : Call($"new {TypeName(element)}[] {{ ", items, " }");
    }

    private static string WriteObject(object value, Type type, int depth)
    {
        var shape = ValueShape.Of(type);
        if (ValueShape.IsAnonymous(type))
            return Call("new { ", [.. shape.Members.Select(member => Assignment(member, value, depth))], " }");
        // A struct's default may have been made by no constructor, and have properties that can't be asked for.
        if (type.IsValueType && (shape.HidesState || shape.Constructor is null) && value.Equals(Activator.CreateInstance(type)))
            return $"default({TypeName(type)})";
        if (shape.Constructor is null)
            return WriteUnmakable(value, type);
        var parameters = shape.Constructor.GetParameters();
        var arguments = shape.Arguments.Select((member, i) => Write(member.Of(value), parameters[i].ParameterType, depth + 1)).ToList();
        while (arguments.Count > 0 && parameters[arguments.Count - 1] is { HasDefaultValue: true } last
            && Equals(shape.Arguments[arguments.Count - 1].Of(value), DefaultOf(last)))
            arguments.RemoveAt(arguments.Count - 1);
        var settings = shape.Others.Where(member => member.IsSettable).Select(member => Assignment(member, value, depth)).ToList();
        // Something is held that can't be given: another instance, such as a constant of the type, may be the same value.
        if (shape.Others.Any(member => !member.IsSettable) && Constant(value, type) is { } constant)
            return constant;
        var made = settings.Count > 0 && arguments.Count == 0 ? $"new {TypeName(type)}" : Call($"new {TypeName(type)}(", arguments, ")");
        return settings.Count == 0 ? made : Call($"{made} {{ ", settings, " }");
    }

    private static string Assignment(ValueMember member, object value, int depth) => $"{member.Name} = {Write(member.Of(value), member.Type, depth + 1)}";

    /// <summary>What the compiler says for <c>= default</c> of a struct is null.</summary>
    private static object? DefaultOf(ParameterInfo parameter) => parameter.DefaultValue ?? (
        parameter.ParameterType.IsValueType && Nullable.GetUnderlyingType(parameter.ParameterType) is null
            ? Activator.CreateInstance(parameter.ParameterType) : null);

    private static string WriteUnmakable(object value, Type type) =>
        Constant(value, type) ?? $"/* {TypeName(type)} has no public constructor for: {value} */ default";

    /// <summary>A public constant of the type, or of the closed set that it belongs to, that equals the value.</summary>
    private static string? Constant(object value, Type type)
    {
        for (var owner = type; owner is not null && owner != typeof(object); owner = owner.BaseType)
        {
            const BindingFlags Constants = BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly;
            foreach (var property in owner.GetProperties(Constants))
            {
                if (property.PropertyType.IsAssignableFrom(type) && property.GetIndexParameters().Length == 0 && value.Equals(property.GetValue(null)))
                    return $"{TypeName(owner)}.{property.Name}";
            }

            foreach (var field in owner.GetFields(Constants))
            {
                if (field.FieldType.IsAssignableFrom(type) && value.Equals(field.GetValue(null)))
                    return $"{TypeName(owner)}.{field.Name}";
            }
        }

        return null;
    }

    /// <summary>The parts in one line if they fit, else one a line.</summary>
    private static string Call(string open, List<string> parts, string close)
    {
        if (parts.Count == 0)
            return $"{open.TrimEnd()}{close.TrimStart()}";
        var line = $"{open}{string.Join(", ", parts)}{close}";
        if (line.Length <= LineLengthMax && !parts.Any(part => part.Contains('\n', StringComparison.Ordinal)))
            return line;
        return $"{open.TrimEnd()}\n{string.Join(",\n", parts.Select(part => Indented(part, "    ")))}{close}";
    }
}
