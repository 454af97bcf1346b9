using System.Collections.Concurrent;
using Tallystick.Events;
using Tallystick.Storage;
using static Tallystick.Testing.Conformance.TestEvents;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>That a commit with a key happens once, and that every repetition gets the first result.</summary>
internal sealed class IdempotencyConformance : ConformanceArea
{
    [Conformance]
    public async Task A_repetition_stores_nothing_and_gets_the_first_result_as_a_replay()
    {
        await PlaceAsync(3);
        var first = await DoAsync(Keyed("once", "f"));
        await PlaceAsync(2);
        var before = await TenantDump.OfAsync(Store, Acme, Stop);

        var again = await DoAsync(Keyed("once", "f"));

        AssertReplay(first, again);
        Assert.Equal(before, await TenantDump.OfAsync(Store, Acme, Stop));
    }

    [Conformance]
    public async Task A_known_key_is_answered_before_anything_that_the_commit_demands()
    {
        var first = await DoAsync(Keyed("once"));

        var again = await DoAsync(Keyed("once")
            .Append(Order1, ExpectedVersion.Exactly(99), Make.Event())
            .Require(EventQuery.All, LogPosition.Start)
            .Save("orders", LogPosition.Of(1), LogPosition.Of(99)));

        AssertReplay(first, again);
    }

    [Conformance]
    [Row("f", "f", false)]
    [Row("f", "", false)]
    [Row("", "f", false)]
    [Row("", "", false)]
    [Row("f", "F", true)]
    [Row("f", "f ", true)]
    public async Task A_key_is_refused_for_a_different_change_if_both_fingerprints_are_given(string first, string second, bool isRefused)
    {
        await DoAsync(Keyed("once", first));

        var result = await TryAsync(Keyed("once", second));

        Assert.Equal(isRefused, result is CommitResult.Refused { Reason: Refusal.KeyReused { Key: "once" } });
        Assert.Equal(1, await HeadAsync(Acme));
    }

    [Conformance]
    public async Task The_first_fingerprint_stays_the_one_to_compare_with()
    {
        await DoAsync(Keyed("once", ""));
        await DoAsync(Keyed("once", "a"));

        await DoAsync(Keyed("once", "b"));

        Assert.Equal(new IdempotencyKey("once"), (await Store.FindCommitAsync(Acme, "once", Stop))?.Key);
    }

    [Conformance]
    public async Task A_refused_commit_is_not_remembered_under_its_key()
    {
        await PlaceAsync(1);
        await RefusedAsync<Refusal.WrongVersion>(Keyed("once").Append(Order1, ExpectedVersion.NoStream, Make.Event()));

        Assert.Null(await Store.FindCommitAsync(Acme, "once", Stop));
        Assert.False((await DoAsync(Keyed("once"))).IsReplay);
    }

    [Conformance]
    public async Task A_commit_without_events_is_remembered_too()
    {
        await PlaceAsync(2);
        var first = await DoAsync(Commit.For(Acme).Change(new DocumentChange.Put(new CollectionId("orders", 1), Document("1", "a"))).Once(new IdempotencyKey("once")));
        await PlaceAsync(1);

        var again = await DoAsync(Commit.For(Acme).Change(new DocumentChange.Put(new CollectionId("orders", 1), Document("1", "b"))).Once(new IdempotencyKey("once")));

        AssertReplay(first, again);
        Assert.Equal((2, 2), (again.FirstPosition.Value, again.Position.Value));
        Assert.Equal(Bytes("a"), (await Store.FindDocumentsAsync(Acme, "orders", 1, ["1"], Stop)).Items[0]!.Body.ToArray());
    }

    [Conformance]
    public async Task A_remembered_commit_is_found_with_its_key_and_its_result_also_after_reopening()
    {
        var first = await DoAsync(Keyed("ключ 🦊 '", "print 🦊").Append(Order1, ExpectedVersion.Any, Make.Many(2)).Expect(Order2, ExpectedVersion.Any));
        await ReopenAsync();

        var found = await Store.FindCommitAsync(Acme, "ключ 🦊 '", Stop);
        var again = await DoAsync(Keyed("ключ 🦊 '", "print 🦊"));

        Assert.NotNull(found);
        Assert.Equal(new IdempotencyKey("ключ 🦊 '", "print 🦊"), found.Key);
        AssertReplay(first, found.Result);
        AssertReplay(first, again);
        Assert.Equal(3, await HeadAsync(Acme));
        await RefusedAsync<Refusal.KeyReused>(Keyed("ключ 🦊 '", "another"));
        Assert.Null(await Store.FindCommitAsync(Acme, "КЛЮЧ 🦊 '", Stop));
    }

    [Conformance]
    public async Task The_same_key_from_many_callers_at_once_stores_once_and_answers_all_alike()
    {
        for (var round = 0; round < 10; round++)
        {
            var results = new ConcurrentBag<CommitResult.Committed>();
            await AtOnceAsync(16, async _ => results.Add(await DoAsync(Keyed($"key {round}", "same"))));

            var first = Assert.Single(results, result => !result.IsReplay);
            Assert.Equal(16, results.Count);
            Assert.All(results.Where(result => result.IsReplay), result => AssertReplay(first, result));
            Assert.Equal(round + 1, await HeadAsync(Acme));
        }
    }

    private static void AssertReplay(CommitResult.Committed first, CommitResult.Committed again)
    {
        Assert.False(first.IsReplay);
        Assert.True(again.IsReplay);
        Assert.Equal((first.FirstPosition, first.Position), (again.FirstPosition, again.Position));
        Assert.Equal(first.Streams, again.Streams);
    }

    private Commit Keyed(string key, string fingerprint = "") => Commit.For(Acme)
        .Append(new StreamId("payment", "1"), ExpectedVersion.Any, Make.Event("payment.made"))
        .Once(new IdempotencyKey(key, fingerprint));
}
