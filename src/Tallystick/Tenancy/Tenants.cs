using System.Collections.Immutable;
using System.Security.Claims;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy.Databases;

namespace Tallystick.Tenancy;

/// <summary>
/// The tenants of this installation: the only place that gives out handles. Each look-up reads the catalog's stream, so a suspension takes
/// effect with the next request, on every node.
/// </summary>
public sealed partial class Tenants
{
    private readonly IStore _store;
    private readonly CommandProcessor _commands;
    private readonly TenantServices _services;
    private readonly TenantOptions _options;
    private readonly DatabaseRegistry _databases;
    private readonly TenantDirectory _directory;
    private readonly TenantMover? _mover;
    private readonly Func<string, TenantId, CancellationToken, ValueTask> _removeFilesAsync;
    private readonly TimeProvider _time;

    internal Tenants(
        IStore store, CommandProcessor commands, TenantServices services, TenantOptions options, DatabaseRegistry databases,
        TenantDirectory directory, TenantMover? mover, Func<string, TenantId, CancellationToken, ValueTask> removeFilesAsync, TimeProvider time)
    {
        (_store, _commands, _services, _options, _databases, _directory) = (store, commands, services, options, databases, directory);
        (_mover, _removeFilesAsync, _time) = (mover, removeFilesAsync, time);
    }

    /// <summary>The handle of a tenant, or why there is none.</summary>
    public async ValueTask<TenantLookup> FindAsync(TenantId id, CancellationToken cancellationToken)
    {
        var record = await LoadAsync(id, cancellationToken);
        return record.Status switch
        {
            TenantStatus.Active => new TenantLookup.Found(new Tenant(id, _services)),
            TenantStatus.Moving when !record.IsSuspended => new TenantLookup.Found(new Tenant(id, _services)),
            TenantStatus.Suspended or TenantStatus.Moving => new TenantLookup.Suspended(id),
            TenantStatus.Deleted => new TenantLookup.Deleted(id),
            _ => new TenantLookup.Unknown(id),
        };
    }

    /// <summary>The handle of a tenant that must be there.</summary>
    /// <exception cref="TallystickException">It is unknown, suspended or deleted.</exception>
    public async ValueTask<Tenant> GetAsync(TenantId id, CancellationToken cancellationToken) =>
        await FindAsync(id, cancellationToken) switch
        {
            TenantLookup.Found found => found.Tenant,
            TenantLookup.Suspended => throw new TallystickException($"Tenant '{id}' is suspended. Resume it first."),
            TenantLookup.Deleted => throw new TallystickException($"Tenant '{id}' is deleted. Restore it first."),
            _ => throw new TallystickException($"There is no tenant '{id}'. Create it first."),
        };

    /// <summary>All that the catalog knows of a tenant; null if there is none. One that was erased is still known.</summary>
    public async ValueTask<TenantDescription?> DescribeAsync(TenantId id, CancellationToken cancellationToken)
    {
        var record = await LoadAsync(id, cancellationToken);
        if (!record.Exists)
            return null;
        var first = await _store.ReadStreamAsync(TenantId.Platform, new StreamRead(StreamOf(id), StreamVersion.None, 1), cancellationToken);
        return Describe(first[0], record) with { Work = _mover?.WorkFor(id) };
    }

    /// <summary>
    /// Changes the catalog: creates, renames, suspends or resumes a tenant, sets its limits, moves it, and so on. Of a move, and of what confirms, undoes or
    /// abandons it, the wish is recorded; some node's runtime does it, and <see cref="DescribeAsync"/> tells how far it is.
    /// </summary>
    /// <param name="id">The tenant.</param>
    /// <param name="command">What to do.</param>
    /// <param name="by">Who does it, for the record; null if nobody is known.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentException">
    /// The id is <c>default</c> or <see cref="TenantId.Platform"/>, or the command is one that only the library gives.
    /// </exception>
    public async ValueTask<CommandResult> ExecuteAsync(
        TenantId id, TenantCommand command, ClaimsPrincipal? by, CancellationToken cancellationToken)
    {
        DemandNameable(id);
        ArgumentNullException.ThrowIfNull(command);
        if (command.IsReport)
            throw new ArgumentException($"{command.GetType().Name} says what was done, so only the library gives it. Begin, confirm, undo or abandon a move, or import a tenant.", nameof(command));
        return await RecordAsync(id, command, by, cancellationToken);
    }

    private async ValueTask<CommandResult> RecordAsync(TenantId id, TenantCommand command, ClaimsPrincipal? by, CancellationToken cancellationToken)
    {
        command = command switch
        {
            TenantCommand.Create { Placement: null } create => create with { Placement = _options.Place(id) },
            TenantCommand.BeginImport { Placement: null } import => import with { Placement = _options.Place(id) },
            _ => command,
        };
        var place = command switch { TenantCommand.Create made => made.Placement, TenantCommand.BeginMove begun => begun.Target, TenantCommand.BeginImport import => import.Placement, _ => null };
        if (place is not null && !_databases.Has(place))
            return new CommandResult.Rejected(new Rejection("placement-unknown", $"There is no '{place}'; there are {_databases}."));
        var result = await _commands.ExecuteAsync(
            new CommandRequest(TenantId.Platform, StreamOf(id), command) { User = by, Metadata = Origin.Of(by) }, cancellationToken);
        await LoadAsync(id, cancellationToken);
        return result;
    }

    /// <summary>
    /// Deletes a tenant: its callers are refused from now on. After a time of grace, in which <see cref="TenantCommand.Restore"/> takes it back,
    /// the runtime erases every row and file of it. Its events in the catalog stay, and its id isn't used again.
    /// </summary>
    /// <param name="id">The tenant.</param>
    /// <param name="reason">Why, for the record.</param>
    /// <param name="grace">How long it can be restored; null: <see cref="TenantOptions.DeletionGrace"/>. Zero erases it at once.</param>
    /// <param name="by">Who does it, for the record; null if nobody is known.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentException">The id is <c>default</c> or <see cref="TenantId.Platform"/>, or the grace is negative.</exception>
    public ValueTask<CommandResult> DeleteAsync(
        TenantId id, string reason, TimeSpan? grace, ClaimsPrincipal? by, CancellationToken cancellationToken)
    {
        var length = grace ?? _options.DeletionGrace;
        ArgumentOutOfRangeException.ThrowIfLessThan(length, TimeSpan.Zero, nameof(grace));
        return ExecuteAsync(id, new TenantCommand.Delete(reason, _time.GetUtcNow() + length), by, cancellationToken);
    }

    /// <summary>Makes a tenant unless it exists already.</summary>
    /// <exception cref="ArgumentException">The id or the name isn't allowed.</exception>
    /// <exception cref="TallystickException">It couldn't be made, for example because a policy of the application forbids it.</exception>
    public async ValueTask EnsureAsync(TenantId id, string name, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is not TenantLookup.Unknown)
            return;
        switch (await ExecuteAsync(id, new TenantCommand.Create(name), null, cancellationToken))
        {
            case CommandResult.Accepted:
            case CommandResult.Rejected { Rejection.Code: TenantDecider.ExistsCode }: // Someone else was faster.
                return;
            case CommandResult.Rejected rejected:
                throw new ArgumentException(rejected.Rejection.Message, nameof(name));
            case var other:
                throw new TallystickException($"Tenant '{id}' couldn't be made: {other}");
        }
    }

    /// <summary>
    /// Some of the tenants, in the order in which they were made, also those that can't be used. What a page costs depends on its length alone,
    /// not on how many tenants there are.
    /// </summary>
    /// <param name="after">Where the page before ended.</param>
    /// <param name="count">The most to give; at most <see cref="StoreLimits.PageLengthMax"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<TenantPage> ListAsync(LogPosition after, int count, CancellationToken cancellationToken)
    {
        var created = EventQuery.OfTypes(EventTypeAttribute.Of(typeof(TenantEvent.Created)).Name, EventTypeAttribute.Of(typeof(TenantEvent.Imported)).Name);
        var page = await _store.ReadLogAsync(TenantId.Platform, new LogRead(after, count, created), cancellationToken);
        var items = ImmutableArray.CreateBuilder<TenantDescription>(page.Events.Length);
        foreach (var first in page.Events)
            items.Add(Describe(first, await LoadAsync(TenantId.Parse(first.Stream.Key), cancellationToken)));
        return new TenantPage(items.MoveToImmutable(), page.Through);
    }

    private static void DemandNameable(TenantId id)
    {
        if (id.IsDefault || id == TenantId.Platform)
            throw new ArgumentException($"'{id}' can't be a tenant. Name one by TenantId.Parse.", nameof(id));
    }

    private static TenantDescription Describe(RecordedEvent created, TenantRecord record) =>
        new(TenantId.Parse(created.Stream.Key), record, created.Metadata.UserId, created.Time, created.Position);

    private async ValueTask<TenantRecord> LoadAsync(TenantId id, CancellationToken cancellationToken)
    {
        if (id.IsDefault || id == TenantId.Platform)
            return TenantRecord.None;
        var (record, version) = await _commands.States.LoadAsync<TenantRecord>(TenantId.Platform, StreamOf(id), cancellationToken);
        // So every request that looks its tenant up also knows where it is now.
        _directory.Observe(id, record, version);
        return record;
    }

    private static StreamId StreamOf(TenantId id) => new(TenantDecider.StreamCategory, id.Value);
}

/// <summary>What the catalog knows of a tenant.</summary>
public abstract record TenantLookup
{
    private TenantLookup()
    {
    }

    /// <summary>It can be used.</summary>
    public sealed record Found(Tenant Tenant) : TenantLookup;

    /// <summary>Its callers are refused for the time being.</summary>
    public sealed record Suspended(TenantId Id) : TenantLookup;

    /// <summary>It is deleted, and can still be restored.</summary>
    public sealed record Deleted(TenantId Id) : TenantLookup;

    /// <summary>There is none with this id, or none any more.</summary>
    public sealed record Unknown(TenantId Id) : TenantLookup;
}
