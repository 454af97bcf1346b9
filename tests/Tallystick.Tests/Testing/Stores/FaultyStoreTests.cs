using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Stores;

namespace Tallystick.Tests.Testing.Stores;

public sealed class FaultyStoreTests : IAsyncDisposable
{
    private static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly TenantId Globex = TenantId.Parse("globex");
    private static readonly StreamId Stream = new("order", "1");

    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(90));
    private readonly InMemoryStore _inner = new(new StoreOptions { Entropy = new SeededEntropy(1) });
    private readonly FaultyStore _store;
    private long _ids;

    public FaultyStoreTests() => _store = new FaultyStore(_inner);

    private CancellationToken Soon => _deadline.Token;

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _deadline.Dispose();
    }

    [Fact]
    public async Task Every_call_is_counted_and_kept_with_what_it_asks_for()
    {
        var commit = Appending(Acme);
        await _store.CommitAsync(commit, Soon);
        await _store.ReadLogAsync(Globex, new LogRead(default, 7), Soon);

        Assert.Equal(2, _store.CallCount);
        Assert.Equal(
            [new StoreCall(1, StoreOperation.Commit, Acme, commit), new StoreCall(2, StoreOperation.ReadLog, Globex, new LogRead(default, 7))], _store.Calls.Seen);
        Assert.Same(commit, Assert.Single(_store.Commits));
        Assert.Equal("ReadLog of globex (call 2)", Assert.Single(_store.CallsOf(StoreOperation.ReadLog)).ToString());
    }

    [Fact]
    public async Task Every_operation_has_its_name()
    {
        await _store.CommitAsync(Appending(Acme).Save("c", LogPosition.Of(1)), Soon);
        await _store.FindCommitAsync(Acme, "k", Soon);
        await _store.ReadHeadAsync(Acme, Soon);
        await _store.ReadStreamVersionAsync(Acme, Stream, Soon);
        await _store.ReadStreamAsync(Acme, new StreamRead(Stream, default, 1), Soon);
        await _store.ReadLogAsync(Acme, new LogRead(default, 1), Soon);
        await _store.FindDocumentsAsync(Acme, "c", null, [], Soon);
        await _store.QueryDocumentsAsync(Acme, new DocumentQuery("c"), Soon);
        await _store.ReadCheckpointAsync(Acme, "c", Soon);
        await _store.ReadLeasesAsync(Acme, new LeaseRead("", 1), Soon);
        await _store.WaitForPositionAsync(Acme, LogPosition.Of(1), Soon);
        await _store.WaitForCheckpointAsync(Acme, "c", LogPosition.Of(1), Soon);
        await _store.ReadTenantAsync(Acme, Soon);
        await _store.ReadCollectionsAsync(Acme, null, 1, Soon);
        await _store.ReadCheckpointsAsync(Acme, null, 1, Soon);
        await _store.ReadRememberedAsync(Acme, null, 1, Soon);
        await _store.ReadJournalAsync(Acme, 0, 1, Soon);

        Assert.Equal(Enum.GetValues<StoreOperation>(), _store.Calls.Seen.Select(call => call.Operation));
    }

    [Fact]
    public async Task Without_keeping_calls_it_only_counts()
    {
        await using var store = new FaultyStore(new InMemoryStore()) { KeepsCalls = false };
        await store.ReadHeadAsync(Acme, Soon);
        Assert.Equal((1, 0), (store.CallCount, store.Calls.Count));
    }

    [Fact]
    public async Task A_busy_store_fails_the_nth_call_as_transient_and_does_nothing()
    {
        var busy = _store.Inject(StoreFault.Busy.On(StoreOperation.Commit).AtCall(2).Times(2));

        Assert.Equal("1 0 0 2", $"{await TryAsync()} {await TryAsync()} {await TryAsync()} {await TryAsync()}");
        Assert.Equal(2, busy.Strikes);
        Assert.Equal(2, (await busy.WhenStruckAsync(Soon)).Number);
    }

    [Fact]
    public async Task A_lost_answer_leaves_the_commit_stored()
    {
        _store.Inject(StoreFault.LostAnswer);

        Assert.Equal(0, await TryAsync());
        Assert.Equal(1, (await _inner.ReadHeadAsync(Acme, Soon)).Position.Value);
        Assert.Equal(2, await TryAsync());
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task What_died_at_a_call_stays_dead_for_every_operation_until_it_is_revived(bool afterwards, long stored)
    {
        var death = _store.Inject((afterwards ? StoreFault.DeathAfterwards : StoreFault.Death).AtCall(2));
        await TryAsync();
        Assert.False(_store.IsDead);
        Assert.Equal(0, await TryAsync());

        Assert.True(_store.IsDead);
        Assert.Equal(0, await TryAsync());
        var error = await Assert.ThrowsAsync<TallystickException>(async () => await _store.ReadHeadAsync(Globex, Soon));
        Assert.True(error.IsTransient);
        Assert.Equal(stored, (await _inner.ReadHeadAsync(Acme, Soon)).Position.Value);

        death.Remove();
        Assert.Equal(stored + 1, await TryAsync());
    }

    [Fact]
    public async Task Whoever_waits_for_an_answer_while_the_process_dies_never_gets_it()
    {
        var held = _store.Inject(StoreFault.Held.On(StoreOperation.Commit));
        var commit = TryAsync();
        await held.WhenStruckAsync(Soon);
        _store.Inject(StoreFault.Death.On(StoreOperation.ReadHead));
        await Assert.ThrowsAsync<TallystickException>(async () => await _store.ReadHeadAsync(Acme, Soon));
        held.Remove();

        Assert.Equal(0, await commit);
        Assert.Equal(0, (await _inner.ReadHeadAsync(Acme, Soon)).Position.Value);
    }

    [Fact]
    public async Task A_full_disk_fails_commits_but_no_reads_until_there_is_room()
    {
        var full = _store.Inject(StoreFault.DiskFull);
        Assert.Equal("0 0 0", $"{await TryAsync()} {await TryAsync()} {await TryAsync()}");
        Assert.Equal(0, (await _store.ReadHeadAsync(Acme, Soon)).Position.Value);

        full.Remove();
        Assert.Equal(1, await TryAsync());
    }

    [Fact]
    public async Task A_held_call_begins_when_the_test_lets_it_and_gives_up_when_it_is_cancelled()
    {
        var held = _store.Inject(StoreFault.Held.On(StoreOperation.Commit).ForEver());
        using var giveUp = new CancellationTokenSource();
        var patient = TryAsync();
        var impatient = _store.CommitAsync(Appending(Acme), giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        Assert.False(patient.IsCompleted);
        Assert.Equal(0, (await _store.ReadHeadAsync(Acme, Soon)).Position.Value);

        held.Remove();
        Assert.Equal(1, await patient);
    }

    [Fact]
    public async Task A_lost_signal_leaves_the_waiter_waiting_and_an_early_one_wakes_it_without_cause()
    {
        var lost = _store.Inject(StoreFault.LostSignal);
        await TryAsync();
        var waiting = _store.WaitForPositionAsync(Acme, LogPosition.Of(1), Soon).AsTask();
        Assert.False(waiting.IsCompleted);
        lost.Remove();
        await waiting;

        _store.Inject(StoreFault.EarlySignal);
        await _store.WaitForPositionAsync(Acme, LogPosition.Of(99), Soon);
        using var giveUp = new CancellationTokenSource();
        var second = _store.WaitForPositionAsync(Acme, LogPosition.Of(99), giveUp.Token).AsTask();
        Assert.False(second.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Throws<ArgumentException>(() => StoreFault.EarlySignal.On(StoreOperation.Commit));
    }

    [Fact]
    public async Task A_fault_strikes_its_tenant_its_operation_and_what_meets_its_condition_alone()
    {
        var fault = _store.Inject(StoreFault.Fail("mine", () => new IOException("mine")).Of(Globex).On(StoreOperation.Commit).Where(call => call.Commit!.Key is not null).ForEver());

        await _store.CommitAsync(Appending(Acme).Once(new IdempotencyKey("k")), Soon);
        await _store.CommitAsync(Appending(Globex), Soon);
        await _store.ReadHeadAsync(Globex, Soon);
        Assert.Equal(0, fault.Strikes);
        await Assert.ThrowsAsync<IOException>(async () => await _store.CommitAsync(Appending(Globex).Once(new IdempotencyKey("k")), Soon));
        Assert.Equal("mine on Commit of globex, from call 1 on", fault.Fault.ToString());
    }

    [Fact]
    public async Task Something_may_happen_just_before_or_just_after_a_call()
    {
        List<long> heads = [];
        async Task Look(StoreCall call) => heads.Add((await _inner.ReadHeadAsync(call.Tenant, Soon)).Position.Value);
        _store.Inject(StoreFault.Meanwhile(Look).On(StoreOperation.Commit).AtCall(2));
        _store.Inject(StoreFault.Afterwards(Look).On(StoreOperation.Commit).AtCall(2));

        await TryAsync();
        await TryAsync();
        await TryAsync();

        Assert.Equal([1, 2], heads);
    }

    [Fact]
    public async Task Hooks_run_before_and_after_each_call_and_what_they_throw_the_caller_gets()
    {
        List<string> ran = [];
        _store.Before = call =>
        {
            ran.Add($"before {call.Number}");
            return call.Number == 2 ? throw new IOException("before") : ValueTask.CompletedTask;
        };
        _store.After = call =>
        {
            ran.Add($"after {call.Number}");
            return ValueTask.CompletedTask;
        };

        await _store.ReadHeadAsync(Acme, Soon);
        await Assert.ThrowsAsync<IOException>(async () => await _store.CommitAsync(Appending(Acme), Soon));

        Assert.Equal(["before 1", "after 1", "before 2"], ran);
        Assert.Equal(0, (await _inner.ReadHeadAsync(Acme, Soon)).Position.Value);
    }

    [Fact]
    public async Task Faults_by_chance_are_the_same_for_the_same_seed()
    {
        Assert.Equal(await Run(7), await Run(7));
        Assert.NotEqual(await Run(7), await Run(8));

        async Task<string> Run(long seed)
        {
            await using var store = new FaultyStore(new InMemoryStore());
            var fault = store.Inject(StoreFault.Busy.Sometimes(0.3, new SeededEntropy(seed)).ForEver());
            var text = "";
            for (var i = 0; i < 100; i++)
                text += await Record.ExceptionAsync(async () => await store.ReadHeadAsync(Acme, Soon)) is null ? '.' : 'x';
            Assert.InRange(fault.Strikes, 10, 60);
            return text;
        }
    }

    [Fact]
    public async Task Probes_of_the_store_are_woken_by_a_call()
    {
        var third = _store.Calls.WaitForAsync(call => call.Commit is not null && call.Number == 3, Soon);
        await TryAsync();
        await TryAsync();
        Assert.False(third.IsCompleted);
        await TryAsync();
        Assert.Equal(3, (await third).Number);
    }

    private Commit Appending(TenantId tenant) => Commit.For(tenant).Append(
        Stream, ExpectedVersion.Any, new NewEvent(new Guid((int)++_ids, 0, 0, new byte[8]), "order.placed", 1, new byte[] { 1 }, []));

    /// <summary>The position of a commit; 0 if it failed as transient.</summary>
    private async Task<long> TryAsync()
    {
        try
        {
            return (await _store.CommitAsync(Appending(Acme), Soon)).Demand().Position.Value;
        }
        catch (TallystickException error) when (error.IsTransient)
        {
            return 0;
        }
    }
}
