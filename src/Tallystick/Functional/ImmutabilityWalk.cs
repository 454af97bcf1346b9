using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Tallystick.Functional;

// A depth-first walk over the types of fields. It follows fields and not properties, since a value is what its fields are: a
// computed property stores nothing, and every auto-property, positional parameter and captured constructor parameter has a field.
// Two sets keep it finite and its findings free of repetition: types visited with all that derive from them, and types whose own
// declared members were walked (a base class's are walked with the first class that derives from it, but that doesn't make
// the base class visited: its other derived classes may be still to come).
internal sealed class ImmutabilityWalk
{
    // A generic type may hold itself with ever larger arguments (Node<T> a Node<Maybe<T>>), so this is what ends such a walk.
    // Nobody reads a type that nests deeper.
    public const int GenericNestingMax = 10;

    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private readonly ImmutableArray<MutabilityFinding>.Builder _findings = ImmutableArray.CreateBuilder<MutabilityFinding>();
    private readonly HashSet<Type> _visited = [];
    private readonly HashSet<Type> _membersWalked = [];
    private readonly DerivedTypes _derivedTypes = new();

    public ImmutableArray<MutabilityFinding> Run(Type type)
    {
        Visit(TypeNames.Of(type), type);
        return _findings.ToImmutable();
    }

    private void Visit(string path, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (ImmutabilityRules.IsImmutableValue(type))
            return;

        if (GenericNesting(type) > GenericNestingMax)
            Report(path, $"its generic arguments nest deeper than {GenericNestingMax}; use a record of its own for the inner type");
        else if (ImmutabilityRules.PartsOf(type) is { } suffixes)
            VisitArguments(path, type, suffixes);
        else if (IsTrusted(type))
            VisitArguments(path, type, [.. type.GetGenericArguments().Select(argument => $"<{TypeNames.Of(argument)}>")]);
        else if (ImmutabilityRules.WhyRefused(type) is { } problem)
            Report(path, problem);
        else if (_visited.Add(type))
            VisitObject(path, type);
    }

    private void VisitArguments(string path, Type type, ImmutableArray<string> suffixes)
    {
        foreach (var (suffix, argument) in suffixes.Zip(type.GetGenericArguments()))
            Visit(path + suffix, argument);
    }

    private void VisitObject(string path, Type type)
    {
        for (var declaring = type; declaring is not null && !IsRoot(declaring); declaring = declaring.BaseType)
        {
            if (!_membersWalked.Add(declaring))
                break;
            if (IsTrusted(declaring))
                continue;
            if (declaring != type && ImmutabilityRules.WhyRefused(declaring) is { } problem)
            {
                Report(path, $"it derives from a class that isn't immutable: {problem}");
                break;
            }

            VisitMembers(path, declaring);
        }

        if (type.IsValueType || type.IsSealed)
            return;

        var derivedTypes = _derivedTypes.DirectlyFrom(type);
        if (type.IsAbstract && derivedTypes.IsEmpty)
        {
            Report(path, $"{TypeNames.Of(type)} is abstract and no class of its assembly derives from it, so what it holds is unknown; "
                + "use the derived type");
        }

        foreach (var derived in derivedTypes)
            Visit($"{path}({TypeNames.Of(derived)})", derived);
    }

    private void VisitMembers(string path, Type declaring)
    {
        var settable = declaring.GetProperties(Declared).Where(HasSetter).Select(property => property.Name).ToArray();
        foreach (var name in settable)
            Report($"{path}.{name}", $"property {name} has a setter (not init); declare it {{ get; init; }} or leave the setter out");

        foreach (var field in declaring.GetFields(Declared))
        {
            if (declaring.GetEvent(field.Name, Declared) is not null)
            {
                Report($"{path}.{field.Name}", $"event {field.Name} lets others attach delegates; leave it out of a value");
                continue;
            }

            var (name, kind) = Describe(field.Name);
            if (!field.IsInitOnly && !(kind == FieldKind.BacksProperty && settable.Contains(name)))
                Report($"{path}.{name}", WhyNotReadOnly(name, kind));
            Visit($"{path}.{name}", field.FieldType);
        }
    }

    private enum FieldKind
    {
        Declared,
        BacksProperty,
        CapturesParameter,
    }

    // The names that the C# compiler gives to the fields it makes.
    private static (string Name, FieldKind Kind) Describe(string fieldName)
    {
        if (fieldName.StartsWith('<') && fieldName.EndsWith(">k__BackingField", StringComparison.Ordinal))
            return (fieldName[1..fieldName.LastIndexOf('>')], FieldKind.BacksProperty);
        if (fieldName.StartsWith('<') && fieldName.EndsWith(">P", StringComparison.Ordinal))
            return (fieldName[1..^2], FieldKind.CapturesParameter);
        return (fieldName, FieldKind.Declared);
    }

    private static string WhyNotReadOnly(string name, FieldKind kind) => kind switch
    {
        FieldKind.BacksProperty => $"property {name} assigns its field outside of init; compute it when the object is built",
        FieldKind.CapturesParameter => $"constructor parameter {name} is captured in a field that can be assigned; "
            + "keep it in a readonly field or a property",
        _ => $"field {name} is not readonly; declare it readonly",
    };

    private static bool HasSetter(PropertyInfo property)
        => property.GetSetMethod(nonPublic: true) is { } setter
            && !setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static bool IsTrusted(Type type) => type.IsDefined(typeof(ImmutableAttribute), inherit: false);

    private static bool IsRoot(Type type) => type == typeof(object) || type == typeof(ValueType);

    private static int GenericNesting(Type type)
        => type.IsGenericType ? 1 + type.GetGenericArguments().Max(GenericNesting) : 0;

    private void Report(string path, string problem) => _findings.Add(new MutabilityFinding(path, problem));
}
