using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Projections;

public sealed class EventContextTests
{
    private static readonly TenantId Acme = TenantId.Parse("acme"), Umbrella = TenantId.Parse("umbrella");

    [Fact]
    public void A_context_tells_all_that_is_known_of_its_event()
    {
        var recorded = Recorded(7);
        var at = new EventContext(Acme, recorded);

        Assert.Equal(
            (Acme, recorded.Stream, recorded.Version, recorded.Position, recorded.Time, recorded.Metadata, recorded.Id, recorded.Type),
            (at.Tenant, at.Stream, at.Version, at.Position, at.Time, at.Metadata, at.EventId, at.EventType));
        Assert.Equal(recorded.Tags, at.Tags);
    }

    [Fact]
    public void Contexts_are_equal_if_they_are_of_the_same_event_of_the_same_tenant()
    {
        var recorded = Recorded(7);
        var at = new EventContext(Acme, recorded);
        object same = new EventContext(Acme, recorded);

        Assert.True(at == (EventContext)same);
        Assert.True(at.Equals(same));
        Assert.Equal(at.GetHashCode(), same.GetHashCode());
        Assert.True(at != new EventContext(Acme, Recorded(7)));
        Assert.True(at != new EventContext(Umbrella, recorded));
        Assert.False(at.Equals(recorded));
    }

    [Fact]
    public void The_context_of_no_event_says_so() =>
        Assert.Contains("no event", Assert.Throws<InvalidOperationException>(() => default(EventContext).Position).Message, StringComparison.Ordinal);

    private static RecordedEvent Recorded(long position) => new()
    {
        Position = LogPosition.Of(position), Id = new Guid(1, 2, 3, new byte[8]), Stream = new StreamId("order", "1"), Version = StreamVersion.Of(2),
        Type = "order.placed", SchemaVersion = 1, Time = DateTimeOffset.UnixEpoch, Tags = ["vip"], Metadata = new EventMetadata(CorrelationId: "c"),
        Payload = "{}"u8.ToArray(), Salt = new byte[16], PayloadHash = default, TreeNodes = new byte[Tallystick.Audit.Hash256.ByteLength],
    };
}
