using System.Collections.Immutable;
using System.Reflection;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>Events of a stream: given before, or expected after.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Events">The events, as objects of the application's types.</param>
public sealed record StreamEvents(StreamId Stream, ImmutableArray<object> Events)
{
    /// <summary>The events as they are written in a specification.</summary>
    public override string ToString() => $"Specification.To({CSharpText.Of(Stream.ToString())}, {string.Join(", ", Events.Select(e => CSharpText.Of(e)))})";
}

/// <summary>Events as they were given: where, when, and from whom.</summary>
internal sealed record GivenEvents(StreamId Stream, DateTimeOffset Time, EventMetadata Metadata, ImmutableArray<object> Events)
{
    public static StreamId Parse(string stream, string call)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return StreamId.TryParse(stream, out var id) ? id : throw new CheckFailedException(
            $"{call}(\"{stream}\", …) names no stream: write its category and key, such as \"order-42\".");
    }
}

/// <summary>A tenant's log in memory, with what a specification needs to write and read it.</summary>
internal sealed class SpecificationLog
{
    public static readonly TenantId Tenant = TenantId.Parse("tenant");

    private readonly SpecificationEntropy _entropy = new();
    private EventSerializer? _serializer;

    public SpecificationLog(Func<StoreOptions, IStore>? open)
    {
        var options = new StoreOptions { Time = Clock, Entropy = _entropy };
        Store = open?.Invoke(options) ?? new InMemoryStore(options);
    }

    public SpecificationClock Clock { get; } = new();

    public EventSerializer Serializer => _serializer ?? throw new InvalidOperationException("The event types come first.");

    public IStore Store { get; }

    /// <summary>
    /// The types to register: those named, then all others with an <see cref="EventTypeAttribute"/> in the same assemblies whose names are
    /// free, so that what a handler appends is known too.
    /// </summary>
    public static ImmutableArray<Type> TypesAround(IEnumerable<Type> named, params ReadOnlySpan<Assembly> assemblies)
    {
        var types = named.Distinct().ToList();
        var names = types.Select(type => EventTypeAttribute.Of(type).Name).ToHashSet(StringComparer.Ordinal);
        var around = types.Select(type => type.Assembly).Concat(assemblies.ToArray()).Distinct()
            .SelectMany(assembly => assembly.GetTypes())
            .Where(type => !type.IsAbstract && !type.ContainsGenericParameters && type.IsDefined(typeof(EventTypeAttribute), false))
            .GroupBy(type => EventTypeAttribute.Of(type).Name)
            .Where(group => group.Count() == 1 && !names.Contains(group.Key));
        return [.. types, .. around.Select(group => group.Single()).OrderBy(type => type.FullName, StringComparer.Ordinal)];
    }

    /// <summary>Says which events there are.</summary>
    public SpecificationLog Knowing(IEnumerable<Type> types, IEnumerable<Upcaster> upcasters)
    {
        _serializer = new EventSerializer(new EventTypes(types, upcasters), new IdGenerator(Clock, _entropy));
        return this;
    }

    /// <summary>Appends events as they were given; gives the position of the last.</summary>
    public async ValueTask<LogPosition> AppendAsync(GivenEvents given)
    {
        Clock.Now = given.Time > Clock.Now ? given.Time : Clock.Now;
        var commit = Commit.For(Tenant).From(given.Metadata).Append(given.Stream, ExpectedVersion.Any, [.. given.Events.Select(Serializer.Serialize)]);
        return (await Store.CommitAsync(commit, CancellationToken.None)).Demand().Position;
    }

    /// <summary>The events after a position, up to the log's end.</summary>
    public static async ValueTask<ImmutableArray<RecordedEvent>> ReadAsync(IStore store, TenantId tenant, LogPosition after, CancellationToken cancellationToken)
    {
        var events = ImmutableArray.CreateBuilder<RecordedEvent>();
        while (true)
        {
            var page = await store.ReadLogAsync(tenant, new LogRead(after, 500), cancellationToken);
            events.AddRange(page.Events);
            if (page.Through == after)
                return events.DrainToImmutable();
            after = page.Through;
        }
    }

    /// <summary>Recorded events by their streams, as objects, in the order of each stream's first.</summary>
    public static ImmutableArray<StreamEvents> ByStream(IEnumerable<RecordedEvent> events, EventSerializer serializer) =>
        [.. events.GroupBy(e => e.Stream).Select(group => new StreamEvents(group.Key, [.. group.Select(serializer.Deserialize)]))];
}
