using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using FsCheck;
using Tallystick.Events;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Machines;

/// <summary>
/// Upcasters whose properties are about to be checked, and how. An older shape is given as the record that it once was (a copy, kept in the tests)
/// or as stored JSON; it is lifted and read as the application would.
/// </summary>
public sealed class UpcasterProperties
{
    private const string Rule = "Events of an older shape are read as events of today";

    private readonly ImmutableArray<Upcaster> _upcasters;

    internal UpcasterProperties(ImmutableArray<Upcaster> upcasters, PropertyOptions options)
    {
        if (upcasters.IsEmpty)
            throw new ArgumentException("Name at least one upcaster.", nameof(upcasters));
        (_upcasters, Options) = (upcasters, options);
    }

    /// <summary>How thoroughly they are checked, and with what.</summary>
    public PropertyOptions Options { get; }

    /// <summary>With other options.</summary>
    public UpcasterProperties With(PropertyOptions options) => new(_upcasters, options);

    /// <summary>With the seed that a failure printed: the same events are lifted again.</summary>
    public UpcasterProperties WithSeed(long seed) => With(Options with { Seed = seed });

    /// <summary>With another number of random events. Default 100.</summary>
    public UpcasterProperties WithRuns(int runs) => With(Options with { Runs = runs });

    /// <summary>With a generator of FsCheck's for a type that can't be generated from its shape alone.</summary>
    public UpcasterProperties With<T>(Gen<T> generator)
        where T : notnull => With(Options with { Generation = Options.Generation.With(generator) });

    /// <summary>
    /// Random events of an old record are read as today's: what is read fits the type, survives being stored in today's shape, is the same when it
    /// is read again, and is what is demanded.
    /// </summary>
    /// <typeparam name="TOld">
    /// The record as it was then. An <see cref="EventTypeAttribute"/> on it names the stored type and version; without one these are what the first
    /// upcaster reads.
    /// </typeparam>
    /// <typeparam name="TToday">The event as it is today.</typeparam>
    /// <param name="holds">What holds between the old event and the one read. Null: nothing more is demanded.</param>
    /// <param name="text">The source text of the demand; the compiler supplies it.</param>
    /// <exception cref="CheckFailedException">An event of the old shape can't be read, or is read as something else.</exception>
    public UpcasterProperties Lift<TOld, TToday>(Func<TOld, TToday, bool>? holds = null, [CallerArgumentExpression(nameof(holds))] string text = "")
        where TOld : class
        where TToday : class
    {
        var log = LogOf(typeof(TToday));
        var (type, version) = StoredAs(typeof(TOld));
        var generator = new ValueGenerator(typeof(TOld), Options.Generation);
        var experiment = new Experiment<object, ValueFinding>(
            Options,
            (seed, size) => generator.Next(new SeededEntropy(unchecked((long)seed)), new ValueMemory(), size),
            generator.Shrink,
            old => Find(log, type, version, JsonSerializer.Serialize(old, typeof(TOld), EventSerializer.DefaultOptions), read => holds is null || holds((TOld)old, (TToday)read), text));
        if (experiment.Run() is not { } found)
            return this;
        throw new CheckFailedException(
            $"{found.Finding.Rule}: that doesn't hold for {type} version {version}.\n\n{found.Finding.What}\n\nThe old event:\n  {CSharpText.Of(found.Value)}\n\n{found.Provenance}");
    }

    /// <summary>An event as it is stored somewhere is read as this event of today.</summary>
    /// <param name="json">The payload.</param>
    /// <param name="expected">What is read.</param>
    /// <exception cref="CheckFailedException">It can't be read, or is read as something else.</exception>
    public UpcasterProperties LiftJson<TToday>(string json, TToday expected)
        where TToday : class
    {
        ArgumentException.ThrowIfNullOrEmpty(json);
        var (type, version) = (_upcasters[0].Type, _upcasters[0].From);
        var difference = Difference.Between(null, null);
        var finding = Find(LogOf(typeof(TToday)), type, version, json, read => (difference = Difference.Between(expected, read)).IsEmpty, "");
        return finding is null ? this : throw new CheckFailedException(
            $"{Rule}: that doesn't hold for {type} version {version}.\n\n{(difference.IsEmpty ? finding.What : $"Another event was expected:\n{difference}\nIt was stored as {json}")}");
    }

    private static ValueFinding? Find(StoredLog log, string type, int version, string json, Func<object, bool> holds, string text)
    {
        try
        {
            var stored = StoredLog.Recorded(type, version, Encoding.UTF8.GetBytes(json));
            var read = log.Serializer.Deserialize(stored);
            var again = Difference.Between(read, log.Serializer.Deserialize(stored));
            if (!again.IsEmpty)
                return new ValueFinding(Rule, $"Read a second time, it is another event:\n{again}\nIt was stored as {json}");
            if (log.RoundTrip(read).Problem is { } problem)
                return new ValueFinding(Rule, $"What is read doesn't survive being stored in today's shape. {problem}");
            return holds(read) ? null : new ValueFinding(Rule, $"It is read as {CSharpText.Of(read)}\nfor which this is false: {text}\nIt was stored as {json}");
        }
        catch (Exception error)
        {
            return new ValueFinding(Rule, $"{error.Message}\nIt was stored as {json}");
        }
    }

    private StoredLog LogOf(Type today)
    {
        try
        {
            return new StoredLog([today], _upcasters);
        }
        catch (InvalidOperationException error)
        {
            throw new CheckFailedException($"No application could register these upcasters: {error.Message}", error);
        }
    }

    private (string Type, int Version) StoredAs(Type old) => old.GetCustomAttribute<EventTypeAttribute>() is { } attribute
        ? (attribute.Name, attribute.Version)
        : (_upcasters[0].Type, _upcasters[0].From);
}
