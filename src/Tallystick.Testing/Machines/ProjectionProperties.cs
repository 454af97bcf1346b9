using System.Collections.Immutable;
using FsCheck;
using Tallystick.Commands;
using Tallystick.Projections;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Machines;

/// <summary>
/// A projection whose properties are about to be checked, and how. Random commands for the deciders whose events it handles make logs of several
/// streams; the subscription engine itself delivers each log in different ways, and the rows must be those of one plain pass.
/// </summary>
public sealed class ProjectionProperties
{
    private const int RunsDefault = 50;

    private readonly Func<Projection> _make;
    private readonly ImmutableArray<Decider> _deciders;

    internal ProjectionProperties(Func<Projection> make)
        : this(make, [], new PropertyOptions { Runs = RunsDefault })
    {
    }

    private ProjectionProperties(Func<Projection> make, ImmutableArray<Decider> deciders, PropertyOptions options) =>
        (_make, _deciders, Options) = (make, deciders, options);

    /// <summary>How thoroughly it is checked, and with what. Default: 50 runs of up to 30 commands.</summary>
    public PropertyOptions Options { get; }

    /// <summary>With other options.</summary>
    public ProjectionProperties With(PropertyOptions options) => new(_make, _deciders, options);

    /// <summary>With the seed that a failure printed: the same logs are delivered again in the same ways.</summary>
    public ProjectionProperties WithSeed(long seed) => With(Options with { Seed = seed });

    /// <summary>With another number of random logs. Default 50.</summary>
    public ProjectionProperties WithRuns(int runs) => With(Options with { Runs = runs });

    /// <summary>With at most so many commands for a log. Default 30.</summary>
    public ProjectionProperties WithLength(int commandsMax) => With(Options with { LengthMax = commandsMax });

    /// <summary>With a generator of FsCheck's for a type that can't be generated from its shape alone.</summary>
    public ProjectionProperties With<T>(Gen<T> generator)
        where T : notnull => With(Options with { Generation = Options.Generation.With(generator) });

    /// <summary>With the values that a field may have.</summary>
    /// <param name="field">The name of a property or parameter.</param>
    /// <param name="values">At least one.</param>
    public ProjectionProperties WithPool<T>(string field, params T[] values)
        where T : notnull => With(Options with { Generation = Options.Generation.WithPool<T>(field, values) });

    /// <summary>
    /// With the events of this decider. If none is named, all deciders that stand beside the events that it handles are used, if they can be
    /// made without arguments.
    /// </summary>
    public ProjectionProperties From<TDecider>()
        where TDecider : Decider, new() => new(_make, _deciders.Add(new TDecider()), Options);

    /// <summary>The rows are the same whatever the batches in which events come, and whatever of the documents is still in memory.</summary>
    /// <exception cref="CheckFailedException">They aren't for a log, which is printed.</exception>
    public ProjectionProperties SameRowsForAnyBatches() => Check(DeliveryKind.Batches);

    /// <summary>The rows are the same when another process goes on from the checkpoint, at rest or after a death in the middle of a commit.</summary>
    /// <exception cref="CheckFailedException">They aren't for a log, which is printed.</exception>
    public ProjectionProperties SameRowsAfterRestarts() => Check(DeliveryKind.Restarts);

    /// <summary>The rows are the same when commits fail, before or after they took effect, so that events are delivered again.</summary>
    /// <exception cref="CheckFailedException">They aren't for a log, which is printed.</exception>
    public ProjectionProperties SameRowsAfterRepeatedDeliveries() => Check(DeliveryKind.Repetitions);

    /// <summary>The rows are the same after a rebuild from the beginning.</summary>
    /// <exception cref="CheckFailedException">They aren't for a log, which is printed.</exception>
    public ProjectionProperties SameRowsAfterRebuild() => Check(DeliveryKind.Rebuild);

    /// <summary>All of it: batches, restarts, repeated deliveries, rebuild.</summary>
    /// <exception cref="CheckFailedException">One of these doesn't hold for a log, which is printed.</exception>
    public ProjectionProperties KeepsTheRules() =>
        Check(DeliveryKind.Batches, DeliveryKind.Restarts, DeliveryKind.Repetitions, DeliveryKind.Rebuild);

    private ProjectionProperties Check(params ReadOnlySpan<DeliveryKind> kinds)
    {
        var projection = _make();
        new ProjectionMachine(_make, Options, _deciders.IsEmpty ? FindDeciders(projection) : _deciders).Check(kinds);
        return this;
    }

    private static ImmutableArray<Decider> FindDeciders(Projection projection)
    {
        var found = projection.EventTypes.Select(type => type.Assembly).Distinct()
            .SelectMany(assembly => assembly.GetTypes())
            .Where(type => type is { IsAbstract: false, ContainsGenericParameters: false } && type.IsAssignableTo(typeof(Decider)) && type.GetConstructor([]) is not null)
            .OrderBy(type => type.FullName, StringComparer.Ordinal)
            .Select(type => (Decider)Activator.CreateInstance(type)!)
            .Where(decider => projection.EventTypes.Any(type => decider.EventType.IsAssignableFrom(type)))
            .ToImmutableArray();
        var missing = projection.EventTypes.FirstOrDefault(type => !found.Any(decider => decider.EventType.IsAssignableFrom(type)));
        if (missing is not null)
        {
            throw new CheckFailedException(
                $"No decider in {missing.Assembly.GetName().Name} that can be made without arguments has the event {CSharpText.TypeName(missing)}, which "
                + $"{CSharpText.TypeName(projection.GetType())} handles. Name the deciders by From<TDecider>().");
        }

        var twice = found.GroupBy(decider => decider.Category).FirstOrDefault(group => group.Count() > 1);
        return twice is null ? found : throw new CheckFailedException(
            $"Several deciders have the category '{twice.Key}': {string.Join(", ", twice.Select(decider => CSharpText.TypeName(decider.GetType())))}. Name the one to use by From<TDecider>().");
    }
}
