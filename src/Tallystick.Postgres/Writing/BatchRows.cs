namespace Tallystick.Postgres.Writing;

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
}
