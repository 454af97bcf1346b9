using System.Collections.Immutable;
using System.Text;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Testing.Randomness;
using Tallystick.Tests.Commands;

namespace Tallystick.Tests.Events;

/// <summary>What is stored of an event, and what becomes of stored bytes that aren't as they should be.</summary>
public sealed class EventSerializerTests
{
    private static readonly EventSerializer Serializer = new(
        new EventTypes([typeof(Shipped), typeof(Bare), typeof(Picky)], []), new IdGenerator(new InstantTime(), new SeededEntropy(1)));

    public enum Carrier
    {
        Unknown,
        SlowPost,
    }

    [Fact]
    public void An_event_is_stored_as_plain_json_under_its_stable_name()
    {
        var stored = Serializer.Serialize(new Shipped("o-1", null, Carrier.SlowPost, 12.50m, new DateOnly(2026, 2, 3), ["a", "b"], 7));
        Assert.Equal(("order.shipped", 3), (stored.Type, stored.SchemaVersion));
        Assert.Equal(
            """{"orderId":"o-1","note":null,"carrier":"slowPost","weight":12.50,"day":"2026-02-03","parcels":["a","b"],"depot":7}""",
            Encoding.UTF8.GetString(stored.Payload.Span));
        Assert.Equal(7, stored.Id.Version);
    }

    [Fact]
    public void Tags_come_from_marked_properties_in_the_order_of_their_prefixes_and_none_from_null()
    {
        Assert.Equal(["depot:7", "order:o-1"], Serializer.Serialize(new Shipped("o-1", null, default, 0, default, [], 7)).Tags);
        Assert.Equal(["depot:1234567", "note:n", "order:o-1"], Serializer.Serialize(new Shipped("o-1", "n", default, 0, default, [], 1234567)).Tags);
        Assert.Empty(Serializer.Serialize(new Bare()).Tags);
    }

    [Fact]
    public void An_event_survives_the_way_to_bytes_and_back()
    {
        var shipped = new Shipped("ö\"1\u2028", "\U0001F600", Carrier.SlowPost, 0.0000000000000000000000000001m, DateOnly.MaxValue, ["x"], -1);
        var read = Assert.IsType<Shipped>(Serializer.Deserialize(Recorded(Serializer.Serialize(shipped))));
        Assert.Equal(shipped with { Parcels = default }, read with { Parcels = default });
        Assert.Equal(shipped.Parcels, read.Parcels);
        Assert.Equal(new Bare(), Serializer.Deserialize(Recorded(Serializer.Serialize(new Bare()))));
    }

    [Theory]
    [InlineData("order.unknown", 1, "{}", "no registered event type")]
    [InlineData("Tallystick.Tests.Events.EventSerializerTests+Bare", 1, "{}", "no registered event type")]
    [InlineData("order.bare", 2, "{}", "newer code")]
    [InlineData("order.shipped", 2, "{}", "no upcaster reads version 2")]
    [InlineData("order.bare", 1, "", "doesn't fit")]
    [InlineData("order.bare", 1, "null", "payload is null")]
    [InlineData("order.bare", 1, "[]", "doesn't fit")]
    [InlineData("order.bare", 1, "{", "doesn't fit")]
    [InlineData("order.bare", 1, "{}{}", "doesn't fit")]
    [InlineData("order.picky", 1, "{\"value\":\"1\"}", "doesn't fit")]
    [InlineData("order.picky", 1, "{\"value\":1.5}", "doesn't fit")]
    [InlineData("order.picky", 1, "{\"value\":99999999999}", "doesn't fit")]
    [InlineData("order.picky", 1, "{}", "doesn't fit")]
    [InlineData("order.picky", 1, "{\"value\":null}", "doesn't fit")]
    [InlineData("order.picky", 1, "{\"value\":-1}", "doesn't fit")]
    public void What_cannot_be_read_is_an_error_that_names_the_position(string type, int version, string json, string reason)
    {
        var error = Assert.Throws<EventFormatException>(() => Serializer.Deserialize(
            Recorded(new NewEvent(Guid.Empty, type, version, Encoding.UTF8.GetBytes(json), []))));
        Assert.Equal(LogPosition.Of(42), error.Position);
        Assert.Contains("at position 42", error.Message, StringComparison.Ordinal);
        Assert.Contains(type, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [Theory]
    [InlineData("\"carrier\":1")]
    [InlineData("\"carrier\":\"nonsense\"")]
    [InlineData("\"carrier\":\"1\"")]
    [InlineData("\"carrier\":null")]
    public void An_enum_is_read_by_its_name_alone(string carrier)
    {
        var json = $$"""{"orderId":"o","note":null,{{carrier}},"weight":1,"day":"2026-02-03","parcels":[],"depot":null}""";
        Assert.Throws<EventFormatException>(() => Serializer.Deserialize(
            Recorded(new NewEvent(Guid.Empty, "order.shipped", 3, Encoding.UTF8.GetBytes(json), []))));
    }

    [Fact]
    public void An_unregistered_event_is_refused_with_what_to_do()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Serializer.Serialize(new Unregistered()));
        Assert.Contains("AddEvents", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => Serializer.Serialize(null!));
    }

    [Fact]
    public void Two_types_of_one_name_are_refused_and_a_repetition_is_not()
    {
        var error = Assert.Throws<InvalidOperationException>(() => new EventTypes([typeof(Bare), typeof(BareToo)], []));
        Assert.Contains("'order.bare' is used by", error.Message, StringComparison.Ordinal);
        Assert.Single(new EventTypes([typeof(Bare), typeof(Bare)], []).All);
        Assert.Throws<InvalidOperationException>(() => new EventTypes([typeof(string)], []));
    }

    private static RecordedEvent Recorded(NewEvent e) => new()
    {
        Position = LogPosition.Of(42), Id = e.Id, Stream = new StreamId("order", "1"), Version = StreamVersion.Of(1), Type = e.Type,
        SchemaVersion = e.SchemaVersion, Time = DateTimeOffset.UnixEpoch, Tags = e.Tags, Metadata = EventMetadata.None, Payload = e.Payload,
        Salt = new byte[PreparedCommit.SaltBytes], PayloadHash = default, TreeNodes = new byte[Hash256.ByteLength],
    };

    [EventType("order.shipped", Version = 3)]
    public sealed record Shipped(
        [property: EventTag("order")] string OrderId, [property: EventTag("note")] string? Note, Carrier Carrier, decimal Weight, DateOnly Day,
        ImmutableArray<string> Parcels, [property: EventTag("depot")] int? Depot);

    [EventType("order.bare")]
    public sealed record Bare;

    [EventType("order.bare")]
    public sealed record BareToo;

    [EventType("order.unregistered")]
    public sealed record Unregistered;

    /// <summary>Checks itself, as a type of the user's may.</summary>
    [EventType("order.picky")]
    public sealed record Picky
    {
        public Picky(int value) => Value = value >= 0 ? value : throw new InvalidOperationException("Not negative.");

        public int Value { get; }
    }
}
