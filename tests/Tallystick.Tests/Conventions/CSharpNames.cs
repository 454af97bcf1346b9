using System.Globalization;
using System.Reflection;

namespace Tallystick.Tests.Conventions;

/// <summary>Types and values as they are written in C#.</summary>
internal static class CSharpNames
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(short)] = "short",
        [typeof(ushort)] = "ushort", [typeof(int)] = "int", [typeof(uint)] = "uint", [typeof(long)] = "long", [typeof(ulong)] = "ulong",
        [typeof(float)] = "float", [typeof(double)] = "double", [typeof(decimal)] = "decimal", [typeof(char)] = "char",
        [typeof(string)] = "string", [typeof(object)] = "object",
    };

    /// <summary>A type with the annotations of nullable reference types that its place gives it.</summary>
    public static string Of(NullabilityInfo info)
    {
        var type = info.Type;
        if (type.IsByRef)
            type = type.GetElementType()!;
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Of(underlying) + "?";
        var mark = !type.IsValueType && info.ReadState == NullabilityState.Nullable ? "?" : "";
        if (type.IsArray)
            return $"{(info.ElementType is { } element ? Of(element) : Of(type.GetElementType()!))}[]{mark}";
        if (!type.IsGenericType || IsTuple(type) || info.GenericTypeArguments.Length != type.GetGenericArguments().Length)
            return Of(type) + mark;
        return Of(type, [.. info.GenericTypeArguments.Select(Of)]) + mark;
    }

    public static string Of(Type type) => Of(type, null);

    /// <summary>A constant or a default value.</summary>
    public static string Value(object? value, Type type) => value switch
    {
        null => type.IsValueType && Nullable.GetUnderlyingType(type) is null ? "default" : "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        Enum name => $"{name.GetType().Name}.{name}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Of(Type type, string[]? arguments)
    {
        if (Keywords.TryGetValue(type, out var keyword))
            return keyword;
        if (type.IsByRef)
            return Of(type.GetElementType()!);
        if (type.IsArray)
            return Of(type.GetElementType()!) + "[]";
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Of(underlying) + "?";
        if (type.IsGenericParameter)
            return type.Name;
        arguments ??= [.. type.GetGenericArguments().Select(Of)];
        if (IsTuple(type))
            return $"({string.Join(", ", arguments)})";

        // A nested type's arguments include those of the type around it, which come first.
        var outer = type.DeclaringType;
        var inherited = outer?.GetGenericArguments().Length ?? 0;
        var name = type.Name.Split('`')[0];
        var own = arguments[inherited..];
        var text = own.Length == 0 ? name : $"{name}<{string.Join(", ", own)}>";
        return outer is null ? text : $"{Of(outer, arguments[..inherited])}.{text}";
    }

    private static bool IsTuple(Type type) => type.IsGenericType && type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true;
}
