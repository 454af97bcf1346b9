namespace Tallystick.Testing.Text;

/// <summary>A type's name as it is written in C# where its namespace is imported: <c>Outer.Page&lt;Line&gt;</c>, <c>(int, string?)</c>.</summary>
internal static class CSharpTypeNames
{
    public static string Of(Type type)
    {
        if (Keyword(type) is { } keyword)
            return keyword;
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return $"{Of(underlying)}?";
        if (type.IsArray)
            return $"{Of(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        if (type.IsGenericParameter)
            return type.Name;
        if (IsTuple(type))
            return $"({string.Join(", ", type.GetGenericArguments().Select(Of))})";
        return Of(type, type.GetGenericArguments());
    }

    public static bool IsTuple(Type type) =>
        type is { IsValueType: true, IsGenericType: true, Namespace: "System" } && type.Name.StartsWith("ValueTuple`", StringComparison.Ordinal)
            && type.GetGenericArguments().Length is > 1 and < 8;

    /// <summary>A nested type has the generic arguments of those around it first, then its own.</summary>
    private static string Of(Type type, Type[] arguments)
    {
        var outerCount = type.DeclaringType?.GetGenericArguments().Length ?? 0;
        var outer = type.DeclaringType is { } declaring ? $"{Of(declaring, arguments[..outerCount])}." : "";
        var own = arguments[outerCount..];
        var name = type.Name.Split('`')[0];
        return own.Length == 0 ? $"{outer}{name}" : $"{outer}{name}<{string.Join(", ", own.Select(Of))}>";
    }

    private static string? Keyword(Type type)
    {
        if (type == typeof(object))
            return "object";
        if (type == typeof(nint))
            return "nint";
        if (type == typeof(nuint))
            return "nuint";
        return type.IsEnum ? null : Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => "bool",
            TypeCode.Char => "char",
            TypeCode.SByte => "sbyte",
            TypeCode.Byte => "byte",
            TypeCode.Int16 => "short",
            TypeCode.UInt16 => "ushort",
            TypeCode.Int32 => "int",
            TypeCode.UInt32 => "uint",
            TypeCode.Int64 => "long",
            TypeCode.UInt64 => "ulong",
            TypeCode.Single => "float",
            TypeCode.Double => "double",
            TypeCode.Decimal => "decimal",
            TypeCode.String => "string",
            _ => null,
        };
    }
}
