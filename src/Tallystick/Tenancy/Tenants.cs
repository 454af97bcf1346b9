using System.Security.Claims;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Tenancy;

/// <summary>
/// The tenants of this installation: the only place that gives out handles. Each look-up reads the catalog's stream, so a suspension takes
/// effect with the next request, on every node.
/// </summary>
public sealed class Tenants
{
    private readonly IStore _store;
    private readonly CommandProcessor _commands;
    private readonly TenantServices _services;

    internal Tenants(IStore store, CommandProcessor commands, TenantServices services) =>
        (_store, _commands, _services) = (store, commands, services);

    /// <summary>The handle of a tenant, or why there is none.</summary>
    public async ValueTask<TenantLookup> FindAsync(TenantId id, CancellationToken cancellationToken)
    {
        if (id.IsDefault || id == TenantId.Platform)
            return new TenantLookup.Unknown(id);
        var record = (await _commands.States.LoadAsync<TenantRecord>(TenantId.Platform, StreamOf(id), cancellationToken)).State;
        return record.Status switch
        {
            TenantStatus.Active => new TenantLookup.Found(new Tenant(id, _services)),
            TenantStatus.Suspended => new TenantLookup.Suspended(id),
            _ => new TenantLookup.Unknown(id),
        };
    }

    /// <summary>The handle of a tenant that must be there.</summary>
    /// <exception cref="TallystickException">It is unknown or suspended.</exception>
    public async ValueTask<Tenant> GetAsync(TenantId id, CancellationToken cancellationToken) =>
        await FindAsync(id, cancellationToken) switch
        {
            TenantLookup.Found found => found.Tenant,
            TenantLookup.Suspended => throw new TallystickException($"Tenant '{id}' is suspended. Resume it first."),
            _ => throw new TallystickException($"There is no tenant '{id}'. Create it first."),
        };

    /// <summary>Changes the catalog: creates, suspends or resumes a tenant.</summary>
    /// <param name="id">The tenant.</param>
    /// <param name="command">What to do.</param>
    /// <param name="by">Who does it, for the record; null if nobody is known.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentException">The id is <c>default</c> or <see cref="TenantId.Platform"/>.</exception>
    public async ValueTask<CommandResult> ExecuteAsync(
        TenantId id, TenantCommand command, ClaimsPrincipal? by, CancellationToken cancellationToken)
    {
        if (id.IsDefault || id == TenantId.Platform)
            throw new ArgumentException($"'{id}' can't be a tenant. Name one by TenantId.Parse.", nameof(id));
        return await _commands.ExecuteAsync(
            new CommandRequest(TenantId.Platform, StreamOf(id), command) { User = by, Metadata = Origin.Of(by) }, cancellationToken);
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

    /// <summary>Some of the tenants, in the order in which they were made, also suspended ones.</summary>
    /// <param name="after">Where the page before ended.</param>
    /// <param name="count">The most to give.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<TenantPage> ListAsync(LogPosition after, int count, CancellationToken cancellationToken)
    {
        var created = EventQuery.OfTypes(EventTypeAttribute.Of(typeof(TenantEvent.Created)).Name);
        var page = await _store.ReadLogAsync(TenantId.Platform, new LogRead(after, count, created), cancellationToken);
        return new TenantPage([.. page.Events.Select(e => new TenantListing(TenantId.Parse(e.Stream.Key), e.Position))], page.Through);
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

    /// <summary>There is none with this id.</summary>
    public sealed record Unknown(TenantId Id) : TenantLookup;
}
