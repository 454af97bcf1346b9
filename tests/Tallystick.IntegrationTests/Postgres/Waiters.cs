using Tallystick.Events;
using Tallystick.Postgres;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>Waits for what other nodes do, and what must be so before.</summary>
public static class Waiters
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Begins to wait; afterwards the wait has read what is stored, so that only a signal can end it.</summary>
    public static async Task<Task> WaitForPositionAsync(PostgresStore store, long position)
    {
        var waiter = store.WaitForPositionAsync(PostgresSchema.Acme, LogPosition.Of(position), Stop).AsTask();
        await HasReadAsync(store);
        return waiter;
    }

    /// <summary>The same for a checkpoint.</summary>
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

    /// <summary>Whether as many sessions listen; asked again and again, with each question a round trip to the server.</summary>
    public static async Task<bool> ListeningAsync(PostgresSchema schema, int stores)
    {
        using var deadline = new CancellationTokenSource(TwoNodes.Deadline);
        while (!deadline.IsCancellationRequested)
        {
            if (await schema.Server.ScalarAsync<long>(
                $"SELECT count(*) FROM pg_stat_activity WHERE usename = '{schema.Requests}' AND state = 'idle' AND query LIKE 'LISTEN%'") >= stores)
                return true;
        }

        return false;
    }
}
