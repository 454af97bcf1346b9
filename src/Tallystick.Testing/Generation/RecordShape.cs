using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Generation;

/// <summary>A record, class or struct: what its constructor takes, and what can be set beside.</summary>
internal sealed class RecordShape : Shape
{
    private const int ConstructionsMax = 200;

    private readonly ConstructorInfo? _constructor;
    private readonly ImmutableArray<Part> _parts;

    // The parts of a recursive type are this very shape, so they are looked up when they are first needed.
    public RecordShape(Type type, Shapes shapes)
        : base(type)
    {
        _constructor = ConstructorOf(type);
        if (_constructor is null && !type.IsValueType)
        {
            throw new InvalidOperationException(
                $"{CSharpText.TypeName(type)} has no public constructor, so its values can't be generated. Supply With<{CSharpText.TypeName(type)}>(a Gen of FsCheck's).");
        }

        var parameters = _constructor?.GetParameters() ?? [];
        var settable = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.SetMethod is { IsPublic: true } && property.GetMethod is { IsPublic: true } && property.GetIndexParameters().Length == 0
                && !Array.Exists(parameters, parameter => IsNamed(parameter, property.Name)));
        _parts =
        [
            .. parameters.Select(parameter => new Part(parameter.Name!, ReaderOf(type, parameter), null, new Lazy<Shape>(() => shapes.OfPlace(parameter)))),
            .. settable.Select(property => new Part(
                property.Name, property.GetValue, property.SetValue, new Lazy<Shape>(() => shapes.OfPlace(property)))),
        ];
    }

    public override object Generate(Draw draw, string field, int tries)
    {
        if (draw.Depth > Draw.DepthMax)
            throw new InvalidOperationException($"{CSharpText.TypeName(Type)} contains itself without end, so no value of it can be made.");
        draw.Depth++;
        try
        {
            ConstructionException? refused = null;
            for (var i = 0; i < ConstructionsMax; i++)
            {
                try
                {
                    var again = i;
                    return Construct([.. _parts.Select(part => part.Shape.Value.Generate(draw, part.Name, tries + again))]);
                }
                catch (ConstructionException error)
                {
                    refused = error;
                }
            }

            throw new CheckFailedException(
                $"The constructor of {CSharpText.TypeName(Type)} refused {ConstructionsMax} generated values; the last with: {refused!.InnerException!.Message} "
                + $"Supply With<{CSharpText.TypeName(Type)}>(a Gen of FsCheck's), or WithPool for one of its fields.", refused.InnerException);
        }
        finally
        {
            draw.Depth--;
        }
    }

    public override bool TryMend(ref object? value, ReadOnlySpan<string> path, Draw draw, string field, int tries)
    {
        if (path.IsEmpty)
            return base.TryMend(ref value, path, draw, field, tries);
        var head = path[0];
        var at = _parts.Select((part, index) => (part, index)).FirstOrDefault(pair => pair.part.Name.Equals(head, StringComparison.OrdinalIgnoreCase), (null!, -1)).index;
        if (at < 0 || !TryRead(value!, out var parts))
            return false;
        var part = parts[at];
        if (!_parts[at].Shape.Value.TryMend(ref part, path[1..], draw, _parts[at].Name, tries))
            return false;
        return TryWith(parts, at, part, ref value);
    }

    public override IEnumerable<object?> Shrink(object? value)
    {
        if (!TryRead(value!, out var parts))
            yield break;
        for (var i = 0; i < parts.Length; i++)
        {
            foreach (var simpler in _parts[i].Shape.Value.Shrink(parts[i]))
            {
                object? made = null;
                if (TryWith(parts, i, simpler, ref made))
                    yield return made;
            }
        }
    }

    public override void Visit(object? value, string field, Action<ScalarShape, string, object> visit)
    {
        if (!TryRead(value!, out var parts))
            return;
        for (var i = 0; i < parts.Length; i++)
            _parts[i].Shape.Value.Visit(parts[i], _parts[i].Name, visit);
    }

    public override object? Map(object? value, Func<ScalarShape, object, object> change)
    {
        if (!TryRead(value!, out var parts))
            return value;
        try
        {
            return Construct([.. parts.Select((part, i) => _parts[i].Shape.Value.Map(part, change))]);
        }
        catch (ConstructionException)
        {
            return value;
        }
    }

    /// <summary>How many of its parts may hold a value of a type: what makes a tree grow.</summary>
    internal int PartsOf(Type type) => _parts.Count(part => part.Shape.Value.Type == type) * 10 + _parts.Length;

    private bool TryRead(object value, out object?[] parts)
    {
        parts = [];
        if (_parts.Any(part => part.Read is null))
            return false;
        parts = [.. _parts.Select(part => part.Read!(value))];
        return true;
    }

    private bool TryWith(object?[] parts, int at, object? part, ref object? value)
    {
        try
        {
            var changed = (object?[])parts.Clone();
            changed[at] = part;
            value = Construct(changed);
            return true;
        }
        catch (ConstructionException)
        {
            return false;
        }
    }

    private object Construct(object?[] parts)
    {
        try
        {
            var count = _constructor?.GetParameters().Length ?? 0;
            var made = _constructor is null ? RuntimeHelpers.GetUninitializedObject(Type) : _constructor.Invoke(parts[..count]);
            for (var i = count; i < parts.Length; i++)
                _parts[i].Write!(made, parts[i]);
            return made;
        }
        catch (TargetInvocationException error)
        {
            throw new ConstructionException(error.InnerException!);
        }
    }

    /// <summary>The public one with the most parameters, but not the one that copies.</summary>
    private static ConstructorInfo? ConstructorOf(Type type) => type.GetConstructors()
        .Where(constructor => constructor.GetParameters() is not [var only] || only.ParameterType != type)
        .Where(constructor => Array.TrueForAll(constructor.GetParameters(), parameter => !parameter.ParameterType.IsByRefLike && !parameter.ParameterType.IsPointer))
        .OrderByDescending(constructor => constructor.GetParameters().Count(parameter => ReaderOf(type, parameter) is not null))
        .ThenByDescending(constructor => constructor.GetParameters().Length)
        .FirstOrDefault();

    private static Func<object?, object?>? ReaderOf(Type type, ParameterInfo parameter)
    {
        const BindingFlags Public = BindingFlags.Public | BindingFlags.Instance;
        if (Array.Find(type.GetProperties(Public), property => IsNamed(parameter, property.Name) && property.GetMethod is { IsPublic: true }) is { } named)
            return named.PropertyType == parameter.ParameterType ? named.GetValue : null;
        return Array.Find(type.GetFields(Public), field => IsNamed(parameter, field.Name)) is { } field && field.FieldType == parameter.ParameterType
            ? field.GetValue : null;
    }

    private static bool IsNamed(ParameterInfo parameter, string name) => name.Equals(parameter.Name, StringComparison.OrdinalIgnoreCase);

    private sealed record Part(string Name, Func<object?, object?>? Read, Action<object?, object?>? Write, Lazy<Shape> Shape);

    // These parts make no value of the type: its constructor says so.
    private sealed class ConstructionException(Exception inner) : Exception(inner.Message, inner);
}
