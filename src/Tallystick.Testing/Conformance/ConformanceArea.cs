using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Time;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>What all areas of the suite share: a fresh store for each test, and short ways to commit and read.</summary>
internal abstract class ConformanceArea
{
    private readonly List<Opened> _opened = [];
    private StoreHarness _harness = null!;
    private ConformanceOptions _options = null!;
    private Opened _first = null!;

    /// <summary>What the test draws from; null if it draws nothing.</summary>
    public long? Seed { get; private set; }

    /// <summary>The seed to give so that the test draws the same again.</summary>
    public long? RepeatSeed { get; private set; }

    protected static TenantId Acme { get; } = TenantId.Parse("acme");

    protected static TenantId Globex { get; } = TenantId.Parse("globex");

    protected static StreamId Order1 { get; } = new("order", "1");

    protected static StreamId Order2 { get; } = new("order", "2");

    /// <summary>Ends what the test awaits when its time is over.</summary>
    protected CancellationToken Stop { get; private set; }

    /// <summary>The store's clock.</summary>
    protected ManualTime Time { get; } = new();

    /// <summary>Makes events.</summary>
    protected TestEvents Make { get; } = new();

    /// <summary>A fresh store with the default limits.</summary>
    protected IStore Store => _first.Store;

    /// <summary>Opens a fresh store, runs a test, and closes every store that it opened.</summary>
    public async Task RunAsync(StoreHarness harness, ConformanceOptions options, Func<ConformanceArea, Task> test, CancellationToken stop)
    {
        (_harness, _options, Stop) = (harness, options, stop);
        try
        {
            await OpenAsync(StoreLimits.Default);
            _first = _opened[0];
            await test(this);
        }
        finally
        {
            foreach (var opened in _opened)
                await opened.Store.DisposeAsync();
        }
    }

    /// <summary>Opens one more fresh store.</summary>
    protected ValueTask<IStore> OpenAsync(StoreLimits limits) => OpenAsync(new StoreOptions { Limits = limits, Time = Time });

    /// <inheritdoc cref="OpenAsync(StoreLimits)"/>
    protected async ValueTask<IStore> OpenAsync(StoreOptions options)
    {
        var database = _harness.NewDatabase();
        var opened = new Opened(database, options, await _harness.OpenAsync(database, options, Stop));
        _opened.Add(opened);
        return opened.Store;
    }

    /// <summary>Closes <see cref="Store"/> and opens its data again; a provider that isn't durable keeps its store.</summary>
    protected async ValueTask ReopenAsync()
    {
        if (!_harness.Capabilities.HasFlag(StoreCapabilities.Durable))
            return;
        await Store.DisposeAsync();
        _first.Store = await _harness.OpenAsync(_first.Database, _first.Options, Stop);
    }

    /// <summary>Ends <see cref="Store"/> as the death of its process would, and opens its data again.</summary>
    protected async ValueTask CrashAsync()
    {
        await _harness.CrashAsync(_first.Database, Store, Stop);
        _first.Store = await _harness.OpenAsync(_first.Database, _first.Options, Stop);
    }

    /// <summary>Lets a time pass by the clock that leases run by.</summary>
    protected ValueTask LetPassAsync(TimeSpan time) => _harness.LetPassAsync(Time, time, Stop);

    /// <summary>Draws a seed, or takes the given one, and says so.</summary>
    /// <param name="run">The number of the run, from 1: each draws from a seed of its own.</param>
    protected SeededEntropy DrawSeed(int run)
    {
        RepeatSeed = _options.Seed is { } first ? first + run - 1 : SeededEntropy.NewSeed();
        return UseSeed(RepeatSeed.Value);
    }

    /// <summary>Says which seed the test draws from.</summary>
    protected SeededEntropy UseSeed(long seed)
    {
        Seed = seed;
        _options.Log?.Invoke($"seed {seed}");
        return new SeededEntropy(seed);
    }

    /// <summary>Commits; a store that doesn't answer fails the test instead of hanging the run.</summary>
    protected async Task<CommitResult> TryAsync(Commit commit) => await Store.CommitAsync(commit, Stop).AsTask().WaitAsync(Stop);

    protected async Task<CommitResult.Committed> DoAsync(Commit commit) => (await TryAsync(commit)).Demand();

    /// <summary>Commits, and demands a refusal for this reason.</summary>
    protected async Task<TRefusal> RefusedAsync<TRefusal>(Commit commit)
        where TRefusal : Refusal =>
        Assert.IsType<TRefusal>(Assert.IsType<CommitResult.Refused>(await TryAsync(commit)).Reason);

    /// <summary>Appends events to <see cref="Order1"/> of <see cref="Acme"/>.</summary>
    protected Task<CommitResult.Committed> PlaceAsync(int events) =>
        DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Many(events)));

    protected async Task<ImmutableArray<RecordedEvent>> LogAsync(TenantId tenant) =>
        (await Store.ReadLogAsync(tenant, new LogRead(LogPosition.Start, Store.Limits.PageLengthMax), Stop)).Events;

    protected async Task<long> HeadAsync(TenantId tenant) => (await Store.ReadHeadAsync(tenant, Stop)).Position.Value;

    /// <summary>Awaits something that must come by itself; the deadline only keeps a fault from hanging the run.</summary>
    protected async Task SoonAsync(Task task) => await task.WaitAsync(Stop);

    /// <summary>
    /// Lets others be woken, one after the other: a waiter that was woken wrongly before them has had its turn then, and shows it.
    /// </summary>
    protected async Task SettleAsync()
    {
        var settling = TenantId.Parse("settling");
        for (var round = 1; round <= 10; round++)
        {
            var woken = Store.WaitForPositionAsync(settling, LogPosition.Of(round), Stop).AsTask();
            await DoAsync(Commit.For(settling).Append(Order1, ExpectedVersion.Any, Make.Event()));
            await SoonAsync(woken);
            // The end of the pool's common queue: what was woken before, on whichever thread, goes first.
            for (var turn = 0; turn < 20; turn++)
                await Task.Yield();
        }
    }

    /// <summary>Does work at the same moment on as many real threads. The first failure is reported at once: others may wait for it in vain.</summary>
    protected async Task AtOnceAsync(int threads, Func<int, Task> work)
    {
        using var start = new Barrier(threads);
        var running = Enumerable.Range(0, threads).Select(i => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait(Stop);
                return work(i);
            },
            Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()).ToArray();
        await SoonAsync(FirstFailure(running));

        static async Task FirstFailure(Task[] running)
        {
            await foreach (var ended in Task.WhenEach(running))
                await ended;
        }
    }

    /// <summary>Does work on a thread of the pool.</summary>
    protected Task OnPoolAsync(Func<Task> work) => OnPoolAsync(async () =>
    {
        await work();
        return true;
    });

    /// <inheritdoc cref="OnPoolAsync(Func{Task})"/>
    protected Task<T> OnPoolAsync<T>(Func<Task<T>> work) =>
        Task.Factory.StartNew(work, Stop, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).Unwrap();

    /// <summary>What some work throws; null if it succeeds.</summary>
    protected static async Task<Exception?> ErrorOfAsync(Func<Task> work)
    {
        try
        {
            await work();
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
    }

    private sealed class Opened(string database, StoreOptions options, IStore store)
    {
        public string Database { get; } = database;

        public StoreOptions Options { get; } = options;

        public IStore Store { get; set; } = store;
    }
}
