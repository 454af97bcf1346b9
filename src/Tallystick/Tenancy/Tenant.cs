using System.Runtime.CompilerServices;
using System.Security.Claims;
using Tallystick.Audit;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;

namespace Tallystick.Tenancy;

/// <summary>
/// A handle bound to one tenant, and to who acts: everything done through it concerns this tenant alone. <see cref="Tenants"/> gives it
/// out; nothing else does, so code without a handle can't reach any tenant's data.
/// </summary>
public sealed class Tenant
{
    private readonly TenantServices _services;

    internal Tenant(TenantId id, TenantServices services)
        : this(id, services, null, EventMetadata.None)
    {
    }

    private Tenant(TenantId id, TenantServices services, ClaimsPrincipal? user, EventMetadata origin) =>
        (Id, _services, User, Metadata) = (id, services, user, origin);

    /// <summary>The tenant.</summary>
    public TenantId Id { get; }

    /// <summary>Who acts through this handle, or null.</summary>
    public ClaimsPrincipal? User { get; }

    /// <summary>What is stored with events that come about through this handle.</summary>
    public EventMetadata Metadata { get; }

    /// <summary>The same tenant, for someone: policies see the user, and events carry the user's id.</summary>
    public Tenant ActingAs(ClaimsPrincipal user) =>
        new(Id, _services, user, Metadata with { UserId = Origin.UserIdOf(user) });

    /// <summary>The same tenant and user, with other metadata for events.</summary>
    public Tenant With(EventMetadata metadata) => new(Id, _services, User, metadata);

    /// <summary>A new stream of a category, with a new, time-ordered id as its key.</summary>
    public StreamId NewStream(string category) => _services.Ids.NewStream(category);

    /// <summary>Executes a command on a stream.</summary>
    /// <param name="stream">The entity.</param>
    /// <param name="command">What to do.</param>
    /// <param name="cancellationToken">Cancels; once the commit is being written, its result is awaited.</param>
    public ValueTask<CommandResult> ExecuteAsync(StreamId stream, object command, CancellationToken cancellationToken) =>
        ExecuteAsync(stream, command, CommandConditions.None, cancellationToken);

    /// <summary>Executes a command on a stream, under conditions.</summary>
    /// <param name="stream">The entity.</param>
    /// <param name="command">What to do.</param>
    /// <param name="conditions">The version that the caller has seen, and a key against repetition.</param>
    /// <param name="cancellationToken">Cancels; once the commit is being written, its result is awaited.</param>
    public ValueTask<CommandResult> ExecuteAsync(
        StreamId stream, object command, CommandConditions conditions, CancellationToken cancellationToken) =>
        _services.Commands.ExecuteAsync(
            new CommandRequest(Id, stream, command)
            {
                User = User,
                Metadata = Metadata,
                IdempotencyKey = conditions.IdempotencyKey,
                ExpectedVersion = conditions.ExpectedVersion,
            },
            cancellationToken);

    /// <summary>The states of one stream, now and in the past.</summary>
    public StreamStates<TState> StateOf<TState>(StreamId stream)
        where TState : notnull => new(Id, stream, _services.Commands.States);

    /// <summary>Some of a stream's events with the state before and after each; see <see cref="StateReader.HistoryAsync"/>.</summary>
    public ValueTask<HistoryPage> HistoryAsync(StreamId stream, StreamVersion from, int count, CancellationToken cancellationToken) =>
        _services.Commands.States.HistoryAsync(Id, stream, from, count, cancellationToken);

    /// <summary>The read model that holds documents of a type.</summary>
    /// <exception cref="InvalidOperationException">No registered projection has such documents.</exception>
    public ReadModels<TDocument> ReadModels<TDocument>()
        where TDocument : class => _services.ReadModels.For<TDocument>(Id);

    /// <summary>
    /// Waits until a subscription has dealt with everything up to a position, and gives the freshness with which a read model shows what the
    /// subscription has appended: for read models that are made from the events of a subscription. Demands nothing if <paramref name="freshness"/>
    /// demands nothing; the deadline holds for both waits together.
    /// </summary>
    /// <exception cref="ReadModelBehindException">The subscription hasn't got so far before the deadline.</exception>
    /// <exception cref="InvalidOperationException">The subscription isn't registered.</exception>
    public ValueTask<ReadFreshness> FollowAsync<TSubscription>(ReadFreshness freshness, CancellationToken cancellationToken)
        where TSubscription : Subscription => _services.Subscriptions.FollowAsync(typeof(TSubscription), Id, freshness, cancellationToken);

    /// <summary>One event of a stream, as it is stored; null if the stream has no such version.</summary>
    public async ValueTask<RecordedEvent?> FindEventAsync(StreamId stream, StreamVersion version, CancellationToken cancellationToken) =>
        await _services.Store.ReadStreamAsync(Id, new StreamRead(stream, version, 1), cancellationToken) is [var found] && found.Version == version
            ? found : null;

    /// <summary>The events of a stream from a version on, as they are stored, read page by page.</summary>
    public async IAsyncEnumerable<RecordedEvent> ReadStreamAsync(
        StreamId stream, StreamVersion from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await _services.Store.ReadStreamAsync(Id, new StreamRead(stream, from, PageLength), cancellationToken);
            if (page.IsEmpty)
                yield break;
            foreach (var e in page)
                yield return e;
            from = page[^1].Version.Next();
        }
    }

    /// <summary>The events of the tenant's log after a position, up to its present end, read page by page.</summary>
    public async IAsyncEnumerable<RecordedEvent> ReadLogAsync(
        LogPosition after, EventQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await _services.Store.ReadLogAsync(Id, new LogRead(after, PageLength, query), cancellationToken);
            foreach (var e in page.Events)
                yield return e;
            if (page.Through == after)
                yield break;
            after = page.Through;
        }
    }

    /// <summary>Commits a value that was made for this tenant, without any command: for code that has its own rules.</summary>
    /// <exception cref="ArgumentException">The commit is for another tenant.</exception>
    /// <exception cref="LimitExceededException">The commit would add something, but the tenant has stored as much as it may.</exception>
    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        if (commit.Tenant != Id)
            throw new ArgumentException($"The commit is for tenant '{commit.Tenant}', but this handle is bound to '{Id}'.", nameof(commit));
        await _services.Storage.DemandAsync(commit, cancellationToken);
        return await _services.Store.CommitAsync(commit, cancellationToken);
    }

    /// <summary>An empty commit for this tenant that carries its metadata.</summary>
    public Commit BeginCommit() => Commit.For(Id).From(Metadata);

    /// <summary>Makes an event that can be appended by <see cref="CommitAsync"/>.</summary>
    public NewEvent NewEvent(object @event) => _services.Serializer.Serialize(@event);

    /// <summary>Recomputes every hash of the tenant's log and compares it with what is stored; see <see cref="LogVerifier"/>.</summary>
    public ValueTask<LogVerification> VerifyAsync(IProgress<LogPosition>? progress, CancellationToken cancellationToken) =>
        LogVerifier.VerifyAsync(_services.Store, Id, progress, cancellationToken);

    /// <summary>Events read at a time by the methods that give all of them.</summary>
    private const int PageLength = 500;
}

/// <summary>Under which conditions a command is executed.</summary>
/// <param name="ExpectedVersion">The stream's version that the caller has seen; another one is a conflict that isn't retried. Default: any.</param>
/// <param name="IdempotencyKey">Makes the command take effect at most once. Default null: each call counts.</param>
public sealed record CommandConditions(ExpectedVersion ExpectedVersion = default, IdempotencyKey? IdempotencyKey = null)
{
    /// <summary>No conditions.</summary>
    public static CommandConditions None { get; } = new();
}

/// <summary>The states of one stream, now and in the past.</summary>
/// <typeparam name="TState">The decider's state.</typeparam>
public readonly struct StreamStates<TState>
    where TState : notnull
{
    private readonly TenantId _tenant;
    private readonly StreamId _stream;
    private readonly StateReader _states;

    internal StreamStates(TenantId tenant, StreamId stream, StateReader states) => (_tenant, _stream, _states) = (tenant, stream, states);

    /// <summary>The present state, and the version that it is of.</summary>
    public ValueTask<StreamState<TState>> NowAsync(CancellationToken cancellationToken) =>
        _states.LoadAsync<TState>(_tenant, _stream, cancellationToken);

    /// <summary>The state at a version, folded from the log.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The stream doesn't have that version yet.</exception>
    public ValueTask<StreamState<TState>> AtAsync(StreamVersion version, CancellationToken cancellationToken) =>
        _states.AtAsync<TState>(_tenant, _stream, version, cancellationToken);

    /// <summary>The state at a time, folded from the log.</summary>
    public ValueTask<StreamState<TState>> AtAsync(DateTimeOffset time, CancellationToken cancellationToken) =>
        _states.AtAsync<TState>(_tenant, _stream, time, cancellationToken);
}
