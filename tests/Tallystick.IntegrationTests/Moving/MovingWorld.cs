using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.IntegrationTests.Durability;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Tenancy.Moving;
using Tallystick.Testing.Conformance;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Stores;
using Tallystick.Testing.Time;

namespace Tallystick.IntegrationTests.Moving;

/// <summary>The kinds of stores that a tenant moves between.</summary>
public enum StoreKind
{
    Memory,
    Sqlite,
}

/// <summary>
/// A tenant in one of two stores, a placement that says in which, writers that follow it, and a third store that takes every commit that was
/// acknowledged: what the tenant must look like, wherever it is. All salts are the same, so that stores can be compared byte for byte.
/// </summary>
internal sealed class MovingWorld : IAsyncDisposable
{
    public static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly TenantId Globex = TenantId.Parse("globex");

    private readonly List<StoreFile> _files = [];
    private readonly List<Commit> _waiting = [];
    private readonly ManualTime _time = new();
    private readonly ModelTenant _model = new();
    private readonly SeededEntropy _random;
    private readonly RandomCommits _commits;
    private int _calls;
    private int _killAt;

    public MovingWorld(StoreKind source, StoreKind target, long seed)
    {
        _random = new SeededEntropy(seed);
        _commits = new RandomCommits(_random);
        (Source, Target, Mirror) = (Open(source), Open(target), Open(StoreKind.Memory));
        Placement = Source;
    }

    public IStore Source { get; }

    public IStore Target { get; }

    /// <summary>What must be there.</summary>
    public IStore Mirror { get; }

    /// <summary>Where writers go.</summary>
    public IStore Placement { get; private set; }

    /// <summary>How many commits are made between two calls of a mover.</summary>
    public int CommitsPerCall { get; set; }

    /// <summary>How many calls the mover has made.</summary>
    public int Calls => _calls;

    /// <summary>Whether the mover was killed.</summary>
    public bool IsKilled { get; private set; }

    public int Waited { get; private set; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A mover that dies at a call of a store or of the placement; 0: never. Odd numbers die before it, even ones after.</summary>
    public TenantMove Mover(int killAt, IProgress<TenantMoveProgress>? progress = null)
    {
        (_calls, _killAt, IsKilled) = (0, killAt, false);
        return new TenantMove(Killable(Source), Killable(Target), Acme, new TenantMoveOptions { LagMax = 20, Time = _time }, progress);
    }

    public async ValueTask SwitchToTarget(CancellationToken cancellationToken) => await PlaceAsync(Target);

    public async ValueTask SwitchToSource(CancellationToken cancellationToken) => await PlaceAsync(Source);

    public async Task FillAsync(int commits)
    {
        await TenantCalls.FillAsync(Source, Acme, 3, Stop);
        await TenantCalls.FillAsync(Mirror, Acme, 3, Stop);
        await TenantCalls.FillAsync(Source, Globex, 2, Stop);
        await TenantCalls.FillAsync(Target, Globex, 2, Stop);
        await WriteAsync(commits);
    }

    /// <summary>Makes random commits where the tenant is. Those that a fence holds up are kept for later.</summary>
    public async Task WriteAsync(int commits)
    {
        for (var i = 0; i < commits; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            // Leases stay behind when a tenant moves: they are taken anew where it is.
            var commit = _commits.Next(Acme, _model);
            while (!commit.Leases.IsEmpty || !commit.Fences.IsEmpty)
                commit = _commits.Next(Acme, _model);
            await WriteAsync(commit);
        }
    }

    /// <summary>Lets those go on that a fence has held up.</summary>
    public async Task WriteWaitingAsync()
    {
        var waiting = _waiting.ToArray();
        _waiting.Clear();
        foreach (var commit in waiting)
            await WriteAsync(commit);
    }

    /// <summary>Demands that the tenant is in a store, whole and open for writers, with everything that was acknowledged.</summary>
    public async Task DemandAsync(IStore store, string why)
    {
        Assert.True(ReferenceEquals(store, Placement), $"{why}: the placement is another store");
        var storage = await store.ReadTenantAsync(Acme, Stop);
        Assert.True(storage is { IsFenced: false, IsErasing: false, IsJournaling: false }, $"{why}: {storage}");
        await WriteWaitingAsync();
        await WriteAsync(5);
        Assert.True(_waiting.Count == 0, $"{why}: writers wait");
        Assert.Equal(await TenantDump.ContentAsync(Mirror, Acme, Stop), await TenantDump.ContentAsync(store, Acme, Stop));
        Assert.True((await LogVerifier.VerifyAsync(store, Acme, null, Stop)).IsIntact, why);
        foreach (var one in (IStore[])[Source, Target])
            Assert.Equal(6, (await one.ReadHeadAsync(Globex, Stop)).Position.Value);
    }

    public async Task DemandGoneAsync(IStore store) => Assert.Equal(TenantStorage.None, await store.ReadTenantAsync(Acme, Stop));

    public async ValueTask DisposeAsync()
    {
        await Mirror.DisposeAsync();
        foreach (var store in (IStore[])[Source, Target])
            await store.DisposeAsync();
        foreach (var file in _files)
            await file.DisposeAsync();
    }

    private async Task WriteAsync(Commit commit)
    {
        var result = await Placement.CommitAsync(commit, Stop);
        if (result is CommitResult.Refused { Reason: Refusal.Fenced })
        {
            Waited++;
            _waiting.Add(commit);
            return;
        }

        _model.Commit(commit, _time.GetUtcNow());
        var expected = await Mirror.CommitAsync(commit, Stop);
        Assert.Equal(TenantDump.Of(expected), TenantDump.Of(result));
    }

    private async Task PlaceAsync(IStore store)
    {
        await StepAsync(isBefore: true);
        Placement = store;
        await StepAsync(isBefore: false);
    }

    private FaultyStore Killable(IStore store) => new(store)
    {
        KeepsCalls = false,
        Before = async _ => await StepAsync(isBefore: true),
        After = async _ => await StepAsync(isBefore: false),
    };

    private async Task StepAsync(bool isBefore)
    {
        if (IsKilled)
            throw new KilledException();
        if (isBefore)
            await WriteAsync(CommitsPerCall);
        if (++_calls == _killAt)
        {
            IsKilled = true;
            throw new KilledException();
        }
    }

    private IStore Open(StoreKind kind)
    {
        var options = new StoreOptions { Time = _time, Entropy = new SameBytes(), Limits = new StoreLimits { EventsPerCommitMax = 40, ErasedRowsPerCommitMax = 60, PageLengthMax = 1000 } };
        if (kind == StoreKind.Memory)
            return new InMemoryStore(options);
        var file = new StoreFile();
        _files.Add(file);
        return file.Open(new SqliteStoreOptions { Time = options.Time, Entropy = options.Entropy, Limits = options.Limits, TailEventsMax = 50 });
    }

    private sealed class SameBytes : Entropy
    {
        public override void Fill(Span<byte> buffer) => buffer.Fill(0x5A);
    }
}

/// <summary>The mover's process has died: nothing of it runs any more.</summary>
internal sealed class KilledException() : TallystickException("The process has died.");
