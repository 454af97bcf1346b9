using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Storage;

/// <summary>
/// Everything durable that must happen together, as one immutable value: append events, demand conditions, put or delete documents,
/// save checkpoints, take or renew leases, remember an idempotency key. It is handed to <see cref="IStore.CommitAsync"/>, the one way in
/// which anything durable ever changes; either all of it takes effect or nothing does.
/// </summary>
public sealed partial record Commit
{
    private Commit(TenantId tenant) => Tenant = tenant;

    /// <summary>Whose log and documents this changes.</summary>
    public TenantId Tenant { get; }

    /// <summary>The events to append, in this order; an entry without events only demands the stream's version.</summary>
    public ImmutableArray<StreamAppend> Appends { get; private init; } = [];

    /// <summary>Queries that must have no match after a position.</summary>
    public ImmutableArray<QueryCondition> Conditions { get; private init; } = [];

    /// <summary>The read-model documents to change, in this order.</summary>
    public ImmutableArray<DocumentChange> Documents { get; private init; } = [];

    /// <summary>The checkpoints to save.</summary>
    public ImmutableArray<CheckpointChange> Checkpoints { get; private init; } = [];

    /// <summary>The leases that must be held for the commit to take effect.</summary>
    public ImmutableArray<Lease> Fences { get; private init; } = [];

    /// <summary>The leases to acquire, renew or release.</summary>
    public ImmutableArray<LeaseChange> Leases { get; private init; } = [];

    /// <summary>The key under which the result is remembered, or null.</summary>
    public IdempotencyKey? Key { get; private init; }

    /// <summary>Where the events come from.</summary>
    public EventMetadata Metadata { get; private init; } = EventMetadata.None;

    /// <summary>An empty commit for a tenant, to be filled by the methods below, each of which gives a new value.</summary>
    /// <exception cref="ArgumentException">The tenant is <c>default</c>.</exception>
    public static Commit For(TenantId tenant) => tenant.IsDefault
        ? throw new ArgumentException("A commit needs a tenant; default(TenantId) names none.", nameof(tenant))
        : new Commit(tenant);

    /// <summary>Appends events to a stream.</summary>
    public Commit Append(StreamId stream, ExpectedVersion expected, params ReadOnlySpan<NewEvent> events) =>
        this with { Appends = Appends.Add(new StreamAppend(stream, expected, [.. events])) };

    /// <summary>Appends events to a stream.</summary>
    [OverloadResolutionPriority(1)] // A collection expression, [.. events], fits both overloads.
    public Commit Append(StreamId stream, ExpectedVersion expected, ImmutableArray<NewEvent> events) =>
        this with { Appends = Appends.Add(new StreamAppend(stream, expected, events)) };

    /// <summary>Demands a stream's version without appending to it.</summary>
    public Commit Expect(StreamId stream, ExpectedVersion expected) => Append(stream, expected);

    /// <summary>Demands that no event matching a query has been stored after a position: a rule that spans streams.</summary>
    /// <param name="query">What must not have happened.</param>
    /// <param name="noneAfter">The position up to which the caller knows the log.</param>
    public Commit Require(EventQuery query, LogPosition noneAfter) =>
        this with { Conditions = Conditions.Add(new QueryCondition(query, noneAfter)) };

    /// <summary>Changes read-model documents.</summary>
    public Commit Change(params ReadOnlySpan<DocumentChange> changes) => this with { Documents = [.. Documents, .. changes] };

    /// <summary>Saves a subscription's checkpoint.</summary>
    /// <param name="name">The subscription.</param>
    /// <param name="position">The last position that it has dealt with.</param>
    /// <param name="expected">The checkpoint that the caller read; another one refuses the commit. Null: whatever it is.</param>
    public Commit Save(string name, LogPosition position, LogPosition? expected = null) =>
        this with { Checkpoints = Checkpoints.Add(new CheckpointChange(name, position, expected)) };

    /// <summary>Removes a subscription's checkpoint.</summary>
    /// <param name="name">The subscription.</param>
    /// <param name="expected">The checkpoint that the caller read; another one refuses the commit. Null: whatever it is.</param>
    public Commit Forget(string name, LogPosition? expected = null) =>
        this with { Checkpoints = Checkpoints.Add(new CheckpointChange(name, null, expected)) };

    /// <summary>
    /// Lets the commit take effect only while a lease is held by exactly this owner in this epoch, whether or not its time is over: what
    /// someone writes who has been overtaken meanwhile is refused.
    /// </summary>
    /// <param name="lease">A lease of the commit's own tenant, or of <see cref="TenantId.Platform"/>.</param>
    public Commit Under(Lease lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return this with { Fences = Fences.Add(lease) };
    }

    /// <summary>
    /// Takes a lease of the commit's tenant if nobody holds it, its time is over, or the same owner holds it, who then keeps its epoch; else
    /// the commit is refused. <see cref="CommitResult.Committed.Leases"/> tells the epoch.
    /// </summary>
    /// <param name="name">The right.</param>
    /// <param name="owner">Who wants it; unique, and new whenever a process starts.</param>
    /// <param name="duration">For how long nobody else can take it, by the store's clock; at most <see cref="LeaseChange.DurationMax"/>.</param>
    public Commit Acquire(string name, string owner, TimeSpan duration) =>
        this with { Leases = Leases.Add(new LeaseChange.Acquire(name, owner, duration)) };

    /// <summary>Keeps a lease of the commit's tenant for a further time; refuses the commit if it isn't held any more.</summary>
    /// <param name="lease">The lease as it was acquired.</param>
    /// <param name="duration">For how long from now on, by the store's clock; at most <see cref="LeaseChange.DurationMax"/>.</param>
    public Commit Renew(Lease lease, TimeSpan duration)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return this with { Leases = Leases.Add(new LeaseChange.Renew(lease, duration)) };
    }

    /// <summary>Gives a lease of the commit's tenant back, so that anyone can take it at once; refuses the commit if it isn't held any more.</summary>
    /// <param name="lease">The lease as it was acquired.</param>
    public Commit Release(Lease lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return this with { Leases = Leases.Add(new LeaseChange.Release(lease)) };
    }

    /// <summary>
    /// Makes the commit happen at most once: a later commit of the same tenant with the same key stores nothing and gets the first
    /// one's result. Such a commit can't change leases: a repetition's answer would tell of one that was lost long ago.
    /// </summary>
    public Commit Once(IdempotencyKey key) => this with { Key = key };

    /// <summary>Says where the events come from.</summary>
    public Commit From(EventMetadata metadata) => this with { Metadata = metadata };
}

/// <summary>Events for one stream.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Expected">What is demanded of its version.</param>
/// <param name="Events">What to append; empty only demands the version.</param>
public sealed record StreamAppend(StreamId Stream, ExpectedVersion Expected, ImmutableArray<NewEvent> Events);

/// <summary>A rule that spans streams: no event that matches <paramref name="Query"/> after <paramref name="After"/>.</summary>
public sealed record QueryCondition(EventQuery Query, LogPosition After);

/// <summary>A checkpoint to save.</summary>
/// <param name="Name">The subscription that it belongs to.</param>
/// <param name="Position">The last position that was dealt with; null removes the checkpoint.</param>
/// <param name="Expected">The checkpoint that is demanded before; 0 for none yet; null: whatever it is.</param>
public sealed record CheckpointChange(string Name, LogPosition? Position, LogPosition? Expected);

/// <summary>A caller's name for one intended change, so that a repetition can be told from a new one.</summary>
/// <param name="Value">Unique within the tenant.</param>
/// <param name="Fingerprint">
/// What the change is, for example a hash of the request. A repetition with another fingerprint is refused instead of being answered
/// with the result of a different change. Empty: not compared.
/// </param>
public sealed record IdempotencyKey(string Value, string Fingerprint = "")
{
    /// <summary>Whether two uses of a key mean the same change. An empty fingerprint says nothing about the change, so it fits any.</summary>
    public bool IsSameChange(IdempotencyKey other) =>
        Fingerprint.Length == 0 || other.Fingerprint.Length == 0 || Fingerprint == other.Fingerprint;
}
