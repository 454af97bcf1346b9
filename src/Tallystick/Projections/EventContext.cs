using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Projections;

/// <summary>Where and when an event happened: what a handler may know beside the event itself. <c>default</c> is no event and throws.</summary>
/// <param name="tenant">Whose event it is.</param>
/// <param name="recorded">The event as it is stored.</param>
public readonly struct EventContext(TenantId tenant, RecordedEvent recorded) : IEquatable<EventContext>
{
    private readonly RecordedEvent? _recorded = recorded;

    /// <summary>Whose event it is.</summary>
    public TenantId Tenant { get; } = tenant;

    /// <summary>The entity that it belongs to; its key is the default key of a document.</summary>
    public StreamId Stream => Recorded.Stream;

    /// <summary>Its place in the stream; the first is 1.</summary>
    public StreamVersion Version => Recorded.Version;

    /// <summary>Its place in the tenant's log; the first is 1.</summary>
    public LogPosition Position => Recorded.Position;

    /// <summary>When the server stored it, in UTC: the only time that a handler may use, since a rebuild must give the same again.</summary>
    public DateTimeOffset Time => Recorded.Time;

    /// <summary>Where it comes from.</summary>
    public EventMetadata Metadata => Recorded.Metadata;

    /// <summary>What it concerns.</summary>
    public ImmutableArray<string> Tags => Recorded.Tags;

    /// <summary>Identifies the event for ever.</summary>
    public Guid EventId => Recorded.Id;

    /// <summary>The stable type name under which it is stored.</summary>
    public string EventType => Recorded.Type;

    private RecordedEvent Recorded => _recorded ?? throw new InvalidOperationException("default(EventContext) is the context of no event.");

    /// <inheritdoc/>
    public bool Equals(EventContext other) => Tenant == other.Tenant && ReferenceEquals(_recorded, other._recorded);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is EventContext other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Tenant, _recorded?.Position);

    /// <summary>Whether both are of the same event.</summary>
    public static bool operator ==(EventContext left, EventContext right) => left.Equals(right);

    /// <summary>Whether they are of different events.</summary>
    public static bool operator !=(EventContext left, EventContext right) => !left.Equals(right);
}
