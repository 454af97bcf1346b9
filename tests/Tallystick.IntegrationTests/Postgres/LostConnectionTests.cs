using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Storage;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>The writer's connection is lost at every single message of a commit: the commit happens exactly once, and says so.</summary>
[Trait("Speed", "Slow")]
public sealed class LostConnectionTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Sender.Client, false)]
    [InlineData(Sender.Server, false)]
    [InlineData(Sender.Client, true)]
    public async Task A_commit_whose_connection_is_lost_at_any_message_is_stored_exactly_once(Sender sender, bool late)
    {
        var messages = await LostConnections.CutAtEachMessageAsync(await (await SharedServer.GetAsync()).NewSchemaAsync(), sender, late, Stop);

        TestContext.Current.TestOutputHelper?.WriteLine($"cut after each of {messages} messages of the {sender}");
    }

    [Fact]
    public async Task A_refusal_whose_connection_is_lost_is_told_all_the_same()
    {
        var schema = await (await SharedServer.GetAsync()).NewSchemaAsync();
        await using var proxy = new CuttingProxy(schema.Server.Port);
        await using var store = PostgresStore.Open(schema.RequestConnectionTo(proxy.Port), schema.Options);
        await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()), Stop);

        for (var messages = 0; messages < LostConnections.MessagesMax; messages++)
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
    public async Task A_commit_that_cannot_be_looked_up_in_time_says_that_its_outcome_is_unknown() =>
        await LostConnections.LoseAllAtEachMessageAsync(await (await SharedServer.GetAsync()).NewSchemaAsync(), Stop);
}
