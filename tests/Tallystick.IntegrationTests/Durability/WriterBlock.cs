using Tallystick.Sqlite;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>Holds a store's writer, as a slow disk would, until it is released.</summary>
public sealed class WriterBlock : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly ManualResetEventSlim _release = new();
    private readonly Task _holding;

    public WriterBlock(SqliteStore store)
    {
        using var held = new ManualResetEventSlim();
        _holding = Task.Factory.StartNew(
            () => store.Writer.Use(_ =>
            {
                held.Set();
                _release.Wait(Deadline);
            }),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (!held.Wait(Deadline))
            throw new TimeoutException("The writer's turn never came.");
    }

    public void Release() => _release.Set();

    public void Dispose()
    {
        Release();
        _holding.Wait(Deadline);
        _release.Dispose();
    }
}
