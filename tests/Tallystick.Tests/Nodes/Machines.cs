using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Simulations;
using Tallystick.Testing.Stores;
using Tallystick.Testing.Time;

namespace Tallystick.Tests.Nodes;

/// <summary>
/// Several processes over one database, on one thread and by one clock: all that is ready runs, in the order in which it became so, and then
/// the clock moves to the next timer. So a minute of several nodes takes milliseconds, and always goes the same way.
/// </summary>
internal sealed class Machines : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Queue<(Machine Machine, SendOrPostCallback Callback, object? State)> _ready = new();
    private readonly SynchronizationContext? _before = SynchronizationContext.Current;
    private readonly InMemoryStore _database;

    public Machines() => _database = new InMemoryStore(new StoreOptions { Time = Time });

    /// <summary>The clock of all machines and of the database.</summary>
    public ManualTime Time { get; } = new();

    /// <summary>What the machines share, without their connections.</summary>
    public IStore Database => _database;

    public Machine Add(string name) => new(this, name, new FaultyStore(_database) { IsShared = true });

    /// <summary>Lets everything go on until something holds; fails if it doesn't within a time of the clock.</summary>
    public void RunUntil(Func<bool> holds, TimeSpan within, string what)
    {
        var end = Time.Now + within;
        for (Drain(); !holds(); Drain())
        {
            Assert.True(Time.Now < end, $"{what}: not within {within}.");
            var next = Time.NextDue ?? within;
            Time.Advance(next < end - Time.Now ? next : end - Time.Now);
        }
    }

    /// <summary>Lets everything go on for a time of the clock, and says what must hold all the while.</summary>
    public void RunFor(TimeSpan time, Action? always = null)
    {
        var end = Time.Now + time;
        for (Drain(); Time.Now < end; Drain())
        {
            always?.Invoke();
            var next = Time.NextDue ?? time;
            Time.Advance(next < end - Time.Now ? next : end - Time.Now);
        }

        always?.Invoke();
    }

    /// <summary>Waits for a task that needs no time to pass.</summary>
    public T Get<T>(Task<T> task)
    {
        Drain();
        Assert.True(task.IsCompleted, "not at once");
        return task.GetAwaiter().GetResult();
    }

    public ImmutableArray<LeaseState> Leases() =>
        Get(_database.ReadLeasesAsync(TenantId.Platform, new LeaseRead("", 10_000), CancellationToken.None).AsTask());

    /// <summary>The leases, from within a machine: the database answers at once.</summary>
    public ImmutableArray<LeaseState> LeasesNow() =>
        _database.ReadLeasesAsync(TenantId.Platform, new LeaseRead("", 10_000), CancellationToken.None).AtOnce();

    public CommitResult Commit(Commit commit) => Get(_database.CommitAsync(commit, CancellationToken.None).AsTask());

    public void Enqueue(Machine machine, SendOrPostCallback callback, object? state)
    {
        lock (_lock)
            _ready.Enqueue((machine, callback, state));
    }

    public void Dispose() => SynchronizationContext.SetSynchronizationContext(_before);

    private void Drain()
    {
        while (true)
        {
            (Machine Machine, SendOrPostCallback Callback, object? State) next;
            lock (_lock)
            {
                if (!_ready.TryDequeue(out next))
                    break;
            }

            if (next.Machine.Takes(next.Callback, next.State))
            {
                SynchronizationContext.SetSynchronizationContext(next.Machine);
                next.Callback(next.State);
            }
        }

        SynchronizationContext.SetSynchronizationContext(_before);
    }
}

/// <summary>One process: it can be killed, and stopped for a time as by SIGSTOP.</summary>
internal sealed class Machine(Machines machines, string name, FaultyStore store) : SynchronizationContext
{
    private readonly List<(SendOrPostCallback Callback, object? State)> _held = [];
    private bool _isDead;
    private bool _isFrozen;

    public string Name => name;

    /// <summary>Its connection to the database.</summary>
    public FaultyStore Store => store;

    public TimeProvider Time => new MachineTime(machines.Time, this);

    /// <summary>Runs something in the process.</summary>
    public Task Do(Func<Task> work)
    {
        var done = new TaskCompletionSource();
        Post(_ => RunAsync(), null);
        return done.Task;

        async void RunAsync()
        {
            try
            {
                await work();
                done.TrySetResult();
            }
            catch (Exception error)
            {
                done.TrySetException(error);
            }
        }
    }

    public void Kill() => _isDead = true;

    public void Freeze() => _isFrozen = true;

    public void Thaw()
    {
        _isFrozen = false;
        foreach (var (callback, state) in _held)
            machines.Enqueue(this, callback, state);
        _held.Clear();
    }

    public bool Takes(SendOrPostCallback callback, object? state)
    {
        if (_isFrozen)
            _held.Add((callback, state));
        return !_isDead && !_isFrozen;
    }

    public override void Post(SendOrPostCallback d, object? state) => machines.Enqueue(this, d, state);

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Timers call back in the process.</summary>
    private sealed class MachineTime(ManualTime time, Machine machine) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(_ => machine.Post(_ => callback(state), null), null, dueTime, period);
    }
}
