using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>What PostgreSQL refuses although the limits let it through, as a rule that somebody has added to a table.</summary>
public sealed class RefusedRowTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_commit_that_PostgreSQL_refuses_fails_alone_and_the_others_of_its_transaction_are_stored()
    {
        const int Commits = 9, Refused = 4;
        await using var nodes = await TwoNodes.OpenAsync();
        await nodes.First.CommitAsync(Append(PostgresSchema.Acme, 0, "order.placed"), Stop);
        await nodes.Schema.Server.ExecuteAsync($"ALTER TABLE {nodes.Schema.Name}.events ADD CONSTRAINT no_poison CHECK (type <> 'poison')");
        await using var blocking = await nodes.BeginAsync("SELECT FROM heads WHERE tenant = 'acme' FOR UPDATE");
        var first = nodes.First.CommitAsync(Append(PostgresSchema.Acme, 0, "order.placed"), Stop).AsTask();
        await nodes.WaitingAsync(1, first);

        // They gather behind the one that waits for the lock.
        var commits = Enumerable.Range(0, Commits).Select(n => nodes.First.CommitAsync(
            Append(n % 2 == 0 ? PostgresSchema.Acme : PostgresSchema.Globex, n, n == Refused ? "poison" : "order.placed"), Stop).AsTask()).ToArray();
        await TwoNodes.RunAsync(blocking, "COMMIT");
        await first.WaitAsync(TwoNodes.Deadline, Stop);

        var error = await Assert.ThrowsAsync<TallystickException>(() => commits[Refused].WaitAsync(TwoNodes.Deadline, Stop));
        Assert.False(error.IsTransient);
        Assert.Contains("nothing of it is stored", error.Message, StringComparison.Ordinal);
        Assert.Contains("no_poison", error.Message, StringComparison.Ordinal);
        foreach (var commit in commits.Where((_, n) => n != Refused))
            (await commit.WaitAsync(TwoNodes.Deadline, Stop)).Demand();
        (await nodes.First.CommitAsync(Append(PostgresSchema.Acme, 0, "order.placed"), Stop)).Demand();
        Assert.Equal(7, (await PostgresSchema.ReadIdsAsync(nodes.Second, PostgresSchema.Acme, Stop)).Length);
        Assert.Equal(4, (await PostgresSchema.ReadIdsAsync(nodes.Second, PostgresSchema.Globex, Stop)).Length);
    }

    private static Commit Append(TenantId tenant, int stream, string type) => Commit.For(tenant).Append(
        new StreamId("order", $"{stream}"), ExpectedVersion.Any, new NewEvent(Guid.NewGuid(), type, 1, "{}"u8.ToArray(), []));
}
