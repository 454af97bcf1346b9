using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Testing.Time;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>Begins to wait; afterwards the wait has read what is stored, so that only a signal can end it.</summary>
public static class Waiters
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<Task> WaitForPositionAsync(PostgresStore store, long position)
    {
        var waiter = store.WaitForPositionAsync(PostgresSchema.Acme, LogPosition.Of(position), Stop).AsTask();
        await HasReadAsync(store);
        return waiter;
    }

    public static async Task<Task> WaitForCheckpointAsync(PostgresStore store, string name, long position)
    {
        var waiter = store.WaitForCheckpointAsync(PostgresSchema.Acme, name, LogPosition.Of(position), Stop).AsTask();
        await HasReadAsync(store);
        return waiter;
    }

    private static async Task HasReadAsync(PostgresStore store)
    {
        while (store.ReadsUnderWay > 0)
            await store.ReadHeadAsync(PostgresSchema.Globex, Stop);
    }
}

/// <summary>What must hold when notifications get lost. The tests check it of the store, and of stores with deliberate bugs.</summary>
public static class LostNotifications
{
    /// <summary>Who waits is woken by the next regular check of the positions, and not by anything else.</summary>
    /// <param name="schema">The schema, which nobody has used.</param>
    /// <param name="deadline">After which nobody comes any more.</param>
    /// <param name="stop">Ends the test.</param>
    public static async Task CheckAsync(PostgresSchema schema, TimeSpan deadline, CancellationToken stop)
    {
        var time = new ManualTime();
        await using var proxy = new CuttingProxy(schema.Server.Port) { LosesNotifications = true };
        await using var writing = schema.Open();
        await using var waiting = PostgresStore.Open(schema.RequestConnectionTo(proxy.Port), schema.Options with { Time = time });
        var position = await Waiters.WaitForPositionAsync(waiting, 1);
        var checkpoint = await Waiters.WaitForCheckpointAsync(waiting, "orders", 1);
        var further = await Waiters.WaitForPositionAsync(waiting, 2);

        await writing.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()).Save("orders", LogPosition.Of(1)), stop);
        time.Advance(new PostgresStoreOptions().SignalCheckInterval);

        var woken = Task.WhenAll(position, checkpoint);
        await Task.WhenAny(woken, Task.Delay(deadline, stop));
        Assert.True(woken.IsCompletedSuccessfully, $"Without notifications, the commit of another node has woken nobody within {deadline}, although the positions were to be read.");
        Assert.False(further.IsCompleted);
    }
}
