using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;
using static Tallystick.Testing.Conformance.TestEvents;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>Commits that share a transaction with one that SQLite can't take.</summary>
public sealed class GroupCommitTests : IAsyncDisposable
{
    private static readonly TenantId Ann = TenantId.Parse("ann"), Ben = TenantId.Parse("ben");
    private static readonly StreamId Order = new("order", "1");
    private static readonly DocumentChange Poison = new DocumentChange.Put(new CollectionId("c", 1), Document("poison", "x"));

    private readonly StoreFile _file = new();
    private readonly TestEvents _make = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Fact]
    public async Task A_commit_that_SQLite_cannot_take_fails_alone()
    {
        var store = await OpenWithPoisonAsync();

        var results = await TogetherAsync(store, n => n == 50
            ? Commit.For(Ann).Append(Order, ExpectedVersion.Any, _make.Event()).Change(Poison)
            : Commit.For(Ann).Append(Order, ExpectedVersion.Any, _make.Event()));

        var failed = Assert.Single(results, result => result.Error is not null);
        Assert.Contains("poison", Assert.IsType<SqliteStoreException>(failed.Error).Message, StringComparison.Ordinal);
        Assert.Equal(
            Enumerable.Range(1, results.Length - 1).Select(n => (long)n),
            results.Where(result => result.Error is null).Select(result => result.Done!.Position.Value).Order());
        Assert.Equal(results.Length - 1, (await store.ReadHeadAsync(Ann, Stop)).Position.Value);
    }

    [Fact]
    public async Task A_tenant_whose_first_commit_fails_never_gets_the_events_of_the_tenant_that_comes_next()
    {
        var store = await OpenWithPoisonAsync();
        var first = Commit.For(Ann).Require(EventQuery.All, LogPosition.Start).Append(Order, ExpectedVersion.NoStream, _make.Event()).Change(Poison);
        await Assert.ThrowsAsync<SqliteStoreException>(async () => await store.CommitAsync(first, Stop));

        (await store.CommitAsync(Commit.For(Ben).Append(Order, ExpectedVersion.NoStream, _make.Event(payload: "ben's")), Stop)).Demand();

        Assert.Empty(await store.ReadStreamAsync(Ann, new StreamRead(Order, default, 10), Stop));
        Assert.Equal(0, (await store.ReadHeadAsync(Ann, Stop)).Position.Value);
        (await store.CommitAsync(Commit.For(Ann).Append(Order, ExpectedVersion.NoStream, _make.Event(payload: "ann's")), Stop)).Demand();
        foreach (var (tenant, payload) in new[] { (Ann, "ann's"), (Ben, "ben's") })
        {
            var e = Assert.Single((await store.ReadLogAsync(tenant, new LogRead(default, 10), Stop)).Events);
            Assert.Equal(payload, System.Text.Encoding.UTF8.GetString(e.Payload.Span));
        }
    }

    [Fact]
    public async Task What_a_failed_commit_would_have_changed_is_nowhere_in_memory()
    {
        var store = await OpenWithPoisonAsync();
        var results = await TogetherAsync(store, n =>
        {
            var commit = Commit.For(n % 2 == 0 ? Ann : Ben)
                .Append(new StreamId("order", $"{n % 7}"), ExpectedVersion.Any, _make.Event("order.placed", "{}", $"n:{n}"))
                .Require(EventQuery.Tagged($"n:{n}"), LogPosition.Start)
                .Change(new DocumentChange.Put(new CollectionId($"c{n % 3}", 1), Document($"{n}", "x")))
                .Save($"checkpoint {n}", LogPosition.Of(n + 1), LogPosition.Start)
                .Once(new IdempotencyKey($"key {n}"));
            return n % 10 == 3 ? commit.Change(Poison) : commit;
        });

        var before = await DumpAsync(store);
        await store.DisposeAsync();
        Assert.Equal(before, await DumpAsync(_file.Open()));
        Assert.Equal(results.Length / 10, results.Count(result => result.Error is not null));

        async Task<string> DumpAsync(SqliteStore of)
        {
            var text = new System.Text.StringBuilder();
            foreach (var tenant in new[] { Ann, Ben })
            {
                text.Append(await TenantDump.OfAsync(of, tenant, Stop));
                for (var n = 0; n < results.Length; n++)
                    text.AppendLine($"{n} {await of.FindCommitAsync(tenant, $"key {n}", Stop)} {await of.ReadCheckpointAsync(tenant, $"checkpoint {n}", Stop)}");
            }

            return text.ToString();
        }
    }

    [Fact]
    public async Task While_another_program_holds_the_file_waiting_commits_fail_together_and_later_ones_work()
    {
        var store = _file.Open();
        store.Writer.Use(database => database.Run("PRAGMA busy_timeout=300"));
        using (var other = SqliteDatabase.OpenWriter(_file.Path))
        {
            other.KeepWalOnClose(true);
            other.Run("BEGIN IMMEDIATE");
            // One after another they would take 30 s.
            var results = await TogetherAsync(store, _ => Commit.For(Ann).Append(Order, ExpectedVersion.Any, _make.Event()), TimeSpan.FromSeconds(25));
            Assert.All(results, result => Assert.True(Assert.IsType<SqliteStoreException>(result.Error).IsTransient));
            other.Run("ROLLBACK");
        }

        Assert.Equal(1, (await store.CommitAsync(Commit.For(Ann).Append(Order, ExpectedVersion.NoStream, _make.Event()), Stop)).Demand().Position.Value);
    }

    [Fact]
    public async Task Damage_that_the_writer_meets_stops_the_store_and_not_the_process()
    {
        var store = _file.Open(new SqliteStoreOptions { TailEventsMax = 5 });
        (await store.CommitAsync(Commit.For(Ann).Append(Order, ExpectedVersion.Any, _make.Event()), Stop)).Demand();
        store.Writer.Use(database => database.Run("DELETE FROM tenants"));

        // The index is flushed after these, which finds no tenant.
        var first = await TogetherAsync(store, _ => Commit.For(Ann).Append(Order, ExpectedVersion.Any, _make.Event()));
        var refused = await TogetherAsync(store, _ => Commit.For(Ann).Append(Order, ExpectedVersion.Any, _make.Event()));

        Assert.All(refused, result =>
        {
            Assert.Contains("takes no more commits", Assert.IsType<TallystickException>(result.Error).Message, StringComparison.Ordinal);
            Assert.Contains("tenant number 1 is missing", result.Error.Message, StringComparison.Ordinal);
        });
        // Those that the writer had taken before the rest gathered were a batch of their own.
        var acknowledged = first.Count(result => result.Done is not null);
        Assert.InRange(acknowledged, 1, 100);
        Assert.Equal(1 + acknowledged, (await store.ReadHeadAsync(Ann, Stop)).Position.Value);
        await store.DisposeAsync();
        Assert.Contains("is damaged", Assert.Throws<TallystickException>(() => _file.Open()).Message, StringComparison.Ordinal);
    }

    private async Task<SqliteStore> OpenWithPoisonAsync()
    {
        await _file.Open().DisposeAsync();
        _file.RefusePoison();
        return _file.Open();
    }

    /// <summary>Makes commits wait for the writer, so that they share a transaction.</summary>
    private static async Task<(CommitResult.Committed? Done, Exception? Error)[]> TogetherAsync(
        SqliteStore store, Func<int, Commit> commit, TimeSpan? deadline = null)
    {
        using var blocked = new WriterBlock(store);
        var results = Enumerable.Range(0, 100).Select(n => TryAsync(commit(n))).ToArray();
        blocked.Release();
        return await Task.WhenAll(results).WaitAsync(deadline ?? TimeSpan.FromSeconds(30), Stop);

        async Task<(CommitResult.Committed?, Exception?)> TryAsync(Commit one)
        {
            try
            {
                return ((await store.CommitAsync(one, Stop)).Demand(), null);
            }
            catch (Exception error) when (error is not Xunit.Sdk.XunitException)
            {
                return (null, error);
            }
        }
    }
}
