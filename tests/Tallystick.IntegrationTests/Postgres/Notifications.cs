using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Storage;
using Tallystick.Testing.Time;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>What must hold when notifications get lost, or are wrong. The tests check it of the store, and of stores with deliberate bugs.</summary>
public static class Notifications
{
    /// <summary>Who waits is woken by the next regular check of the positions, and not by anything else.</summary>
    /// <param name="schema">The schema, which nobody has used.</param>
    /// <param name="deadline">After which nobody comes any more.</param>
    /// <param name="stop">Ends the test.</param>
    public static async Task LoseAsync(PostgresSchema schema, TimeSpan deadline, CancellationToken stop)
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
        try
        {
            await woken.WaitAsync(deadline, stop);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"Without notifications, the commit of another node has woken nobody within {deadline}, although the positions were to be read.");
        }

        Assert.False(further.IsCompleted);
    }

    /// <summary>A notification that tells of positions that there aren't wakes nobody, and keeps nobody from being woken in time.</summary>
    public static async Task ForgeAsync(PostgresSchema schema, TimeSpan deadline, CancellationToken stop)
    {
        await using var waiting = PostgresStore.Open(schema.RequestConnection, schema.Options with { Time = new ManualTime() });
        await using var writing = schema.Open();
        Assert.True(await Waiters.ListeningAsync(schema, stores: 2));
        Task[] misled =
        [
            await Waiters.WaitForPositionAsync(waiting, 2), await Waiters.WaitForPositionAsync(waiting, 1_000),
            await Waiters.WaitForCheckpointAsync(waiting, "orders", 7),
        ];
        var other = waiting.WaitForPositionAsync(PostgresSchema.Globex, LogPosition.Of(1), stop).AsTask();
        await writing.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()), stop);

        await schema.Server.ExecuteAsync(
            $"SELECT pg_notify('{schema.Name}_positions', '[\"x\", [\"acme\", 9223372036854775807], [\"acme\", 9000, \"orders\"], [\"nobody\", 5]]')");
        // Notifications come in their order: when this one has come, so has the one before it.
        await writing.CommitAsync(PostgresSchema.Append(PostgresSchema.Globex, Guid.NewGuid()), stop);
        await other.WaitAsync(deadline, stop);

        Assert.False(misled.Any(waiter => waiter.IsCompleted), "A forged notification has woken somebody for a position that isn't stored.");
        await writing.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()).Save("orders", LogPosition.Of(7)), stop);
        await Task.WhenAll(misled[0], misled[2]).WaitAsync(deadline, stop);
        Assert.False(misled[1].IsCompleted);
    }
}
