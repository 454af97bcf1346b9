using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>The embedded store's queue is fair between tenants, by the order in which commits are stored.</summary>
public sealed class FairQueueTests : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private static readonly TenantId Flooder = TenantId.Parse("flooder");
    private static readonly TenantId Victim = TenantId.Parse("victim");

    private readonly StoreFile _file = new();
    private readonly TestEvents _make = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Fact]
    public async Task A_commit_that_comes_behind_a_flood_of_another_tenant_is_in_the_next_batch()
    {
        const int Flood = 300;
        var store = _file.Open(new SqliteStoreOptions { GroupCommitMax = 10, Time = new BatchClock() });
        using var blocked = new WriterBlock(store);
        var flood = Enumerable.Range(0, Flood).Select(_ => CommitAsync(store, Flooder)).ToArray();
        var victim = Enumerable.Range(0, 10).Select(_ => CommitAsync(store, Victim)).ToArray();
        blocked.Release();

        await Task.WhenAll([.. victim, .. flood]).WaitAsync(Deadline, Stop);

        var served = (await store.ReadHeadAsync(Victim, Stop)).Time;
        var later = (await store.ReadLogAsync(Flooder, new LogRead(default, Flood), Stop)).Events.Count(e => e.Time > served);
        // What the writer had taken already, and one of the flood for each of the victim's.
        Assert.InRange(later, Flood - 40, Flood - 10);
    }

    /// <summary>Each batch has a time of its own.</summary>
    private sealed class BatchClock : TimeProvider
    {
        private long _batches;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddSeconds(Interlocked.Increment(ref _batches));
    }

    [Fact]
    public async Task A_full_queue_of_one_tenant_keeps_no_other_out()
    {
        var store = _file.Open(new SqliteStoreOptions { GroupCommitMax = 2, Limits = StoreLimits.Default with { CommitQueueLength = 8 } });
        using var blocked = new WriterBlock(store);
        var flood = Enumerable.Range(0, 40).Select(_ => CommitAsync(store, Flooder)).ToArray();
        using var cancelled = new CancellationTokenSource();
        var victim = store.CommitAsync(Commit.For(Victim).Append(new StreamId("order", "1"), ExpectedVersion.Any, _make.Event()), cancelled.Token).AsTask();
        blocked.Release();
        await victim.WaitAsync(Deadline, Stop);
        await Task.WhenAll(flood).WaitAsync(Deadline, Stop);
        Assert.Equal(40, (await store.ReadHeadAsync(Flooder, Stop)).Position.Value);
    }

    private Task<CommitResult> CommitAsync(SqliteStore store, TenantId tenant) =>
        store.CommitAsync(Commit.For(tenant).Append(new StreamId("order", "1"), ExpectedVersion.Any, _make.Event()), Stop).AsTask();
}
