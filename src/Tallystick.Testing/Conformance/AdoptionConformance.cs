using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Simulations;
using Tallystick.Testing.Time;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>That a store takes over what another one has recorded exactly as it is, or not at all.</summary>
internal sealed class AdoptionConformance : ConformanceArea
{
    /// <summary>What can be wrong with an event to adopt, each as it would come from a damaged copy.</summary>
    private static readonly SortedDictionary<string, (string Says, Func<RecordedEvent, RecordedEvent> Damage)> Damages = new(StringComparer.Ordinal)
    {
        ["another payload"] = ("payload was altered", e => Copy(e, payload: "{\"total\":1000000}"u8.ToArray())),
        ["another salt"] = ("payload was altered", e => Copy(e, salt: new byte[PreparedCommit.SaltBytes])),
        ["a short salt"] = ("salt has 3 bytes", e => Copy(e, salt: new byte[3])),
        ["another type"] = ("header was altered", e => Copy(e, type: "order.paid")),
        ["another time"] = ("header was altered", e => Copy(e, time: e.Time.AddTicks(1))),
        ["another user"] = ("header was altered", e => Copy(e, metadata: e.Metadata with { UserId = "mallory" })),
        ["another payload with its hash"] = ("header was altered", e => Copy(e, payload: "[]"u8.ToArray(), payloadHash: PreparedCommit.HashPayload(e.Salt.Span, "[]"u8))),
        ["no tree nodes"] = ("header was altered", e => Copy(e, nodes: [])),
        ["another tree node"] = ("tree nodes don't fit", e => Copy(e, nodes: [.. e.TreeNodes.ToArray()[..^1], (byte)(e.TreeNodes.Span[^1] ^ 1)])),
        ["one tree node too many"] = ("tree nodes don't fit", e => Copy(e, nodes: [.. e.TreeNodes.ToArray(), .. new byte[Hash256.ByteLength]])),
        ["a later version of its stream"] = ("is version 3 of stream order-1, which is at version 1", e => Sealed(Copy(e, version: 3))),
        ["a later position"] = ("it follows position 1", e => Sealed(Copy(e, position: 3))),
        ["a time before"] = ("is before the time", e => Sealed(Copy(e, time: e.Time.AddSeconds(-1)))),
    };

    public static IEnumerable<string> DamageNames() => [.. Damages.Keys];

    /// <summary>Events of a stream as another store has recorded them, from its first; always the same.</summary>
    public static ImmutableArray<RecordedEvent> After(string stream, int count)
    {
        var recorder = new InMemoryStore(new StoreOptions { Time = new ManualTime(), Entropy = new SameSalt() });
        var tenant = TenantId.Parse("recorder");
        var events = Enumerable.Range(1, count)
            .Select(n => new NewEvent(TestEvents.Id(5000 + n), "order.placed", 1, TestEvents.Bytes($"{n}"), ["seat:1"])).ToImmutableArray();
        _ = recorder.CommitAsync(
            Commit.For(tenant).Append(StreamId.Parse(stream), ExpectedVersion.NoStream, events).From(new EventMetadata(UserId: "ann")), default).AtOnce();
        return recorder.ReadLogAsync(tenant, new LogRead(default, count), default).AtOnce().Events;
    }

    /// <summary>One event as another store has recorded it.</summary>
    public static RecordedEvent Recorded() => After("order-1", 1)[0];

    [Conformance]
    public async Task Adopted_events_are_stored_exactly_as_they_are_and_the_log_goes_on_after_them()
    {
        var source = await FilledAsync();
        var events = (await source.ReadLogAsync(Globex, new LogRead(default, 1000), Stop)).Events;

        var first = await DoAsync(Commit.For(Acme).Adopt(events[..4]));
        var rest = await DoAsync(Commit.For(Acme).Adopt(events[4..]));
        await ReopenAsync();

        Assert.Equal((1, 4, 5, events.Length), (first.FirstPosition.Value, first.Position.Value, rest.FirstPosition.Value, rest.Position.Value));
        Assert.Equal(TenantDump.Of(events), TenantDump.Of(await LogAsync(Acme)));
        Assert.Equal(TenantDump.Of(await source.ReadHeadAsync(Globex, Stop)), TenantDump.Of(await Store.ReadHeadAsync(Acme, Stop)));
        Assert.Equal(
            TenantDump.Of(await source.ReadStreamAsync(Globex, new StreamRead(Order2, default, 100), Stop)),
            TenantDump.Of(await Store.ReadStreamAsync(Acme, new StreamRead(Order2, default, 100), Stop)));
        var tagged = new LogRead(LogPosition.Of(2), 100, EventQuery.Tagged("seat:1").OfType("order.placed"));
        Assert.Equal(TenantDump.Of(await source.ReadLogAsync(Globex, tagged, Stop)), TenantDump.Of(await Store.ReadLogAsync(Acme, tagged, Stop)));
        var version = await source.ReadStreamVersionAsync(Globex, Order1, Stop);
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Exactly(version), Make.Event()));
        await RefusedAsync<Refusal.QueryMatched>(Commit.For(Acme).Require(EventQuery.Tagged("seat:1"), LogPosition.Of(2)));
        Assert.True((await LogVerifier.VerifyAsync(Store, Acme, null, Stop)).IsIntact);
    }

    [Conformance]
    public async Task Adopting_wakes_those_who_wait_for_the_position()
    {
        var waiting = Store.WaitForPositionAsync(Acme, LogPosition.Of(2), Stop).AsTask();

        await DoAsync(Commit.For(Acme).Adopt(After("order-1", 2)));

        await SoonAsync(waiting);
    }

    [Conformance]
    public async Task Events_that_do_not_follow_the_log_are_refused()
    {
        var events = After("order-1", 3);
        Assert.Equal(new Refusal.WrongPosition(LogPosition.Of(2), LogPosition.Start), await RefusedAsync<Refusal.WrongPosition>(Commit.For(Acme).Adopt(events[1..])));
        await DoAsync(Commit.For(Acme).Adopt(events[..2]));

        Assert.Equal(new Refusal.WrongPosition(LogPosition.Of(1), LogPosition.Of(2)), await RefusedAsync<Refusal.WrongPosition>(Commit.For(Acme).Adopt(events)));

        await DoAsync(Commit.For(Acme).Adopt(events[2..]));
    }

    [Conformance]
    [Rows(typeof(AdoptionConformance), nameof(DamageNames))]
    public async Task A_damaged_event_is_refused_by_its_place_and_nothing_of_the_commit_is_stored(string damage)
    {
        var events = After("order-1", 4);
        var (says, make) = Damages[damage];
        var before = await TenantDump.EverythingAsync(Store, Acme, Stop);

        var refused = await Assert.ThrowsAsync<ArgumentException>(() => TryAsync(Commit.For(Acme)
            .Adopt([events[0], make(events[1]), .. events[2..]]).Save("orders", LogPosition.Of(1))));

        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        Assert.Contains($"at position {(damage == "a later position" ? 3 : 2)}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, await TenantDump.EverythingAsync(Store, Acme, Stop));
        await DoAsync(Commit.For(Acme).Adopt(events));
    }

    [Conformance]
    public async Task A_damaged_event_does_not_fail_other_commits_that_come_at_the_same_time()
    {
        var damaged = Damages["another tree node"].Damage(After("order-1", 2)[1]);
        await DoAsync(Commit.For(Globex).Adopt(After("order-1", 1)));

        await AtOnceAsync(8, async thread =>
        {
            for (var i = 0; i < 10; i++)
            {
                if (thread == 0)
                    await Assert.ThrowsAsync<ArgumentException>(() => TryAsync(Commit.For(Globex).Adopt([damaged])));
                else
                    await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()));
            }
        });

        Assert.Equal((70, 1), (await HeadAsync(Acme), await HeadAsync(Globex)));
        Assert.True((await LogVerifier.VerifyAsync(Store, Acme, null, Stop)).IsIntact);
    }

    [Conformance]
    public async Task A_remembered_result_is_kept_as_it_is_and_answers_its_key()
    {
        var first = new RememberedCommit(new IdempotencyKey("once", "print"), new CommitResult.Committed(
            LogPosition.Of(3), LogPosition.Of(5), [new StreamHead(Order1, StreamVersion.Of(2)), new StreamHead(Order2, StreamVersion.None)], IsReplay: true));

        await DoAsync(Commit.For(Acme).Remember(first));
        await ReopenAsync();

        Assert.Equal(TenantDump.Of(first), TenantDump.Of(await Store.FindCommitAsync(Acme, "once", Stop)));
        var again = await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()).Once(new IdempotencyKey("once", "print")));
        Assert.Equal((true, 3, 5, 0), (again.IsReplay, again.FirstPosition.Value, again.Position.Value, await HeadAsync(Acme)));
        await DoAsync(Commit.For(Acme).Remember(first with { Result = first.Result with { Position = LogPosition.Of(6) } }));
        Assert.Equal(LogPosition.Of(6), (await Store.FindCommitAsync(Acme, "once", Stop))?.Result.Position);
    }

    /// <summary>A store in which <see cref="ConformanceArea.Globex"/> has events of several streams, types and tags.</summary>
    private async Task<IStore> FilledAsync()
    {
        var source = new InMemoryStore(new StoreOptions { Time = Time });
        await TenantCalls.FillAsync(source, Globex, 4, Stop);
        Time.Advance(TimeSpan.FromSeconds(1));
        await source.CommitAsync(Commit.For(Globex).Append(Order2, ExpectedVersion.Any, Make.Event([0xFF, 0, 1]), Make.Event(payload: "")), Stop);
        return source;
    }

    /// <summary>An event with the hashes that belong to it, so that only its place is wrong.</summary>
    private static RecordedEvent Sealed(RecordedEvent e) => Copy(e, nodes: [.. EventLeaf.Hash(e).ToByteArray(), .. e.TreeNodes.ToArray()[Hash256.ByteLength..]]);

    private static RecordedEvent Copy(
        RecordedEvent e, byte[]? payload = null, byte[]? salt = null, string? type = null, DateTimeOffset? time = null, EventMetadata? metadata = null,
        Hash256? payloadHash = null, byte[]? nodes = null, long? version = null, long? position = null) => new()
        {
            Position = position is { } p ? LogPosition.Of(p) : e.Position,
            Id = e.Id,
            Stream = e.Stream,
            Version = version is { } v ? StreamVersion.Of(v) : e.Version,
            Type = type ?? e.Type,
            SchemaVersion = e.SchemaVersion,
            Time = time ?? e.Time,
            Tags = e.Tags,
            Metadata = metadata ?? e.Metadata,
            Payload = payload ?? e.Payload,
            Salt = salt ?? e.Salt,
            PayloadHash = payloadHash ?? e.PayloadHash,
            TreeNodes = nodes ?? e.TreeNodes,
        };

    private sealed class SameSalt : Entropy
    {
        public override void Fill(Span<byte> buffer) => buffer.Fill(0x5A);
    }
}
