using System.Reflection;
using FsCheck;
using FsCheck.Fluent;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tests.Audit;

namespace Tallystick.Tests.Storage;

/// <summary>An event's leaf covers every field, in a form that never changes.</summary>
public sealed class EventLeafTests
{
    [Fact]
    public void Changing_any_single_field_changes_the_leaf() =>
        Prop.ForAll(Arb.From(Events()), e => Assert.All(AlteredEvent.Headers, alteration => Assert.NotEqual(EventLeaf.Hash(e), EventLeaf.Hash(alteration.Alter(e)))))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void Every_field_of_an_event_and_of_its_metadata_is_altered_by_that_test()
    {
        string[] coveredByThePayloadsHash = [nameof(RecordedEvent.Payload), nameof(RecordedEvent.Salt)];
        string[] derived = [nameof(RecordedEvent.TreeNodes), nameof(RecordedEvent.LeafHash), nameof(RecordedEvent.Metadata)];
        var fields = typeof(RecordedEvent).GetProperties().Concat(typeof(EventMetadata).GetProperties(BindingFlags.Public | BindingFlags.Instance))
            .Select(property => property.Name).Except(coveredByThePayloadsHash).Except(derived);
        Assert.Equal(fields.Order(StringComparer.Ordinal), AlteredEvent.Headers.Select(alteration => alteration.Field).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Tags_are_told_apart_however_they_are_cut()
    {
        string[][] all = [[], [""], ["", ""], ["ab"], ["a", "b"], ["b", "a"], ["", "ab"], ["ab", ""]];
        var e = Events().Sample(1, 1).First();
        Assert.Equal(all.Length, all.Select(tags => EventLeaf.Hash(AlteredEvent.With(e, tags: [.. tags]))).Distinct().Count());
        Assert.Equal(EventLeaf.Hash(AlteredEvent.With(e, tags: [])), EventLeaf.Hash(AlteredEvent.With(e, tags: default(System.Collections.Immutable.ImmutableArray<string>))));
    }

    /// <summary>Both values were computed by another program (Python's hashlib and struct) from the form that EventLeaf documents.</summary>
    [Fact]
    public void The_stored_form_never_changes()
    {
        var salt = Enumerable.Range(0, 16).Select(i => (byte)i).ToArray();
        var payloadHash = PreparedCommit.HashPayload(salt, """{"a":1}"""u8);
        Assert.Equal("aed8a0ebb5f60a8aa06554873318b8e888584ebddf7878258719930ae328cbb2", payloadHash.ToString());
        var e = new NewEvent(Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), "order.placed", 2, default, ["x:1", "\U0001F600"]);
        var metadata = new EventMetadata("c", Guid.Parse("ffeeddcc-bbaa-9988-7766-554433221100"), null, "");
        Assert.Equal(
            "9616206ec2c1daf42146777a65e380cf5ab4ad257f117a1dcca22c72a55105b4",
            EventLeaf.Hash(LogPosition.Of(7), new StreamId("order", "4ä"), StreamVersion.Of(3), DateTimeOffset.FromUnixTimeSeconds(1), e, metadata, payloadHash).ToString());
        Assert.Equal(
            "c1e07bf858c70a011613e4407a2abe7466f85b1c429f79a2e011380e647cfbb8",
            EventLeaf.Hash(LogPosition.Of(1), new StreamId("a", "b"), StreamVersion.Of(1), default, new NewEvent(Guid.Empty, "t", 1, default, []), EventMetadata.None, default).ToString());
    }

    [Fact]
    public void A_header_of_the_greatest_size_is_hashed_as_well()
    {
        var e = Events().Sample(1, 1).First();
        var large = AlteredEvent.With(e, tags: [.. Enumerable.Repeat(new string('\uFFFD', 256), 32)], metadata: new EventMetadata(UserId: new string('ä', 1024)));
        Assert.Equal(EventLeaf.Hash(large), EventLeaf.Hash(AlteredEvent.With(large)));
        Assert.NotEqual(EventLeaf.Hash(large), EventLeaf.Hash(AlteredEvent.With(large, metadata: EventMetadata.None)));
    }

    [Fact]
    public void The_same_instant_in_another_offset_has_the_same_leaf()
    {
        var e = Events().Sample(1, 1).First();
        Assert.Equal(EventLeaf.Hash(e), EventLeaf.Hash(AlteredEvent.With(e, time: e.Time.ToOffset(TimeSpan.FromHours(3)))));
    }

    private static Gen<RecordedEvent> Events() =>
        from position in Gen.Choose(1, int.MaxValue)
        from version in Gen.Choose(1, int.MaxValue)
        from id in ArbMap.Default.GeneratorFor<Guid>()
        from category in Gen.Elements("a", "order", "x.y_9")
        from key in Gen.Elements("1", "ä-b", "\U0001F600")
        from type in Gen.Elements("t", "order.placed", "bestellung.geändert")
        from schema in Gen.Choose(1, 9)
        from seconds in Gen.Choose(0, int.MaxValue)
        from tags in Gen.Elements("x:1", "y:2", "", "ü").ListOf()
        from texts in Gen.Elements<string?>(null, "", "a", "ann").ListOf(3)
        from causation in Gen.Elements<Guid?>(null, Guid.Empty, id)
        select new RecordedEvent
        {
            Position = LogPosition.Of(position), Version = StreamVersion.Of(version), Id = id, Stream = new StreamId(category, key), Type = type,
            SchemaVersion = schema, Time = DateTimeOffset.FromUnixTimeSeconds(seconds), Tags = [.. tags], Payload = default, Salt = default,
            Metadata = new EventMetadata(texts[0], causation, texts[1], texts[2]), PayloadHash = MerkleTree.HashLeaf(id.ToByteArray()), TreeNodes = default,
        };
}
