using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Tallystick.Commands;

namespace Tallystick.Testing.Generation;

/// <summary>
/// How values are generated from their types. Nothing needs to be said for records, closed hierarchies, enums, immutable collections and
/// the usual simple values; what only the application knows (a checksum, a code out of a list) is supplied here.
/// </summary>
public sealed record GenerationOptions
{
    /// <summary>Nothing is supplied.</summary>
    public static GenerationOptions Default { get; } = new();

    /// <summary>
    /// How likely a simple value is one that was used before in the same run for a field of the same name, so that commands refer to each
    /// other's values. From 0 to 1; default 0.6.
    /// </summary>
    public double ReuseProbability { get; init; } = 0.6;

    /// <summary>
    /// How likely a simple value is a nasty one: empty, blank, very long, unusual characters, the ends of a number's range. From 0 to 1;
    /// default 0.1. Validated commands only get what their validation lets through.
    /// </summary>
    public double NastyProbability { get; init; } = 0.1;

    /// <summary>The most elements of a collection. Default 5.</summary>
    public int ElementsMax { get; init; } = 5;

    /// <summary>How often a value that its validation refuses is mended before it is given up. Default 500.</summary>
    public int TriesMax { get; init; } = 500;

    internal ImmutableDictionary<Type, Supply> Supplies { get; init; } = ImmutableDictionary<Type, Supply>.Empty;

    internal ImmutableDictionary<string, ImmutableArray<object>> Pools { get; init; } =
        ImmutableDictionary.Create<string, ImmutableArray<object>>(StringComparer.OrdinalIgnoreCase);

    internal ImmutableArray<Validator> Validators { get; init; } = [];

    /// <summary>Values of this type come from a generator of FsCheck's, wherever they are needed. They aren't shrunk.</summary>
    public GenerationOptions With<T>(Gen<T> generator)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(generator);
        return Supplied<T>(generator, static _ => []);
    }

    /// <summary>Values of this type come from a generator of FsCheck's, and are shrunk by its shrinker.</summary>
    public GenerationOptions With<T>(Arbitrary<T> arbitrary)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(arbitrary);
        return Supplied<T>(arbitrary.Generator, value => arbitrary.Shrinker((T)value).Cast<object>());
    }

    /// <summary>A field with this name has one of these values, in whatever type it is found.</summary>
    /// <param name="field">The name of a property or parameter; upper and lower case are the same.</param>
    /// <param name="values">At least one.</param>
    /// <exception cref="ArgumentException">There is no value.</exception>
    public GenerationOptions WithPool<T>(string field, params ReadOnlySpan<T> values)
        where T : notnull
    {
        ArgumentException.ThrowIfNullOrEmpty(field);
        if (values.IsEmpty)
            throw new ArgumentException($"The pool of '{field}' is empty; give it at least one value.", nameof(values));
        var pool = ImmutableArray.CreateBuilder<object>(values.Length);
        foreach (var value in values)
            pool.Add(value);
        return this with { Pools = Pools.SetItem(field, pool.MoveToImmutable()) };
    }

    /// <summary>Generated commands also pass this validator, as they would have to in the application.</summary>
    public GenerationOptions With<TCommand>(CommandValidator<TCommand> validator)
        where TCommand : notnull
    {
        ArgumentNullException.ThrowIfNull(validator);
        return this with { Validators = Validators.Add(new Validator(typeof(TCommand), command => validator.Validate((TCommand)command))) };
    }

    private GenerationOptions Supplied<T>(Gen<T> generator, Func<object, IEnumerable<object>> shrink)
        where T : notnull
    {
        object Draw(ulong seed, int size) => generator.Sample(1, new Rnd(seed), size)[0];
        return this with { Supplies = Supplies.SetItem(typeof(T), new Supply(Draw, shrink)) };
    }

    /// <summary>Where the values of a type come from.</summary>
    internal sealed record Supply(Func<ulong, int, object> Draw, Func<object, IEnumerable<object>> Shrink);

    /// <summary>What else commands of a type must pass.</summary>
    internal sealed record Validator(Type CommandType, Func<object, IEnumerable<ValidationFailure>> Validate);
}
