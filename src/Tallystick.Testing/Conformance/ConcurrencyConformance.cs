using System.Collections.Concurrent;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Testing.Randomness;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>Many writers and readers at once, on real threads.</summary>
internal sealed class ConcurrencyConformance : ConformanceArea
{
    [Conformance]
    public async Task Of_writers_that_expect_the_same_version_one_wins_and_each_of_the_others_is_told()
    {
        const int Writers = 8, Wins = 25;
        var won = new ConcurrentDictionary<long, Guid>();
        var lost = new ConcurrentBag<Guid>();

        await AtOnceAsync(Writers, async _ =>
        {
            for (var wins = 0; wins < Wins;)
            {
                var version = await Store.ReadStreamVersionAsync(Acme, Order1, Stop);
                var e = Make.Event();
                var result = await TryAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Exactly(version), e));
                if (result is CommitResult.Committed committed)
                {
                    Assert.Equal(version.Next(), Assert.Single(committed.Streams).Version);
                    Assert.True(won.TryAdd(version.Value + 1, e.Id), "a version was won twice");
                    wins++;
                }
                else
                {
                    var wrong = Assert.IsType<Refusal.WrongVersion>(Assert.IsType<CommitResult.Refused>(result).Reason);
                    Assert.True(wrong.Actual > version, "the loser is told of a version that came in between");
                    lost.Add(e.Id);
                }
            }
        });

        var log = await LogAsync(Acme);
        Assert.Equal(Enumerable.Range(1, Writers * Wins).Select(n => (long)n), log.Select(e => e.Version.Value));
        Assert.All(log, e => Assert.Equal(won[e.Version.Value], e.Id));
        Assert.DoesNotContain(log, e => lost.Contains(e.Id));
    }

    [Conformance]
    public async Task Every_reader_that_follows_the_log_sees_every_position_once_and_in_order()
    {
        const int Writers = 4, Readers = 4, Commits = 60, EventsPerCommit = 3, Total = Writers * Commits * EventsPerCommit;
        var seen = new List<RecordedEvent>[Readers];

        await AtOnceAsync(Writers + Readers, async thread =>
        {
            if (thread < Writers)
            {
                for (var i = 0; i < Commits; i++)
                    await DoAsync(Commit.For(Acme).Append(new StreamId("order", $"{thread}"), ExpectedVersion.Exactly(i * EventsPerCommit), Make.Many(EventsPerCommit)));
                return;
            }

            var events = seen[thread - Writers] = [];
            for (var through = LogPosition.Start; through.Value < Total;)
            {
                await Store.WaitForPositionAsync(Acme, through.Next(), Stop);
                var page = await Store.ReadLogAsync(Acme, new LogRead(through, 7), Stop);
                Assert.NotEmpty(page.Events);
                events.AddRange(page.Events);
                through = page.Through;
            }
        });

        var ids = (await LogAsync(Acme)).Select(e => e.Id).ToArray();
        Assert.All(seen, events =>
        {
            Assert.Equal(Enumerable.Range(1, Total).Select(n => (long)n), events.Select(e => e.Position.Value));
            Assert.Equal(ids, events.Select(e => e.Id));
        });
    }

    [Conformance]
    public async Task A_commit_over_several_streams_is_stored_whole_or_not_at_all()
    {
        const int Writers = 6, Attempts = 60, Streams = 5;
        var committed = new ConcurrentDictionary<string, CommitResult.Committed>();

        await AtOnceAsync(Writers + 1, async thread =>
        {
            if (thread == Writers)
            {
                // While others write: never a head inside a commit, never a log page whose last commit is cut.
                for (var i = 0; i < Attempts; i++)
                    Assert.Equal(0, await HeadAsync(Acme) % 3);
                return;
            }

            var random = new SeededEntropy(thread);
            for (var i = 0; i < Attempts; i++)
            {
                var name = $"{thread}.{i}";
                var commit = Commit.For(Acme);
                foreach (var key in Enumerable.Range(0, Streams).OrderBy(_ => random.NextUInt64()).Take(3))
                {
                    var stream = new StreamId("order", $"{key}");
                    commit = commit.Append(stream, ExpectedVersion.Exactly(await Store.ReadStreamVersionAsync(Acme, stream, Stop)), Make.Event(payload: name));
                }

                if (await TryAsync(commit) is CommitResult.Committed result)
                    committed[name] = result;
            }
        });

        var stored = (await LogAsync(Acme)).GroupBy(e => System.Text.Encoding.UTF8.GetString(e.Payload.Span)).ToDictionary(group => group.Key, group => group.ToArray());
        Assert.Equal(committed.Keys.Order(StringComparer.Ordinal), stored.Keys.Order(StringComparer.Ordinal));
        Assert.All(stored, pair =>
        {
            var first = committed[pair.Key].FirstPosition.Value;
            Assert.Equal([first, first + 1, first + 2], pair.Value.Select(e => e.Position.Value));
            Assert.Equal(committed[pair.Key].Streams, pair.Value.Select(e => new StreamHead(e.Stream, e.Version)));
        });
    }

    [Conformance]
    public async Task With_a_queue_of_one_place_all_commits_wait_for_it_and_succeed()
    {
        const int Commits = 200;
        var store = await OpenAsync(StoreLimits.Default with { CommitQueueLength = 1 });

        var results = await Task.WhenAll(Enumerable.Range(0, Commits).Select(_ => OnPoolAsync(
            async () => (await store.CommitAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()), Stop)).Demand())));

        Assert.Equal(Enumerable.Range(1, Commits).Select(n => (long)n), results.Select(result => result.Position.Value).Order());
        Assert.Equal(Commits, (await store.ReadHeadAsync(Acme, Stop)).Position.Value);
    }

    [Conformance]
    public async Task Of_commits_cancelled_while_they_wait_those_are_stored_that_were_acknowledged_and_no_others()
    {
        const int Commits = 200;
        var store = await OpenAsync(StoreLimits.Default with { CommitQueueLength = 1 });
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var acknowledged = new ConcurrentBag<Guid>();
        var cancelled = 0;

        await Task.WhenAll(Enumerable.Range(0, Commits).Select(i => OnPoolAsync(
            async () =>
            {
                var e = Make.Event();
                try
                {
                    await store.CommitAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, e), i % 2 == 0 ? giveUp.Token : Stop);
                    acknowledged.Add(e.Id);
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref cancelled);
                }

                if (i == Commits / 4)
                    await giveUp.CancelAsync();
            })));

        var log = (await store.ReadLogAsync(Acme, new LogRead(default, Commits), Stop)).Events;
        Assert.Equal(acknowledged.Order(), log.Select(e => e.Id).Order());
        Assert.Equal(Commits, log.Length + cancelled);
        Assert.True(log.Length >= Commits / 2, "those that nobody cancelled are stored");
    }
}
