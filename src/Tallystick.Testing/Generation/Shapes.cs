using System.Collections.Immutable;
using System.Reflection;
using Tallystick.Commands;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Generation;

/// <summary>The shapes of types under some options, each made once. Not for several threads.</summary>
internal sealed class Shapes(GenerationOptions options)
{
    private readonly Dictionary<Type, Shape> _shapes = [];

    /// <summary>The shape of a type.</summary>
    /// <exception cref="InvalidOperationException">Nothing is known of such a type; the message says what to supply.</exception>
    public Shape Of(Type type)
    {
        if (_shapes.TryGetValue(type, out var known))
            return known;
        // Whoever asks for the type again while it is being made is a part of it, and asks later.
        var shape = Make(type);
        _shapes[type] = shape;
        return shape;
    }

    /// <summary>The shape of what a constructor takes; null too, if it says so.</summary>
    public Shape OfPlace(ParameterInfo parameter) =>
        OrNull(parameter.ParameterType, () => new NullabilityInfoContext().Create(parameter).WriteState);

    /// <summary>The shape of what can be set.</summary>
    public Shape OfPlace(PropertyInfo property) =>
        OrNull(property.PropertyType, () => new NullabilityInfoContext().Create(property).WriteState);

    private Shape OrNull(Type type, Func<NullabilityState> state)
    {
        var shape = Of(type);
        return !type.IsValueType && state() == NullabilityState.Nullable ? new OptionalShape(type, shape, static value => value, static value => value) : shape;
    }

    private Shape Make(Type type)
    {
        if (options.Supplies.TryGetValue(type, out var supply))
            return new ScalarShape(type, (draw, _, _) => supply.Draw(draw.Entropy.NextUInt64(), draw.Size), supply.Shrink);
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return new OptionalShape(type, Of(underlying), static value => value, static value => value);
        if (Scalars.Find(type) is { } scalar)
            return scalar;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Functional.Maybe<>))
            return MaybeOf(type);
        if (Collections.Of(type, Of) is { } collection)
            return collection;
        if (type.IsAbstract || type.IsInterface)
            return new ChoiceShape(type, CasesOf(type));
        if (type == typeof(object) || type.IsAssignableTo(typeof(Delegate)) || type.IsPointer)
            throw new InvalidOperationException($"A value of type {CSharpText.TypeName(type)} could be anything. Supply With<{CSharpText.TypeName(type)}>(a Gen of FsCheck's).");
        var record = Validated(new RecordShape(type, this));
        return type.IsSealed || type.IsValueType ? record : WithDerived(type, record);
    }

    private Shape Validated(RecordShape shape)
    {
        var validators = options.Validators.Where(validator => validator.CommandType.IsAssignableFrom(shape.Type)).Select(validator => validator.Validate);
        if (shape.Type.IsAssignableTo(typeof(IValidated)))
            validators = validators.Prepend(static value => ((IValidated)value).Validate());
        return validators.ToImmutableArray() is { IsEmpty: false } all ? new ValidShape(shape, all) : shape;
    }

    private Shape WithDerived(Type type, Shape itself)
    {
        var derived = DerivedFrom(type);
        return derived.IsEmpty ? itself : new ChoiceShape(type, [itself, .. derived.Select(Of)]);
    }

    private ImmutableArray<Shape> CasesOf(Type type)
    {
        var cases = DerivedFrom(type);
        return cases.IsEmpty
            ? throw new InvalidOperationException(
                $"{CSharpText.TypeName(type)} is abstract, and no type in {type.Assembly.GetName().Name} that can be made derives from it. "
                + $"Supply With<{CSharpText.TypeName(type)}>(a Gen of FsCheck's).")
            : [.. cases.Select(Of)];
    }

    private static ImmutableArray<Type> DerivedFrom(Type type) =>
    [
        .. type.Assembly.GetTypes()
            .Select(candidate => CloseAs(candidate, type))
            .OfType<Type>()
            .Where(candidate => candidate != type && !candidate.IsAbstract && type.IsAssignableFrom(candidate))
            .OrderBy(candidate => candidate.FullName, StringComparer.Ordinal),
    ];

    /// <summary>A case that is nested in a generic type has its arguments.</summary>
    private static Type? CloseAs(Type candidate, Type type)
    {
        if (!candidate.ContainsGenericParameters)
            return candidate;
        var arguments = type.GetGenericArguments();
        if (!type.IsGenericType || candidate.GetGenericArguments().Length != arguments.Length)
            return null;
        try
        {
            return candidate.MakeGenericType(arguments);
        }
        catch (ArgumentException)
        {
            return null; // Its constraints exclude these arguments, so no such object can exist.
        }
    }

    private OptionalShape MaybeOf(Type type)
    {
        var some = type.GetMethod("Some")!;
        var none = Activator.CreateInstance(type)!;
        return new OptionalShape(
            type, Of(type.GetGenericArguments()[0]),
            value => value is null ? none : some.Invoke(null, [value]),
            value => CSharpText.TryGet(value!, 1) is (true, var held) ? held : null);
    }
}
