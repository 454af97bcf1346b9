using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>What a row of the table of events says besides its place.</summary>
internal readonly record struct EventFields(
    Guid Id, string Type, int SchemaVersion, ImmutableArray<string> Tags, EventMetadata Metadata, ReadOnlyMemory<byte> Salt, byte[] Hashes, ReadOnlyMemory<byte> Payload);

/// <summary>The rows that a batch inserts into the table of events, and those for its tags, by columns: that is how <c>unnest</c> takes them.</summary>
internal sealed class EventColumns
{
    public List<long> Position { get; } = [];

    public List<long> Version { get; } = [];

    public List<long> Time { get; } = [];

    public List<int> Schema { get; } = [];

    public List<Guid> Id { get; } = [];

    public List<Guid?> Causation { get; } = [];

    public List<string> Tenant { get; } = [];

    public List<string> Stream { get; } = [];

    public List<string> Type { get; } = [];

    public List<string?> Tags { get; } = [];

    public List<string?> Correlation { get; } = [];

    public List<string?> Trace { get; } = [];

    public List<string?> User { get; } = [];

    public List<ReadOnlyMemory<byte>> Salt { get; } = [];

    public List<ReadOnlyMemory<byte>> Hashes { get; } = [];

    public List<ReadOnlyMemory<byte>> Payload { get; } = [];

    public List<long> TagPosition { get; } = [];

    public List<string> TagTenant { get; } = [];

    public List<string> Tag { get; } = [];

    public void Add(TenantId tenant, LogPosition position, StreamVersion version, long timeTicks, string stream, in EventFields e)
    {
        Position.Add(position.Value);
        Version.Add(version.Value);
        Time.Add(timeTicks);
        Schema.Add(e.SchemaVersion);
        Id.Add(e.Id);
        Causation.Add(e.Metadata.CausationId);
        Tenant.Add(tenant.Value);
        Stream.Add(stream);
        Type.Add(e.Type);
        Correlation.Add(e.Metadata.CorrelationId);
        Trace.Add(e.Metadata.TraceParent);
        User.Add(e.Metadata.UserId);
        Salt.Add(e.Salt);
        Hashes.Add(e.Hashes);
        Payload.Add(e.Payload);
        AddTags(tenant, position, e.Tags);
    }

    private void AddTags(TenantId tenant, LogPosition position, ImmutableArray<string> tags)
    {
        // A tag has no control characters, so lines can't be misread. The event keeps its tags as given, the index has each of them once.
        Tags.Add(tags.Length switch { 0 => null, 1 => tags[0], _ => string.Join('\n', tags) });
        for (var i = 0; i < tags.Length; i++)
        {
            if (tags.AsSpan(0, i).Contains(tags[i]))
                continue;
            TagPosition.Add(position.Value);
            TagTenant.Add(tenant.Value);
            Tag.Add(tags[i]);
        }
    }
}
