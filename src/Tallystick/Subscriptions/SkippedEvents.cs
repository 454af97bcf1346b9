using System.Collections.Immutable;
using System.Text.Json;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>
/// The events that a projection or subscription was told to skip. They are recorded as events of the tenant's own log, in the stream
/// <c>subscription-NAME</c>: so they are in the audit, and a rebuild skips the same ones again.
/// </summary>
internal sealed class SkippedEvents(IStore store, TenantId tenant, string name, IdGenerator ids)
{
    /// <summary>The type name of the recorded events.</summary>
    public const string EventType = "tallystick.event-skipped";

    private readonly HashSet<long> _positions = [];
    private StreamVersion _read = StreamVersion.None;

    /// <summary>The skipped positions, as of the last read.</summary>
    public IReadOnlySet<long> Positions => _positions;

    private StreamId Stream { get; } = new("subscription", name);

    /// <summary>Reads what was recorded since the last read.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        var count = store.Limits.PageLengthMax;
        while (true)
        {
            var page = await store.ReadStreamAsync(tenant, new StreamRead(Stream, _read.Next(), count), cancellationToken);
            foreach (var recorded in page)
            {
                if (recorded.Type == EventType && JsonSerializer.Deserialize<EventSkipped>(recorded.Payload.Span, EventSerializer.DefaultOptions) is { } skipped)
                    _positions.Add(skipped.Position);
                _read = recorded.Version;
            }

            if (page.Length < count)
                return;
        }
    }

    /// <summary>A commit that also records that an event is skipped.</summary>
    public Commit Record(Commit commit, LogPosition position, string reason, string by)
    {
        var payload = JsonSerializer.SerializeToUtf8Bytes(new EventSkipped(name, position.Value, reason, by), EventSerializer.DefaultOptions);
        var skipped = new NewEvent(ids.NewId(), EventType, 1, payload, []);
        return commit.Append(Stream, ExpectedVersion.Any, ImmutableArray.Create(skipped));
    }

    private sealed record EventSkipped(string Subscription, long Position, string Reason, string By);
}
