using Tallystick.Postgres;
using Tallystick.Storage;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>What must hold whenever the writer's connection is lost. The tests check it of the store, and of stores with deliberate bugs.</summary>
public static class LostConnections
{
    public const int MessagesMax = 500;

    /// <summary>The connection is lost at every single message of a commit: the commit happens exactly once, and says so.</summary>
    /// <returns>How many messages a commit has.</returns>
    public static async Task<int> CutAtEachMessageAsync(PostgresSchema schema, Sender sender, bool late, CancellationToken stop)
    {
        await using var proxy = new CuttingProxy(schema.Server.Port);
        await using var store = PostgresStore.Open(schema.RequestConnectionTo(proxy.Port), schema.Options);
        List<Guid> ids = [];
        var messages = 0;
        await CommitAsync();
        await CommitAsync();
        for (; messages < MessagesMax; messages++)
        {
            proxy.CutAfter(sender, messages, late);
            await CommitAsync();
            Assert.Equal(ids, await PostgresSchema.ReadIdsAsync(store, PostgresSchema.Acme, stop));
            if (proxy.TakeBackPlan())
                break;
        }

        // Beginning, locking, writing, committing: there are that many messages to lose at least.
        Assert.InRange(messages, 10, MessagesMax - 1);
        return messages;

        async Task CommitAsync()
        {
            Guid[] two = [Guid.NewGuid(), Guid.NewGuid()];
            ids.AddRange(two);
            var result = (await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, two), stop).AsTask().WaitAsync(TimeSpan.FromSeconds(90), stop)).Demand();
            Assert.True(
                (result.FirstPosition.Value, result.Position.Value) == (ids.Count - 1, ids.Count),
                $"Lost after {messages} messages of the {sender}: the commit says that it is at {result.FirstPosition} to {result.Position}, but it should be stored once, at {ids.Count - 1} to {ids.Count}.");
        }
    }

    /// <summary>At every message of a commit all connections are lost for good: who is told that it failed finds nothing of it stored.</summary>
    public static async Task LoseAllAtEachMessageAsync(PostgresSchema schema, CancellationToken stop)
    {
        await using var proxy = new CuttingProxy(schema.Server.Port);
        await using var store = PostgresStore.Open(schema.RequestConnectionTo(proxy.Port), schema.Options with { RetryTimeout = TimeSpan.FromSeconds(1) });
        await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()), stop);
        var unknown = 0;
        for (var messages = 0; messages < MessagesMax; messages++)
        {
            proxy.CutAfter(Sender.Client, messages);
            proxy.RefusesAfterCut = true;
            var id = Guid.NewGuid();
            try
            {
                (await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, id), stop)).Demand();
                break;
            }
            catch (TallystickException error)
            {
                unknown += await CheckAsync(error, id, messages) ? 1 : 0;
            }
        }

        Assert.NotEqual(0, unknown);
        proxy.TakeBackPlan();
        proxy.RefusesAfterCut = true;
        proxy.CutAtCommit();
        var stored = Guid.NewGuid();
        var lost = await Assert.ThrowsAsync<TallystickException>(async () => await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, stored), stop));
        await CheckAsync(lost, stored, messages: -1);

        async Task<bool> CheckAsync(TallystickException error, Guid id, int messages)
        {
            proxy.Refuses = false;
            var isStored = (await PostgresSchema.ReadIdsAsync(store, PostgresSchema.Acme, stop)).Contains(id);
            var saysUnknown = error.Message.Contains("is unknown", StringComparison.Ordinal);
            Assert.True(saysUnknown || !isStored, $"Lost after {messages} messages (-1: after the COMMIT): it is stored, but the error is: {error.Message}");
            Assert.Equal(!saysUnknown, error.IsTransient);
            return saysUnknown;
        }
    }
}
