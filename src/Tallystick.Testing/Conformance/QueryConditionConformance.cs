using Tallystick.Events;
using Tallystick.Storage;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>Rules that span streams: no event that matches a query after a position.</summary>
internal sealed class QueryConditionConformance : ConformanceArea
{
    [Conformance]
    public async Task A_match_after_the_position_refuses_the_commit_and_the_first_one_is_reported()
    {
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event("a", "{}", "seat:1"), Make.Event("b", "{}", "seat:1")));
        await DoAsync(Commit.For(Acme).Append(Order2, ExpectedVersion.Any, Make.Event("c"), Make.Event("b", "{}", "seat:1")));
        var query = EventQuery.Tagged("seat:1");

        var match = await RefusedAsync<Refusal.QueryMatched>(Free(query, 1));

        Assert.Equal(new Refusal.QueryMatched(query, LogPosition.Of(1), LogPosition.Of(2)), match);
        Assert.Equal(1, (await RefusedAsync<Refusal.QueryMatched>(Free(query, 0))).Match.Value);
        Assert.Equal(4, (await RefusedAsync<Refusal.QueryMatched>(Free(query, 2))).Match.Value);
        Assert.Equal(4, (await RefusedAsync<Refusal.QueryMatched>(Free(query, 3))).Match.Value);
        Assert.Equal(4, await HeadAsync(Acme));
    }

    [Conformance]
    [Row(4)]
    [Row(1000)]
    [Row(long.MaxValue)]
    public async Task Matches_up_to_the_position_are_known_and_allowed(long after)
    {
        await PlaceAsync(4);

        await DoAsync(Free(EventQuery.All, after));

        Assert.Equal(5, await HeadAsync(Acme));
    }

    [Conformance]
    public async Task The_commits_own_events_are_no_match()
    {
        await DoAsync(Free(EventQuery.All, 0));

        Assert.Equal(1, await HeadAsync(Acme));
    }

    [Conformance]
    public async Task The_first_condition_that_does_not_hold_is_the_one_reported()
    {
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event("a"), Make.Event("b"), Make.Event("c")));

        var match = await RefusedAsync<Refusal.QueryMatched>(Free(EventQuery.OfTypes("x"), 0)
            .Require(EventQuery.OfTypes("c"), LogPosition.Start)
            .Require(EventQuery.OfTypes("a"), LogPosition.Start));

        Assert.Equal((EventQuery.OfTypes("c"), 3), (match.Query, match.Match.Value));
    }

    [Conformance]
    [Row("type a or b", true)]
    [Row("type b only", false)]
    [Row("both tags", true)]
    [Row("one tag missing", false)]
    [Row("type and tag", true)]
    [Row("wrong type and tag", false)]
    [Row("second alternative", true)]
    [Row("all", true)]
    public async Task An_event_matches_if_an_alternative_has_its_type_and_only_tags_that_it_has(string name, bool matches)
    {
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event("a", "{}", "x:1", "y:1", "z:1")));
        var query = name switch
        {
            "type a or b" => EventQuery.OfTypes("b", "a"),
            "type b only" => EventQuery.OfTypes("b"),
            "both tags" => EventQuery.Tagged("z:1", "x:1"),
            "one tag missing" => EventQuery.Tagged("x:1", "x:2"),
            "type and tag" => EventQuery.Tagged("y:1").OfType("a"),
            "wrong type and tag" => EventQuery.Tagged("y:1").OfType("b"),
            "second alternative" => EventQuery.OfTypes("b").Or(EventQuery.Tagged("x:1")),
            _ => EventQuery.All,
        };

        var result = await TryAsync(Free(query, 0));

        Assert.Equal(matches, result is CommitResult.Refused { Reason: Refusal.QueryMatched });
    }

    [Conformance]
    public async Task Of_many_concurrent_commits_with_the_same_condition_exactly_one_wins()
    {
        for (var round = 0; round < 20; round++)
        {
            var head = await Store.ReadHeadAsync(Acme, Stop);
            var query = EventQuery.Tagged($"seat:{round}");
            var results = new CommitResult[8];
            await AtOnceAsync(results.Length, async i => results[i] = await TryAsync(Commit.For(Acme)
                .Require(query, head.Position)
                .Append(new StreamId("booking", $"{round}-{i}"), ExpectedVersion.NoStream, Make.Event("seat.booked", "{}", $"seat:{round}"))));

            var winner = Assert.Single(results.OfType<CommitResult.Committed>());
            Assert.All(results.OfType<CommitResult.Refused>(), refused =>
                Assert.Equal(winner.Position, Assert.IsType<Refusal.QueryMatched>(refused.Reason).Match));
            Assert.Equal(round + 1, await HeadAsync(Acme));
        }
    }

    private Commit Free(EventQuery query, long after) => Commit.For(Acme)
        .Require(query, LogPosition.Of(after))
        .Append(new StreamId("booking", "1"), ExpectedVersion.Any, Make.Event("seat.booked"));
}
