using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Tallystick.Tests.Conventions;

/// <summary>
/// The public surface of an assembly as text, sorted, one line for each member: what users compile against. Members that the compiler
/// makes for every record are left out; the word "record" stands for them.
/// </summary>
internal static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext Nullability = new();

    public static string Of(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var space in assembly.GetExportedTypes().GroupBy(type => type.Namespace).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            text.Append("namespace ").Append(space.Key).Append('\n');
            foreach (var type in space.OrderBy(CSharpNames.Of, StringComparer.Ordinal))
                text.Append('\n').Append(OfType(type));
            text.Append('\n');
        }

        return text.ToString();
    }

    public static string OfType(Type type)
    {
        var lines = Members(type).Order(StringComparer.Ordinal).Select(member => $"        {member}\n");
        return $"    {Head(type)}\n{string.Concat(lines)}";
    }

    private static string Head(Type type)
    {
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            var invoke = type.GetMethod("Invoke")!;
            return $"delegate {CSharpNames.Of(Nullability.Create(invoke.ReturnParameter))} {CSharpNames.Of(type)}({Parameters(invoke)}){Constraints(type.GetGenericArguments())}";
        }

        var bases = type.GetInterfaces().Where(one => one.IsVisible).Except(type.BaseType?.GetInterfaces() ?? []).ToArray();
        var named = bases.Except(bases.SelectMany(one => one.GetInterfaces())).Select(CSharpNames.Of)
            .Where(name => !(IsRecord(type) && name == $"IEquatable<{CSharpNames.Of(type)}>")).Order(StringComparer.Ordinal);
        string[] parents = type.IsEnum || type.IsValueType || type.BaseType is null || type.BaseType == typeof(object) ? [] : [CSharpNames.Of(type.BaseType)];
        var list = type.IsEnum ? "" : string.Join(", ", parents.Concat(named));
        return $"{Kind(type)} {CSharpNames.Of(type)}{(list.Length == 0 ? "" : $" : {list}")}{Constraints(type.GetGenericArguments())}{Obsolete(type)}";
    }

    private static string Kind(Type type)
    {
        if (type.IsEnum)
            return "enum";
        if (type.IsInterface)
            return "interface";
        var record = IsRecord(type) ? "record " : "";
        if (type.IsValueType)
            return $"{(type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "")}{(type.IsByRefLike ? "ref " : "")}{record}struct";
        return (type.IsAbstract, type.IsSealed) switch
        {
            (true, true) => "static class",
            (true, _) => $"abstract {record}class",
            (_, true) => $"sealed {record}class",
            _ => $"{record}class",
        };
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (typeof(Delegate).IsAssignableFrom(type))
            return [];
        if (type.IsEnum)
            return type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => $"{field.Name} = {Convert.ToInt64(field.GetRawConstantValue(), null)}");
        return type.GetConstructors(Declared).Where(constructor => !constructor.IsStatic && IsVisible(constructor, type) && !IsSynthesized(constructor))
            .Select(constructor => $"{Access(constructor)}.ctor({Parameters(constructor)})")
            .Concat(type.GetFields(Declared).Where(field => field.IsPublic || (field.IsFamily && !type.IsSealed)).Select(Field))
            .Concat(type.GetProperties(Declared).Where(property => Accessors(property).Any(accessor => IsVisible(accessor, type)) && property.Name != "EqualityContract").Select(property => Property(property, type)))
            .Concat(type.GetMethods(Declared)
                .Where(method => IsVisible(method, type) && !IsAccessor(method, type) && !IsSynthesized(method))
                .Where(method => !(IsRecord(type) && method.Name is "PrintMembers" or "Deconstruct"))
                .Select(Method));
    }

    private static string Field(FieldInfo field) => field.IsLiteral
        ? $"const {CSharpNames.Of(field.FieldType)} {field.Name} = {CSharpNames.Value(field.GetRawConstantValue(), field.FieldType)}"
        : $"{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{CSharpNames.Of(Nullability.Create(field))} {field.Name}";

    private static string Property(PropertyInfo property, Type type)
    {
        var (get, set) = (property.GetMethod, property.SetMethod);
        var index = property.GetIndexParameters() is { Length: > 0 } parameters ? $"this[{string.Join(", ", parameters.Select(Parameter))}]" : property.Name;
        var written = set is null || !IsVisible(set, type) ? "" : set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? " init;" : " set;";
        var required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        return $"{Access((get ?? set)!)}{Modifiers((get ?? set)!)}{required}{CSharpNames.Of(Nullability.Create(property))} {index} {{{(get is not null && IsVisible(get, type) ? " get;" : "")}{written} }}{Obsolete(property)}";
    }

    private static string Method(MethodInfo method)
    {
        var generic = method.IsGenericMethodDefinition ? $"<{string.Join(", ", method.GetGenericArguments().Select(argument => argument.Name))}>" : "";
        var self = method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "";
        return $"{Access(method)}{Modifiers(method)}{CSharpNames.Of(Nullability.Create(method.ReturnParameter))} {method.Name}{generic}({self}{Parameters(method)})"
            + (method.IsGenericMethodDefinition ? Constraints(method.GetGenericArguments()) : "") + Obsolete(method);
    }

    private static string Modifiers(MethodInfo method)
    {
        if (method.DeclaringType!.IsInterface)
            return method.IsStatic ? (method.IsAbstract ? "static abstract " : "static ") : method.IsAbstract ? "" : "virtual ";
        if (method.IsStatic)
            return "static ";
        var overrides = method.GetBaseDefinition() != method;
        return (method.IsAbstract, overrides, method.IsFinal) switch
        {
            (true, false, _) => "abstract ",
            (true, true, _) => "abstract override ",
            (_, true, true) => "sealed override ",
            (_, true, _) => "override ",
            (_, _, false) when method.IsVirtual => "virtual ",
            _ => "",
        };
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var prefix = parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)) ? "params "
            : !parameter.ParameterType.IsByRef ? ""
            : parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref ";
        var value = parameter.HasDefaultValue ? $" = {CSharpNames.Value(parameter.DefaultValue, parameter.ParameterType)}" : "";
        return $"{prefix}{CSharpNames.Of(Nullability.Create(parameter))} {parameter.Name}{value}";
    }

    private static string Constraints(Type[] arguments) => string.Concat(arguments.Select(argument =>
    {
        if (!argument.IsGenericParameter)
            return "";
        var flags = argument.GenericParameterAttributes;
        var isStruct = flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
        List<string> all = [];
        if (flags.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
            all.Add("class");
        if (isStruct)
            all.Add("struct");
        all.AddRange(argument.GetGenericParameterConstraints().Where(type => type != typeof(ValueType)).Select(CSharpNames.Of));
        if (flags.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) && !isStruct)
            all.Add("new()");
        if (all.Count == 0 && !isStruct && IsNotNull(argument))
            all.Add("notnull");
        return all.Count == 0 ? "" : $" where {argument.Name} : {string.Join(", ", all)}";
    }));

    /// <summary>The compiler writes "notnull" as an annotation, on the parameter or as the rule for all that is around it.</summary>
    private static bool IsNotNull(Type argument)
    {
        if (Annotation(argument, "NullableAttribute") is { } own)
            return own == 1;
        for (MemberInfo? around = (MemberInfo?)argument.DeclaringMethod ?? argument.DeclaringType; around is not null; around = around.DeclaringType)
        {
            if (Annotation(around, "NullableContextAttribute") is { } rule)
                return rule == 1;
        }

        return false;
    }

    private static byte? Annotation(MemberInfo member, string attribute) =>
        member.CustomAttributes.FirstOrDefault(a => a.AttributeType.Name == attribute) is { ConstructorArguments: [{ Value: byte value }] } ? value : null;

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Obsolete(MemberInfo member) => member.IsDefined(typeof(ObsoleteAttribute), false) ? " [obsolete]" : "";

    private static bool IsVisible(MethodBase method, Type type) => method.IsPublic || ((method.IsFamily || method.IsFamilyOrAssembly) && !type.IsSealed);

    private static bool IsSynthesized(MethodBase method) =>
        method.IsDefined(typeof(CompilerGeneratedAttribute)) || method.Name.Contains('<', StringComparison.Ordinal) || method.Name == "Finalize"
        || (method.IsConstructor && method.IsFamily && IsRecord(method.DeclaringType!) && method.GetParameters() is [var one] && one.ParameterType == method.DeclaringType);

    private static bool IsAccessor(MethodInfo method, Type type) => type.GetProperties(Declared).Any(property => Accessors(property).Contains(method));

    private static MethodInfo[] Accessors(PropertyInfo property) => property.GetAccessors(nonPublic: true);

    private static bool IsRecord(Type type) => type.GetMethod("PrintMembers", Declared) is not null;
}
