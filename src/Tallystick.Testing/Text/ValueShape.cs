using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Tallystick.Testing.Text;

/// <summary>
/// What an object is made of: the properties and fields that hold its value, without what is computed from them, and the constructor that
/// takes them.
/// </summary>
internal sealed class ValueShape
{
    private ValueShape(Type type)
    {
        Type = type;
        var readable = Readable(type);
        Constructor = type.GetConstructors()
            .Where(constructor => Array.TrueForAll(constructor.GetParameters(), parameter => Find(readable, parameter) is not null))
            .OrderByDescending(constructor => constructor.GetParameters().Length)
            .FirstOrDefault();
        Arguments = [.. Constructor?.GetParameters().Select(parameter => Find(readable, parameter)!) ?? []];
        Others = [.. readable.Where(member => member.IsStored && !Arguments.Contains(member))];
        HidesState = FieldsOf(type) > Members.Count(member => member.IsStored);
    }

    public Type Type { get; }

    /// <summary>The constructor with the most parameters that all are members; null if there is none.</summary>
    public ConstructorInfo? Constructor { get; }

    /// <summary>The members that the constructor takes, in its order.</summary>
    public IReadOnlyList<ValueMember> Arguments { get; }

    /// <summary>The other members.</summary>
    public IReadOnlyList<ValueMember> Others { get; }

    /// <summary>Whether it has fields that no public member shows.</summary>
    public bool HidesState { get; }

    public IEnumerable<ValueMember> Members => Arguments.Concat(Others);

    public static ValueShape Of(Type type) => new(type);

    /// <summary>A type that says itself what is equal, other than by the compiler's member by member.</summary>
    public static bool HasOwnEquality(Type type)
    {
        var typed = type.GetMethod(nameof(Equals), BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly, [type]);
        var untyped = type.GetMethod(nameof(Equals), BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly, [typeof(object)]);
        return !IsAnonymous(type) && !CSharpTypeNames.IsTuple(type) && (IsWritten(typed) || IsWritten(untyped));
    }

    public static bool IsAnonymous(Type type) =>
        type.IsDefined(typeof(CompilerGeneratedAttribute), false) && type.Name.Contains("AnonymousType", StringComparison.Ordinal);

    /// <summary>The type of a sequence's elements; null if it is none. A string counts as one value.</summary>
    public static Type? ElementOf(Type type) => type == typeof(string) || !typeof(IEnumerable).IsAssignableFrom(type)
        ? null
        : ArgumentOf(type, typeof(IEnumerable<>))?[0] ?? typeof(object);

    /// <summary>The types of a dictionary's keys and values; null if it is none.</summary>
    public static Type[]? KeyAndValueOf(Type type) => ArgumentOf(type, typeof(IReadOnlyDictionary<,>)) ?? ArgumentOf(type, typeof(IDictionary<,>));

    /// <summary>Whether the order of the elements means nothing.</summary>
    public static bool IsSet(Type type) => (ArgumentOf(type, typeof(IReadOnlySet<>)) ?? ArgumentOf(type, typeof(ISet<>))) is not null;

    private static Type[]? ArgumentOf(Type type, Type definition) => type.GetInterfaces().Append(type)
        .FirstOrDefault(one => one.IsGenericType && one.GetGenericTypeDefinition() == definition)?.GetGenericArguments();

    private static int FieldsOf(Type type)
    {
        const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        var count = 0;
        for (var one = type; one is not null; one = one.BaseType)
            count += one.GetFields(Own).Length;
        return count;
    }

    private static bool IsWritten(MethodInfo? equals) => equals is not null && !equals.IsDefined(typeof(CompilerGeneratedAttribute));

    private static ValueMember[] Readable(Type type) =>
    [
        .. from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
           where property.GetMethod is { IsPublic: true } && property.GetIndexParameters().Length == 0
           select new ValueMember(property),
        .. type.GetFields(BindingFlags.Public | BindingFlags.Instance).Select(field => new ValueMember(field)),
    ];

    private static ValueMember? Find(ValueMember[] members, ParameterInfo parameter) => Array.Find(members, member =>
        string.Equals(member.Name, parameter.Name, StringComparison.OrdinalIgnoreCase) && parameter.ParameterType.IsAssignableFrom(member.Type));
}

/// <summary>A public property or field.</summary>
internal sealed class ValueMember
{
    private readonly MemberInfo _member;

    public ValueMember(PropertyInfo property)
    {
        const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        (_member, Name, Type) = (property, property.Name, property.PropertyType);
        IsSettable = property.SetMethod is { IsPublic: true };
        // A property that has no field of its own is computed from others; one that can be set holds something all the same.
        IsStored = IsSettable || ValueShape.IsAnonymous(property.DeclaringType!)
            || property.DeclaringType!.GetField($"<{property.Name}>k__BackingField", Hidden) is not null;
    }

    public ValueMember(FieldInfo field) =>
        (_member, Name, Type, IsSettable, IsStored) = (field, field.Name, field.FieldType, !field.IsInitOnly, true);

    public string Name { get; }

    public Type Type { get; }

    public bool IsSettable { get; }

    public bool IsStored { get; }

    /// <summary>The member's value; the exception if its getter throws.</summary>
    public object? Of(object value)
    {
        try
        {
            return _member is PropertyInfo property ? property.GetValue(value) : ((FieldInfo)_member).GetValue(value);
        }
        catch (TargetInvocationException error)
        {
            return error.InnerException;
        }
    }
}
