using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Conformance;

/// <summary>What all areas of the suite share: a fresh store for each test, and short ways to commit and read.</summary>
public abstract class StoreConformance<THarness> : IAsyncLifetime
    where THarness : StoreHarness, new()
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private readonly List<THarness> _harnesses = [];

    protected static TenantId Acme { get; } = TenantId.Parse("acme");

    protected static TenantId Globex { get; } = TenantId.Parse("globex");

    protected static StreamId Order1 { get; } = new("order", "1");

    protected static StreamId Order2 { get; } = new("order", "2");

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The store's clock.</summary>
    protected ManualTime Time { get; } = new();

    /// <summary>Makes events.</summary>
    protected TestEvents Make { get; } = new();

    /// <summary>A fresh store with the default limits.</summary>
    protected IStore Store { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Store = await OpenAsync(StoreLimits.Default);

    public async ValueTask DisposeAsync()
    {
        foreach (var harness in _harnesses)
            await harness.DisposeAsync().AsTask().WaitAsync(Deadline, CancellationToken.None);
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens one more fresh store.</summary>
    protected ValueTask<IStore> OpenAsync(StoreLimits limits) => OpenAsync(new StoreOptions { Limits = limits, Time = Time });

    /// <inheritdoc cref="OpenAsync(StoreLimits)"/>
    protected async ValueTask<IStore> OpenAsync(StoreOptions options)
    {
        var harness = new THarness();
        _harnesses.Add(harness);
        return await harness.OpenAsync(options);
    }

    /// <summary>Closes <see cref="Store"/> and opens its data again, where the provider is durable.</summary>
    protected async ValueTask ReopenAsync() => Store = await _harnesses[0].ReopenAsync();

    /// <summary>Whether reopening proves anything.</summary>
    protected bool IsDurable => _harnesses[0].IsDurable;

    /// <summary>Commits; a store that doesn't answer fails the test instead of hanging the run.</summary>
    protected async Task<CommitResult> Try(Commit commit) => await Store.CommitAsync(commit, Stop).AsTask().WaitAsync(Deadline, Stop);

    protected async Task<CommitResult.Committed> Do(Commit commit) => (await Try(commit)).Demand();

    /// <summary>Commits, and demands a refusal for this reason.</summary>
    protected async Task<TRefusal> Refused<TRefusal>(Commit commit)
        where TRefusal : Refusal =>
        Assert.IsType<TRefusal>(Assert.IsType<CommitResult.Refused>(await Try(commit)).Reason);

    /// <summary>Appends events to <see cref="Order1"/> of <see cref="Acme"/>.</summary>
    protected Task<CommitResult.Committed> Place(int events) =>
        Do(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Many(events)));

    protected async Task<ImmutableArray<RecordedEvent>> Log(TenantId tenant) =>
        (await Store.ReadLogAsync(tenant, new LogRead(LogPosition.Start, Store.Limits.PageLengthMax), Stop)).Events;

    protected async Task<long> Head(TenantId tenant) => (await Store.ReadHeadAsync(tenant, Stop)).Position.Value;

    /// <summary>Awaits something that must come by itself; the deadline only keeps a fault from hanging the run.</summary>
    protected static async Task Soon(Task task) => await task.WaitAsync(Deadline, Stop);

    /// <summary>Does work at the same moment on as many real threads. The first failure is reported at once: others may wait for it in vain.</summary>
    protected static async Task AtOnce(int threads, Func<int, Task> work)
    {
        using var start = new Barrier(threads);
        var running = Enumerable.Range(0, threads).Select(i => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait(Stop);
                return work(i);
            },
            Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()).ToArray();
        await Soon(FirstFailure(running));

        static async Task FirstFailure(Task[] running)
        {
            await foreach (var ended in Task.WhenEach(running))
                await ended;
        }
    }
}
