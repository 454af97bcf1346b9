using Tallystick.Storage;
using Tallystick.Testing.Time;

namespace Tallystick.Testing.Conformance;

/// <summary>
/// What the conformance suite needs of a provider: to open stores. A harness has databases, each by a name; what that is (a file, a schema,
/// an object in memory) is the provider's matter. It may serve one test or many, one after the other.
/// </summary>
public abstract class StoreHarness : IAsyncDisposable
{
    private int _databases;

    /// <summary>What the provider, and this harness, can do; a test that needs more is skipped, with the reason. Default: nothing special.</summary>
    public virtual StoreCapabilities Capabilities => StoreCapabilities.None;

    /// <summary>
    /// Opens the store of a database. The first time the database is empty; afterwards (the suite has closed or crashed the store before) a
    /// durable provider gives what was stored.
    /// </summary>
    /// <param name="database">Letters, digits and hyphens, no more than 32.</param>
    /// <param name="options">Limits, clock and entropy that the store must use.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public abstract ValueTask<IStore> OpenAsync(string database, StoreOptions options, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a store as the death of its process would: nothing is written any more, nothing is tidied up. Afterwards the same database is
    /// opened again. Only called if <see cref="Capabilities"/> have <see cref="StoreCapabilities.Crash"/>.
    /// </summary>
    /// <param name="database">The store's database.</param>
    /// <param name="store">The store, in which no call is under way.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public virtual ValueTask CrashAsync(string database, IStore store, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"{GetType().Name} has StoreCapabilities.Crash, so it must override CrashAsync.");

    /// <summary>
    /// Lets a time pass by the clock that the store's leases run by, at least as long as asked for. The default sets the clock of
    /// <see cref="StoreOptions.Time"/>; a provider whose database has its own clock waits, or moves that. The suite asks for fractions of a second.
    /// </summary>
    /// <param name="clock">The clock that the stores were opened with.</param>
    /// <param name="time">How long.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public virtual ValueTask LetPassAsync(ManualTime clock, TimeSpan time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(clock);
        clock.Now += time;
        return ValueTask.CompletedTask;
    }

    /// <summary>Removes all databases. The suite has closed its stores before.</summary>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>A name that no test of this harness has used.</summary>
    internal string NewDatabase() => $"database-{Interlocked.Increment(ref _databases)}";
}

/// <summary>What not every provider, or not every harness, can do.</summary>
[Flags]
public enum StoreCapabilities
{
    /// <summary>Nothing beyond what <see cref="IStore"/> promises while a store is open.</summary>
    None = 0,

    /// <summary>What is stored outlives the store's object: it can be closed and opened again.</summary>
    Durable = 1,

    /// <summary>The harness can end a store as the death of its process would (<see cref="StoreHarness.CrashAsync"/>).</summary>
    Crash = 2,
}
