using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>A tenant whose life one node changes while another one writes to it and remembers what it has written.</summary>
public sealed class SharedTenantLifeTests
{
    private static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly StreamId Order1 = new("order", "1");
    private static readonly StreamId Order2 = new("order", "2");

    private readonly TestEvents _make = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_tenant_erased_and_begun_anew_by_another_node_is_not_mistaken_for_the_old_one()
    {
        await using var nodes = await TwoNodes.OpenAsync();
        await DoAsync(nodes.First, Commit.For(Acme).Append(Order1, ExpectedVersion.NoStream, _make.Many(5)).Append(Order2, ExpectedVersion.NoStream, _make.Event()));
        await nodes.EraseAsync(nodes.Second, Acme);
        await DoAsync(nodes.Second, Commit.For(Acme).Append(Order1, ExpectedVersion.NoStream, _make.Many(2)));

        Assert.Equal(
            new CommitResult.Refused(new Refusal.WrongVersion(Order1, ExpectedVersion.Exactly(5), StreamVersion.Of(2))),
            await nodes.First.CommitAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Exactly(5), _make.Event()), Stop));
        await DoAsync(nodes.First, Commit.For(Acme).Append(Order2, ExpectedVersion.NoStream, _make.Event()).Append(Order1, ExpectedVersion.Exactly(2), _make.Event()));
        Assert.Equal(4, (await nodes.Second.ReadHeadAsync(Acme, Stop)).Position.Value);
        Assert.True((await LogVerifier.VerifyAsync(nodes.Second, Acme, null, Stop)).IsIntact);
    }

    [Fact]
    public async Task What_another_node_has_adopted_is_what_the_log_goes_on_from()
    {
        await using var nodes = await TwoNodes.OpenAsync();
        await DoAsync(nodes.First, Commit.For(Acme).Append(Order1, ExpectedVersion.NoStream, _make.Many(5)));
        var events = (await nodes.First.ReadLogAsync(Acme, new LogRead(default, 10), Stop)).Events;
        await nodes.EraseAsync(nodes.Second, Acme);
        await DoAsync(nodes.Second, Commit.For(Acme).Adopt(events[..3]));

        await DoAsync(nodes.First, Commit.For(Acme).Append(Order1, ExpectedVersion.Exactly(3), _make.Event()));
        Assert.Equal(
            new CommitResult.Refused(new Refusal.WrongPosition(LogPosition.Of(4), LogPosition.Of(4))),
            await nodes.Second.CommitAsync(Commit.For(Acme).Adopt(events[3..]), Stop));
        await nodes.EraseAsync(nodes.First, Acme);
        await DoAsync(nodes.Second, Commit.For(Acme).Adopt(events));
        await DoAsync(nodes.First, Commit.For(Acme).Append(Order1, ExpectedVersion.Exactly(5), _make.Event()));
        Assert.True((await LogVerifier.VerifyAsync(nodes.Second, Acme, null, Stop)).IsIntact);
    }

    [Fact]
    public async Task A_fence_holds_on_every_node_from_its_commit_on()
    {
        await using var nodes = await TwoNodes.OpenAsync();
        long? headAtFence = null;
        var writers = Enumerable.Range(0, 6).Select(n => Task.Run(
            async () =>
            {
                var store = n % 2 == 0 ? nodes.First : nodes.Second;
                var stream = new StreamId("order", $"{n}");
                CommitResult? result;
                while ((result = await store.CommitAsync(Commit.For(Acme).Append(stream, ExpectedVersion.Any, _make.Event()), Stop)) is CommitResult.Committed)
                {
                }

                Assert.Equal(new CommitResult.Refused(new Refusal.Fenced("moving")), result);
            },
            Stop)).ToArray();
        await nodes.Second.WaitForPositionAsync(Acme, LogPosition.Of(60), Stop).AsTask().WaitAsync(TwoNodes.Deadline, Stop);

        headAtFence = (await DoAsync(nodes.Second, Commit.For(Acme).Fence("moving"))).Position.Value;

        await Task.WhenAll(writers).WaitAsync(TwoNodes.Deadline, Stop);
        Assert.Equal(headAtFence, (await nodes.First.ReadHeadAsync(Acme, Stop)).Position.Value);
        await DoAsync(nodes.First, Commit.For(Acme).Behind("moving").Unfence());
        await DoAsync(nodes.Second, Commit.For(Acme).Append(Order1, ExpectedVersion.Any, _make.Event()));
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Erasers_writers_and_readers_on_two_nodes_leave_a_tenant_that_is_whole_or_gone()
    {
        const int Events = 7;
        await using var nodes = await TwoNodes.OpenAsync(StoreLimits.Default with { ErasedRowsPerCommitMax = 3 });
        using var ended = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 2).Select(n => Task.Run(
            async () =>
            {
                while (!ended.IsCancellationRequested)
                {
                    var page = await (n == 0 ? nodes.First : nodes.Second).ReadLogAsync(Acme, new LogRead(default, 1000), Stop);
                    Assert.Equal(0, page.Events.Length % Events);
                    Assert.True(page.Events.IsEmpty || page.Events[0].Position.Value == 1);
                }
            },
            Stop)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(
            async () =>
            {
                var store = n % 2 == 0 ? nodes.First : nodes.Second;
                for (var i = 0; i < 15; i++)
                {
                    if (n < 2)
                        await nodes.EraseAsync(store, Acme);
                    else
                        await store.CommitAsync(Commit.For(Acme).Append(new StreamId("order", $"{n}"), ExpectedVersion.Any, _make.Many(Events)), Stop);
                }
            },
            Stop))).WaitAsync(TwoNodes.Deadline, Stop);
        await ended.CancelAsync();
        await Task.WhenAll(readers).WaitAsync(TwoNodes.Deadline, Stop);

        if (!(await nodes.First.ReadTenantAsync(Acme, Stop)).IsErasing)
            Assert.True((await LogVerifier.VerifyAsync(nodes.First, Acme, null, Stop)).IsIntact);
        await nodes.EraseAsync(nodes.Second, Acme);
        Assert.Equal(TenantStorage.None, await nodes.First.ReadTenantAsync(Acme, Stop));
        foreach (var table in Tallystick.Postgres.Schema.DatabaseSchema.TenantTables)
            Assert.Equal(0L, await nodes.Schema.Server.ScalarAsync<long>($"SELECT count(*) FROM {nodes.Schema.Name}.{table}"));
    }

    [Fact]
    public async Task Bytes_and_journal_stay_exact_when_two_nodes_write_in_turn()
    {
        await using var nodes = await TwoNodes.OpenAsync();
        var orders = new CollectionId("orders", 1);
        await DoAsync(nodes.First, Commit.For(Acme).Journal(on: true));
        for (var i = 1; i <= 10; i++)
        {
            await DoAsync(i % 2 == 0 ? nodes.First : nodes.Second, Commit.For(Acme)
                .Change(new DocumentChange.Put(orders, TestEvents.Document("1", new string('x', i)))).Append(Order1, ExpectedVersion.Exactly(i - 1), _make.Event(payload: "12")));
        }

        var storage = await nodes.First.ReadTenantAsync(Acme, Stop);
        Assert.Equal((10 + 20, 1, 11), (storage.StoredBytes, storage.JournalStart, storage.JournalHead));
        Assert.Equal(Enumerable.Range(2, 10).Select(n => (long)n), (await nodes.Second.ReadJournalAsync(Acme, 1, 100, Stop)).Select(entry => entry.Number));
    }

    private static async Task<CommitResult.Committed> DoAsync(PostgresStore store, Commit commit) => (await store.CommitAsync(commit, Stop)).Demand();
}
