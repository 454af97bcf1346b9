namespace Tallystick.Tenancy;

/// <summary>How tenants are placed and bounded.</summary>
public sealed record TenantOptions
{
    /// <summary>Where a new tenant's data is kept when whoever creates it doesn't say. Default: in the main database.</summary>
    public Func<TenantId, Placement> Place { get; init; } = _ => Placement.Main;

    /// <summary>What tenants may use that have no limits of their own. Default: no limits, and a queue share of 1.</summary>
    public TenantLimits Limits { get; init; } = TenantLimits.None;

    /// <summary>How long a deleted tenant can be restored, unless whoever deletes it says otherwise. Default 30 days.</summary>
    public TimeSpan DeletionGrace { get; init; } = TimeSpan.FromDays(30);

    /// <summary>After what time without use a database is closed; the main one never is. Default 5 minutes.</summary>
    public TimeSpan DatabaseIdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The most databases that are open at once, besides the main one. Default 256.</summary>
    public int OpenDatabasesMax { get; init; } = 256;

    /// <summary>How long a call waits for a database when as many as may be are open and in use; then it fails as transient. Default 30 s.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a commit waits for a tenant that is fenced because it is being moved, before it fails as transient; and how long a mover may hold
    /// writers up before it lets them go on and tries again. Default 10 s.
    /// </summary>
    public TimeSpan FenceTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long the copy that a moved tenant has left stays at least before it is erased, also when the move is confirmed at once: a process that
    /// stood still and believes the tenant to be there finds a closed copy then, and not a place where it could begin anew. Default 1 minute.
    /// </summary>
    public TimeSpan MovedCopyKeptFor { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How many moves a node works at at the same time. Default 2.</summary>
    public int MovesAtOnce { get; init; } = 2;

    /// <summary>
    /// How many databases are opened at the same time at the start, when each is visited once so that its projections and subscriptions
    /// catch up. Default 4.
    /// </summary>
    public int VisitsAtOnce { get; init; } = 4;

    /// <summary>The most tenants whose placement and limits are kept in memory; the least recently used goes first. Default 65,536.</summary>
    public int CachedTenantsMax { get; init; } = 65_536;

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal TenantOptions Check()
    {
        foreach (var (name, value) in new[]
        {
            (nameof(OpenDatabasesMax), OpenDatabasesMax), (nameof(VisitsAtOnce), VisitsAtOnce), (nameof(CachedTenantsMax), CachedTenantsMax),
            (nameof(MovesAtOnce), MovesAtOnce),
        })
        {
            if (value < 1)
                throw new ArgumentException($"TenantOptions.{name} is {value}; it must be at least 1.");
        }

        foreach (var (name, value) in new[]
        {
            (nameof(DeletionGrace), DeletionGrace), (nameof(OpenTimeout), OpenTimeout), (nameof(FenceTimeout), FenceTimeout),
            (nameof(MovedCopyKeptFor), MovedCopyKeptFor),
        })
        {
            if (value < TimeSpan.Zero)
                throw new ArgumentException($"TenantOptions.{name} is {value}; it must not be negative.");
        }

        if (DatabaseIdleTimeout <= TimeSpan.Zero)
            throw new ArgumentException($"TenantOptions.{nameof(DatabaseIdleTimeout)} is {DatabaseIdleTimeout}; it must be more than zero.");
        return Limits.Fault is { } fault ? throw new ArgumentException($"TenantOptions.Limits: {fault}") : this;
    }
}
