using Tallystick.Storage;

namespace Tallystick.IntegrationTests.Conformance;

/// <summary>What the conformance suite needs of a provider. A provider's file has its harness and one subclass of each area.</summary>
public abstract class StoreHarness : IAsyncDisposable
{
    /// <summary>Whether what is stored outlives the store's object.</summary>
    public abstract bool IsDurable { get; }

    /// <summary>Opens a new store without any tenant. Called once.</summary>
    public abstract ValueTask<IStore> OpenAsync(StoreOptions options);

    /// <summary>Closes the store and opens the same data again; a provider that isn't durable gives the same store.</summary>
    public abstract ValueTask<IStore> ReopenAsync();

    /// <summary>Closes the store and removes its data.</summary>
    public abstract ValueTask DisposeAsync();
}
