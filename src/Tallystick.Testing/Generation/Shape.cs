using System.Collections.Immutable;

namespace Tallystick.Testing.Generation;

/// <summary>
/// How values of a type are made, mended, taken apart and made smaller. A shape is made once for a type and the options, and holds nothing
/// that changes.
/// </summary>
internal abstract class Shape(Type type)
{
    public Type Type { get; } = type;

    /// <summary>Makes a value.</summary>
    /// <param name="draw">Chance, and what was used before.</param>
    /// <param name="field">The name of the place that it is for.</param>
    /// <param name="tries">How many values were refused for this place; the more, the further afield it looks.</param>
    public abstract object? Generate(Draw draw, string field, int tries);

    /// <summary>Replaces the part at a path; false if there is no such part.</summary>
    public virtual bool TryMend(ref object? value, ReadOnlySpan<string> path, Draw draw, string field, int tries)
    {
        if (!path.IsEmpty)
            return false;
        value = Generate(draw, field, tries);
        return true;
    }

    /// <summary>Values that are simpler, the simplest first. None has this one among its own.</summary>
    public abstract IEnumerable<object?> Shrink(object? value);

    /// <summary>Shows the simple values of which it is made, with the names of their places.</summary>
    public abstract void Visit(object? value, string field, Action<ScalarShape, string, object> visit);

    /// <summary>The value with each of its simple values replaced.</summary>
    public abstract object? Map(object? value, Func<ScalarShape, object, object> change);

    /// <summary>Whether the value has passed a validation.</summary>
    public virtual bool Checks(object value) => false;

    /// <summary>The parts of a path such as <c>lines[2].quantity</c>.</summary>
    public static ImmutableArray<string> PathOf(string field) => [.. field.Split(['.', '[', ']'], StringSplitOptions.RemoveEmptyEntries)];
}

/// <summary>A value without parts.</summary>
internal sealed class ScalarShape(Type type, Func<Draw, string, int, object> generate, Func<object, IEnumerable<object>> shrink) : Shape(type)
{
    // A refused value is tried again from what was used before, but not for ever.
    private const int TriesFromMemoryMax = 20;

    public override object Generate(Draw draw, string field, int tries)
    {
        if (draw.Options.Pools.TryGetValue(field, out var pool) && pool.Any(value => value.GetType() == Type))
            return draw.Entropy.Pick([.. pool.Where(value => value.GetType() == Type)]);
        if (tries < TriesFromMemoryMax && draw.Entropy.Chance(draw.Options.ReuseProbability)
            && draw.Memory.TryRecall(Type, field, draw.Entropy, out var used))
            return used;
        return generate(draw, field, tries);
    }

    public override IEnumerable<object?> Shrink(object? value) => shrink(value!);

    public override void Visit(object? value, string field, Action<ScalarShape, string, object> visit) => visit(this, field, value!);

    public override object? Map(object? value, Func<ScalarShape, object, object> change) => change(this, value!);
}

/// <summary>A value that may be missing: a nullable one, or a <c>Maybe</c>.</summary>
internal sealed class OptionalShape(Type type, Shape inner, Func<object?, object?> wrap, Func<object?, object?> unwrap) : Shape(type)
{
    private const double MissingProbability = 0.2;

    public override object? Generate(Draw draw, string field, int tries) =>
        wrap(draw.IsDeep || draw.Entropy.Chance(MissingProbability) ? null : inner.Generate(draw, field, tries));

    public override bool TryMend(ref object? value, ReadOnlySpan<string> path, Draw draw, string field, int tries)
    {
        if (path.IsEmpty || unwrap(value) is not { } held)
            return base.TryMend(ref value, path, draw, field, tries);
        var mended = (object?)held;
        if (!inner.TryMend(ref mended, path, draw, field, tries))
            return false;
        value = wrap(mended);
        return true;
    }

    public override IEnumerable<object?> Shrink(object? value) =>
        unwrap(value) is { } held ? inner.Shrink(held).Select(wrap).Prepend(wrap(null)) : [];

    public override void Visit(object? value, string field, Action<ScalarShape, string, object> visit)
    {
        if (unwrap(value) is { } held)
            inner.Visit(held, field, visit);
    }

    public override object? Map(object? value, Func<ScalarShape, object, object> change) =>
        unwrap(value) is { } held ? wrap(inner.Map(held, change)) : value;
}

/// <summary>One of a closed set of types.</summary>
internal sealed class ChoiceShape(Type type, ImmutableArray<Shape> cases) : Shape(type)
{
    public ImmutableArray<Shape> Cases { get; } = cases;

    public override object? Generate(Draw draw, string field, int tries)
    {
        // Deep inside, a case with the fewest parts lets a tree end.
        var from = draw.IsDeep
            ? [.. Cases.OrderBy(one => one is RecordShape record ? record.PartsOf(Type) : one is ScalarShape ? 0 : 1).Take(1)]
            : Cases;
        return draw.Entropy.Pick(from.AsSpan()).Generate(draw, field, tries);
    }

    public override bool TryMend(ref object? value, ReadOnlySpan<string> path, Draw draw, string field, int tries) =>
        path.IsEmpty ? base.TryMend(ref value, path, draw, field, tries) : CaseOf(value).TryMend(ref value, path, draw, field, tries);

    public override IEnumerable<object?> Shrink(object? value) => CaseOf(value).Shrink(value);

    public override void Visit(object? value, string field, Action<ScalarShape, string, object> visit) => CaseOf(value).Visit(value, field, visit);

    public override object? Map(object? value, Func<ScalarShape, object, object> change) => CaseOf(value).Map(value, change);

    public override bool Checks(object value) => CaseOf(value).Checks(value);

    private Shape CaseOf(object? value) => Cases.First(one => one.Type == value!.GetType());
}
