using System.Collections.Concurrent;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Tests.Testing.Conformance;

namespace Tallystick.Tests.Tenancy.Databases;

/// <summary>Databases in memory that keep what they have when they are closed, and count who opens them.</summary>
internal sealed class Disks
{
    private readonly ConcurrentDictionary<string, InMemoryStore> _stores = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _opened = new(StringComparer.Ordinal);
    private int _openNow;
    private int _openMost;
    private TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int OpenNow => Volatile.Read(ref _openNow);

    public int OpenMost => _openMost;

    public IEnumerable<string> Names => _stores.Keys.Order(StringComparer.Ordinal);

    /// <summary>Called when a database is opened, before it is.</summary>
    public Action<string>? Opening { get; set; }

    /// <summary>What is done with commits; null: they are made.</summary>
    public Func<Commit, CommitResult?>? Intercept { get; set; }

    public int OpenedTimes(string name) => _opened.GetValueOrDefault(name);

    /// <summary>Completes when the next database has been closed.</summary>
    public Task WhenClosed => Volatile.Read(ref _closed).Task;

    public IStore Open(string name)
    {
        Opening?.Invoke(name);
        _opened.AddOrUpdate(name, 1, (_, times) => times + 1);
        _openMost = Math.Max(_openMost, Interlocked.Increment(ref _openNow));
        return new Kept(this, _stores.GetOrAdd(name, _ => new InMemoryStore()));
    }

    public ValueTask RemoveAsync(string name)
    {
        _stores.TryRemove(name, out _);
        return ValueTask.CompletedTask;
    }

    /// <summary>What a database has, whether it is open or not; null if there is none.</summary>
    public InMemoryStore? Find(string name) => _stores.GetValueOrDefault(name);

    public TallystickBuilder Add(TallystickBuilder app) => app
        .AddDatabase("eu-2", _ => Open("eu-2"))
        .AddDedicated("own", (_, tenant) => Open(tenant.Value), (_, tenant, _) => RemoveAsync(tenant.Value));

    private sealed class Kept(Disks disks, IStore inner) : PassThroughStore(inner)
    {
        private readonly CancellationTokenSource _closing = new();

        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
            return disks.Intercept?.Invoke(commit) ?? await base.CommitAsync(commit, cancellationToken);
        }

        protected override ValueTask CloseAsync()
        {
            if (_closing.IsCancellationRequested)
                return ValueTask.CompletedTask;
            _closing.Cancel();
            Interlocked.Decrement(ref disks._openNow);
            Interlocked.Exchange(ref disks._closed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            return ValueTask.CompletedTask;
        }
    }
}
