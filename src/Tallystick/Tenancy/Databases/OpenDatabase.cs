using Tallystick.Storage;

namespace Tallystick.Tenancy.Databases;

/// <summary>Which database: a shared one, or a tenant's own, which alone names the tenant.</summary>
internal readonly record struct DatabaseKey(Placement Placement, TenantId Tenant)
{
    public static DatabaseKey Of(Placement placement, TenantId tenant) =>
        new(placement, placement is Placement.Dedicated ? tenant : default);

    /// <summary>The database in words.</summary>
    public override string ToString() => Tenant.IsDefault ? Placement.ToString() : $"{Placement}/{Tenant}";
}

/// <summary>A database that is open, or being opened or closed. What changes is guarded by the lock of <see cref="OpenDatabases"/>.</summary>
internal sealed class OpenDatabase
{
    private TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public OpenDatabase(DatabaseKey key, Action tellQuiet)
    {
        (Key, TellQuiet) = (key, tellQuiet);
        Place = new LinkedListNode<OpenDatabase>(this);
    }

    public DatabaseKey Key { get; }

    /// <summary>Tells that work may have come to rest here: whoever waits for a place looks again.</summary>
    public Action TellQuiet { get; }

    /// <summary>Its place in the order of use.</summary>
    public LinkedListNode<OpenDatabase> Place { get; }

    /// <summary>Null while it is being opened.</summary>
    public IStore? Store { get; set; }

    public bool IsClosing { get; set; }

    /// <summary>How many calls are under way, and how many wait for a signal there.</summary>
    public int Uses { get; set; }

    public long LastUsed { get; set; }

    /// <summary>Completes when it has come to be open or closed; whoever waited looks again.</summary>
    public Task Settled => _settled.Task;

    public void Settle()
    {
        var settled = _settled;
        _settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        settled.SetResult();
    }
}

/// <summary>Is told of databases that come and go: who runs projections and subscriptions there.</summary>
internal interface IDatabaseWatcher
{
    /// <summary>It is open: its work can begin.</summary>
    void Opened(OpenDatabase database);

    /// <summary>Whether nothing is being worked on there.</summary>
    ValueTask<bool> IsQuietAsync(OpenDatabase database, CancellationToken cancellationToken);

    /// <summary>It is about to be closed: its work must end. It can still be used until this has ended.</summary>
    Task ClosingAsync(OpenDatabase database, CancellationToken cancellationToken);
}
