using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Storage;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>The writer's connection is lost at every single message of a commit: the commit happens exactly once, and says so.</summary>
[Trait("Speed", "Slow")]
public sealed class LostConnectionTests
{
    private const int MessagesMax = 500;

    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Sender.Client, false)]
    [InlineData(Sender.Server, false)]
    [InlineData(Sender.Client, true)]
    public async Task A_commit_whose_connection_is_lost_at_any_message_is_stored_exactly_once(Sender sender, bool late)
    {
        var schema = await (await SharedServer.GetAsync()).NewSchemaAsync();
        await using var proxy = new CuttingProxy(schema.Server.Port);
        await using var store = PostgresStore.Open(schema.RequestConnectionTo(proxy.Port), schema.Options);
        List<Guid> ids = [];
        await CommitAsync();
        await CommitAsync();

        var messages = 0;
        for (; messages < MessagesMax; messages++)
        {
            proxy.CutAfter(sender, messages, late);
            var result = await CommitAsync();
            Assert.Equal((ids.Count - 1, ids.Count), (result.FirstPosition.Value, result.Position.Value));
            Assert.Equal(ids, await PostgresSchema.ReadIdsAsync(store, PostgresSchema.Acme, Stop));
            if (proxy.TakeBackPlan())
                break;
        }

        // Beginning, locking, writing, committing: there are that many messages to lose at least.
        Assert.InRange(messages, 10, MessagesMax - 1);
        TestContext.Current.TestOutputHelper?.WriteLine($"cut after each of {messages} messages of the {sender}");

        async Task<CommitResult.Committed> CommitAsync()
        {
            Guid[] two = [Guid.NewGuid(), Guid.NewGuid()];
            ids.AddRange(two);
            return (await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, two), Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(90), Stop)).Demand();
        }
    }

    [Fact]
    public async Task A_refusal_whose_connection_is_lost_is_told_all_the_same()
    {
        var schema = await (await SharedServer.GetAsync()).NewSchemaAsync();
        await using var proxy = new CuttingProxy(schema.Server.Port);
        await using var store = PostgresStore.Open(schema.RequestConnectionTo(proxy.Port), schema.Options);
        await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()), Stop);

        for (var messages = 0; messages < MessagesMax; messages++)
        {
            proxy.CutAfter(Sender.Server, messages);
            var result = await store.CommitAsync(Commit.For(PostgresSchema.Acme).Expect(PostgresSchema.Order1, ExpectedVersion.NoStream), Stop);
            Assert.IsType<Refusal.WrongVersion>(Assert.IsType<CommitResult.Refused>(result).Reason);
            if (proxy.TakeBackPlan())
                break;
        }

        Assert.Single(await PostgresSchema.ReadIdsAsync(store, PostgresSchema.Acme, Stop));
    }

    [Fact]
    public async Task A_commit_that_cannot_be_looked_up_in_time_says_that_its_outcome_is_unknown()
    {
        var schema = await (await SharedServer.GetAsync()).NewSchemaAsync();
        await using var proxy = new CuttingProxy(schema.Server.Port);
        await using var store = PostgresStore.Open(schema.RequestConnectionTo(proxy.Port), schema.Options with { RetryTimeout = TimeSpan.FromSeconds(1) });
        await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()), Stop);
        var unknown = 0;
        for (var messages = 0; messages < MessagesMax; messages++)
        {
            proxy.CutAfter(Sender.Client, messages);
            proxy.RefusesAfterCut = true;
            var id = Guid.NewGuid();
            try
            {
                (await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, id), Stop)).Demand();
                break;
            }
            catch (TallystickException error)
            {
                proxy.Refuses = false;
                var isStored = (await PostgresSchema.ReadIdsAsync(store, PostgresSchema.Acme, Stop)).Contains(id);
                var saysUnknown = error.Message.Contains("is unknown", StringComparison.Ordinal);
                Assert.True(saysUnknown || !isStored, $"after {messages} messages it is stored, but the error is: {error.Message}");
                Assert.Equal(!saysUnknown, error.IsTransient);
                unknown += saysUnknown ? 1 : 0;
            }
        }

        Assert.NotEqual(0, unknown);
    }
}
