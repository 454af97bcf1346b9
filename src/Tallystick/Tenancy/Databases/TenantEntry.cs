using System.Diagnostics.CodeAnalysis;
using Tallystick.Events;

namespace Tallystick.Tenancy.Databases;

/// <summary>What this node knows of a tenant. A new one replaces it when the tenant is to be found elsewhere, and then tells so.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Whoever waits may hold the token for longer than this lives; a source without a timer holds nothing that needs to be freed.")]
internal sealed class TenantEntry(TenantId tenant, TenantRecord record, StreamVersion version)
{
    private readonly CancellationTokenSource _moved = new();

    public TenantId Tenant => tenant;

    public TenantRecord Record { get; private set; } = record;

    /// <summary>The catalog's version of the tenant.</summary>
    public StreamVersion Version { get; private set; } = version;

    /// <summary>Cancelled when the tenant isn't to be looked for any more where this says.</summary>
    public CancellationToken Moved => _moved.Token;

    /// <summary>Its commands within the last second.</summary>
    public CommandRate Rate { get; init; } = new();

    /// <summary>Whether there is data to be read and written.</summary>
    public bool IsThere => Record is { Exists: true, IsErased: false, Import: null, Deletion: not { IsErasing: true } };

    /// <summary>Takes a newer record over, unless the tenant is to be found elsewhere by it.</summary>
    public bool TryUpdate(TenantRecord newer, StreamVersion version)
    {
        var other = new TenantEntry(tenant, newer, version);
        if (other.IsThere != IsThere || newer.Placement != Record.Placement)
            return false;
        (Record, Version) = (newer, version);
        return true;
    }

    public void TellMoved() => _moved.Cancel();
}
