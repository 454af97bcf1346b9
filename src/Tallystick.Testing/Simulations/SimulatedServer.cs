using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Simulations;

// The meaning of a store is that of InMemoryStore, the product's own code; what is simulated is where it lives: a disk to which batches of
// commits are synced, which takes time, and which a crash may find in the middle. Everything a store does is checked against LogModel.

/// <summary>The simulated database: one writer that syncs batches of commits to a journal, and what it holds in memory, which a crash wipes out.</summary>
internal sealed class SimulatedServer
{
    private const int BatchLengthMax = 64;

    private readonly SimulationCore _core;
    private readonly SortedDictionary<string, LogModel> _models = new(StringComparer.Ordinal);
    private readonly List<JournalEntry> _journal = [];
    private readonly List<Pending> _waiting = [];
    private readonly ReplayClock _clock;
    private readonly ReplayEntropy _entropy = new();
    private List<Pending>? _syncing;
    private SimulatedContext _context;

    public SimulatedServer(SimulationCore core)
    {
        _core = core;
        _context = core.NewContext("store");
        _clock = new ReplayClock(core.Scheduler);
        Memory = NewMemory();
    }

    /// <summary>What is durable, to be read.</summary>
    public InMemoryStore Memory { get; private set; }

    public StoreLimits Limits { get; } = new();

    public bool IsUp { get; private set; } = true;

    /// <summary>Whether the disk has no room now: nothing can be written, and all can be read.</summary>
    public bool IsFull { get; set; }

    /// <summary>Whether anything but leases changed; set back by whoever looks.</summary>
    public bool HasWorked { get; set; }

    /// <summary>Called after each commit that took effect, with the deployment that it came from.</summary>
    public Action<Commit, int>? Applied { get; set; }

    /// <summary>All tenants that have a log.</summary>
    public IEnumerable<TenantId> Tenants => _models.Keys.Select(name => name == TenantId.Platform.Value ? TenantId.Platform : TenantId.Parse(name));

    public bool Owns(SimulatedContext context) => ReferenceEquals(context, _context);

    public LogModel Model(TenantId tenant)
    {
        if (!_models.TryGetValue(tenant.Value, out var model))
            _models.Add(tenant.Value, model = new LogModel());
        return model;
    }

    /// <summary>Stores what is there before anything runs.</summary>
    public void Store(Commit commit) => Apply(commit, 0);

    /// <summary>Hands a commit to the writer; completes when it is durable, or fails.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="deployment">The deployment of the process that it comes from.</param>
    public Task<CommitResult> SubmitAsync(Commit commit, int deployment)
    {
        var pending = new Pending(commit, deployment);
        _waiting.Add(pending);
        Pump();
        return pending.Result.Task;
    }

    /// <summary>A commit arrives for whose answer nobody waits any more; unless the database has been killed since it was sent.</summary>
    public void Arrive(Commit commit, int deployment, InMemoryStore sentTo)
    {
        if (!IsUp || Memory != sentTo)
            return;
        _waiting.Add(new Pending(commit, deployment));
        Pump();
    }

    /// <summary>Kills it: what is in memory is gone, and whether the batch that is being synced is on the disk is chance.</summary>
    public void Crash()
    {
        IsUp = false;
        _context.Kill();
        var lost = _waiting.Concat(_syncing ?? []).ToArray();
        if (_syncing is { } batch)
        {
            switch (_core.Choices.Deviate("crash/batch", 0.6, 2))
            {
                case 1:
                    _core.Trace.Add("store", $"crashes after {batch.Count} commits became durable, before anybody is told");
                    foreach (var pending in batch)
                        Apply(pending.Commit, pending.Deployment);
                    break;
                case 2:
                    _core.Trace.Add("store", $"crashes in the middle of writing {batch.Count} commits: the journal's end is torn");
                    foreach (var pending in batch)
                        _journal.Add(new JournalEntry(pending.Commit, _core.Scheduler.Now, 0, IsWhole: false));
                    break;
                default:
                    _core.Trace.Add("store", $"crashes before {batch.Count} commits are written");
                    break;
            }
        }
        else
        {
            _core.Trace.Add("store", "crashes");
        }

        _syncing = null;
        _waiting.Clear();
        _ = Memory.DisposeAsync().AsTask();
        foreach (var pending in lost)
            pending.Result.TrySetException(new TallystickException("The connection was lost while the commit was on its way; whether it took effect isn't known.", isTransient: true));
    }

    /// <summary>Starts again: reads the journal, drops a torn end, and must then hold exactly what it had held.</summary>
    public void Recover()
    {
        _context = _core.NewContext("store");
        Memory = NewMemory();
        _journal.RemoveAll(entry => !entry.IsWhole);
        foreach (var entry in _journal)
            Replay(entry);
        IsUp = true;
        _core.Trace.Add("store", $"is up again with {_journal.Count} commits");
        foreach (var tenant in Tenants)
            RecoveryCheck.Run(tenant, Model(tenant), Memory, _core);
    }

    private InMemoryStore NewMemory() => new(new StoreOptions { Limits = Limits, Time = _clock, Entropy = _entropy });

    private void Pump()
    {
        if (_syncing is not null || _waiting.Count == 0)
            return;
        _syncing = [.. _waiting.Take(BatchLengthMax)];
        _waiting.RemoveRange(0, _syncing.Count);
        var slow = _core.Choices.Deviate("sync/slow", _core.Rates.Slow, 3);
        var due = _core.Scheduler.Now + TimeSpan.FromMilliseconds(slow switch { 0 => 1, 1 => 10, 2 => 200, _ => 3000 });
        _core.Scheduler.At(due, _context, static server => ((SimulatedServer)server!).Synced(), this);
    }

    private void Synced()
    {
        var batch = _syncing!;
        _syncing = null;
        foreach (var pending in batch)
        {
            if (IsFull)
            {
                _core.Trace.Add("store", "refuses a commit: the disk is full");
                pending.Result.TrySetException(new TallystickException("The disk is full.", isTransient: true));
                continue;
            }

            try
            {
                pending.Result.TrySetResult(Apply(pending.Commit, pending.Deployment));
            }
            catch (Exception error)
            {
                pending.Result.TrySetException(error);
            }
        }

        Pump();
    }

    private CommitResult Apply(Commit commit, int deployment)
    {
        var entry = new JournalEntry(commit, _core.Scheduler.Now, _journal.Count, IsWhole: true);
        var result = Replay(entry);
        if (Model(commit.Tenant).Apply(commit, result, Model(TenantId.Platform).Leases, entry.Time) is { } wrong)
            _core.Fail($"Tenant {commit.Tenant}: {wrong}. The commit: {CommitText.Of(commit)}.");
        if (result is CommitResult.Committed { IsReplay: false })
        {
            _journal.Add(entry);
            HasWorked |= !commit.Appends.IsEmpty || !commit.Documents.IsEmpty || !commit.Checkpoints.IsEmpty;
            _core.Trace.Add("store", $"{commit.Tenant} {CommitText.Of(commit)}: {CommitText.Of(result)}");
            _core.DemandOneOwner(commit);
            Applied?.Invoke(commit, deployment);
        }
        else
        {
            _core.Trace.Add("store", $"{commit.Tenant} {CommitText.Of(commit)}: {CommitText.Of(result)}");
        }

        return result;
    }

    private CommitResult Replay(JournalEntry entry)
    {
        _clock.Then = entry.Time;
        _entropy.Begin(entry.Number);
        var result = Memory.CommitAsync(entry.Commit, CancellationToken.None).AtOnce();
        _clock.Then = null;
        return result;
    }

    private sealed record JournalEntry(Commit Commit, DateTimeOffset Time, long Number, bool IsWhole);

    private sealed record Pending(Commit Commit, int Deployment)
    {
        public TaskCompletionSource<CommitResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>The database's own clock; when the journal is read, what it showed then.</summary>
    private sealed class ReplayClock(SimulationScheduler scheduler) : TimeProvider
    {
        public DateTimeOffset? Then { get; set; }

        public override DateTimeOffset GetUtcNow() => Then ?? scheduler.Now;
    }

    /// <summary>Gives a commit the same salts whenever it is read from the journal.</summary>
    private sealed class ReplayEntropy : Entropy
    {
        private SeededEntropy _salts = new(0);

        public void Begin(long number) => _salts = new SeededEntropy(number);

        public override void Fill(Span<byte> buffer) => _salts.Fill(buffer);
    }
}
