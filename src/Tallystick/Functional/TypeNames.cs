namespace Tallystick.Functional;

/// <summary>A type's name as it is written in C#, for error messages: <c>Outer.Page&lt;Line&gt;</c>.</summary>
internal static class TypeNames
{
    public static string Of(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return $"{Of(underlying)}?";
        if (type.IsArray)
            return $"{Of(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        if (type.IsGenericParameter)
            return type.Name;

        // A nested type has the generic arguments of those around it first, then its own.
        var arguments = type.GetGenericArguments();
        var outerCount = type.DeclaringType?.GetGenericArguments().Length ?? 0;
        var outer = type.DeclaringType is { } declaring ? $"{Of(declaring)}." : "";
        var name = type.Name.Split('`')[0];
        return arguments.Length > outerCount
            ? $"{outer}{name}<{string.Join(", ", arguments[outerCount..].Select(Of))}>"
            : $"{outer}{name}";
    }
}
