using System.Collections.Immutable;
using System.Text.Json;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>What a projection or subscription must know about itself after a restart. A document, changed in the same commits as checkpoints.</summary>
internal sealed record RunnerState
{
    /// <summary>What readers see; null before the first build is complete.</summary>
    public GenerationInfo? Active { get; init; }

    /// <summary>What is being built.</summary>
    public GenerationInfo? Building { get; init; }

    /// <summary>The head of the log when the building began; it must have got there before it is swapped in.</summary>
    public long BuildTarget { get; init; }

    /// <summary>The highest generation ever used; none is used twice.</summary>
    public int LastGeneration { get; init; }

    /// <summary>Generations whose documents are still to be removed.</summary>
    public ImmutableArray<RetiredCollection> Retired { get; init; } = [];

    /// <summary>Why it stopped, until it has got past that event.</summary>
    public StoppedAt? Stopped { get; init; }

    /// <summary>These collections with the ones of a generation that nobody needs any more.</summary>
    public ImmutableArray<RetiredCollection> RetiredWith(GenerationInfo? generation) => generation is null
        ? Retired
        : [.. Retired, .. generation.Collections.Select(name => new RetiredCollection(name, generation.Generation))];
}

/// <summary>The event at which a runner gave up.</summary>
internal sealed record StoppedAt(long Position, string EventType, Guid EventId, string Error, int Attempts, DateTimeOffset Time)
{
    public static StoppedAt From(SubscriptionFailure failure) =>
        new(failure.Position.Value, failure.EventType, failure.EventId, failure.Error, failure.Attempts, failure.Time);
}

/// <summary>A generation of a collection that nobody reads any more.</summary>
internal sealed record RetiredCollection(string Collection, int Generation);

/// <summary>
/// Reads and changes a <see cref="RunnerState"/>. A checkpoint beside it counts its changes (the revision): every commit of a runner
/// demands the revision that it knows, so that whoever has missed a change can't commit anything, and readers can wait for a change by
/// the store's signals.
/// </summary>
internal sealed class RunnerStateStore(IStore store, TenantId tenant, string collection, string name)
{
    public const string Projections = "$projections";
    public const string Subscriptions = "$subscriptions";
    private const int Generation = 1;

    /// <summary>Whose row the state is.</summary>
    public TenantId Tenant => tenant;

    public string RevisionCheckpoint { get; } = name + "@state";

    /// <summary>The state, which is at least as new as the revision.</summary>
    public async ValueTask<(RunnerState State, LogPosition Revision)> ReadAsync(CancellationToken cancellationToken)
    {
        var revision = await store.ReadCheckpointAsync(tenant, RevisionCheckpoint, cancellationToken) ?? LogPosition.Start;
        var found = await store.FindDocumentsAsync(tenant, collection, Generation, [name], cancellationToken);
        var state = found.Items[0] is { } document
            ? JsonSerializer.Deserialize<RunnerState>(document.Body.Span, EventSerializer.DefaultOptions)
            : null;
        return (state ?? new RunnerState(), revision);
    }

    /// <summary>Waits until the state has changed.</summary>
    public ValueTask WaitForChangeAsync(LogPosition revision, CancellationToken cancellationToken) =>
        store.WaitForCheckpointAsync(tenant, RevisionCheckpoint, revision.Next(), cancellationToken);

    /// <summary>Lets a commit take effect only while the state is as it was read.</summary>
    public Commit Guard(Commit commit, LogPosition revision) => commit.Save(RevisionCheckpoint, revision, revision);

    /// <summary>Changes the state with a commit, if it is as it was read.</summary>
    public Commit Change(Commit commit, RunnerState state, LogPosition revision)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(state, EventSerializer.DefaultOptions);
        var document = new Document(name, body, [], LogPosition.Start);
        return commit
            .Change(new DocumentChange.Put(new CollectionId(collection, Generation), document))
            .Save(RevisionCheckpoint, revision.Next(), revision);
    }
}
