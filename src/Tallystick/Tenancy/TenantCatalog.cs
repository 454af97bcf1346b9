using System.Collections.Immutable;
using Tallystick.Commands;
using Tallystick.Events;

namespace Tallystick.Tenancy;

/// <summary>
/// The rules of a tenant's life. Tenants are themselves event-sourced, in the log of <see cref="TenantId.Platform"/>, so that every change
/// to the catalog is an event with a time and an author.
/// </summary>
public sealed class TenantDecider : Decider<TenantCommand, TenantEvent, TenantRecord>
{
    /// <summary>The most characters of a tenant's display name.</summary>
    public const int NameLengthMax = 200;

    /// <summary>The category of the streams, which applications leave alone; the key is the tenant's id.</summary>
    public const string StreamCategory = "tallystick.tenant";

    internal const string ExistsCode = "tenant-exists";

    /// <inheritdoc/>
    public override string Category => StreamCategory;

    /// <inheritdoc/>
    public override TenantRecord InitialState => TenantRecord.None;

    /// <inheritdoc/>
    public override Decision<TenantEvent> Decide(TenantCommand command, TenantRecord state) => (command, state.Status) switch
    {
        (TenantCommand.Create, not TenantStatus.None) => Reject(ExistsCode, "A tenant with this id exists already."),
        (TenantCommand.Create { Name: var name }, _) when string.IsNullOrWhiteSpace(name) || name.Length > NameLengthMax =>
            Reject("tenant-name", $"A tenant's name needs 1 to {NameLengthMax} characters."),
        (TenantCommand.Create create, _) => Accept(new TenantEvent.Created(create.Name)),
        (_, TenantStatus.None) => Reject("tenant-unknown", "There is no tenant with this id."),
        (TenantCommand.Suspend suspend, TenantStatus.Active) => Accept(new TenantEvent.Suspended(suspend.Reason)),
        (TenantCommand.Resume, TenantStatus.Suspended) => Accept(new TenantEvent.Resumed()),
        _ => Accept(),
    };

    /// <inheritdoc/>
    public override TenantRecord Evolve(TenantRecord state, TenantEvent @event) => @event switch
    {
        TenantEvent.Created created => new TenantRecord(TenantStatus.Active, created.Name),
        TenantEvent.Suspended => state with { Status = TenantStatus.Suspended },
        TenantEvent.Resumed => state with { Status = TenantStatus.Active },
        _ => state,
    };
}

/// <summary>What can be asked of the catalog of tenants.</summary>
public abstract record TenantCommand
{
    private TenantCommand()
    {
    }

    /// <summary>Makes a tenant, which can be used at once.</summary>
    /// <param name="Name">The name to show.</param>
    public sealed record Create(string Name) : TenantCommand;

    /// <summary>Refuses the tenant's callers until it is resumed. Its data stays.</summary>
    /// <param name="Reason">Why, for the record.</param>
    public sealed record Suspend(string Reason) : TenantCommand;

    /// <summary>Lets the tenant's callers in again.</summary>
    public sealed record Resume : TenantCommand;
}

/// <summary>What happened to a tenant.</summary>
public abstract record TenantEvent
{
    private TenantEvent()
    {
    }

    /// <summary>The tenant was made.</summary>
    [EventType("tallystick.tenant-created")]
    public sealed record Created(string Name) : TenantEvent;

    /// <summary>The tenant's callers are refused from now on.</summary>
    [EventType("tallystick.tenant-suspended")]
    public sealed record Suspended(string Reason) : TenantEvent;

    /// <summary>The tenant's callers are let in again.</summary>
    [EventType("tallystick.tenant-resumed")]
    public sealed record Resumed : TenantEvent;
}

/// <summary>Where a tenant is in its life.</summary>
public enum TenantStatus
{
    /// <summary>It doesn't exist.</summary>
    None,

    /// <summary>It can be used.</summary>
    Active,

    /// <summary>Its callers are refused.</summary>
    Suspended,
}

/// <summary>A tenant as the catalog knows it.</summary>
/// <param name="Status">Where it is in its life.</param>
/// <param name="Name">The name to show.</param>
public sealed record TenantRecord(TenantStatus Status, string Name)
{
    /// <summary>No tenant.</summary>
    public static TenantRecord None { get; } = new(TenantStatus.None, "");
}

/// <summary>A tenant in a list.</summary>
/// <param name="Id">The tenant.</param>
/// <param name="Position">The catalog's position at which it was made.</param>
public sealed record TenantListing(TenantId Id, LogPosition Position);

/// <summary>A page of the catalog, in the order in which the tenants were made.</summary>
/// <param name="Items">The tenants.</param>
/// <param name="Through">Where the next page begins.</param>
public sealed record TenantPage(ImmutableArray<TenantListing> Items, LogPosition Through);
