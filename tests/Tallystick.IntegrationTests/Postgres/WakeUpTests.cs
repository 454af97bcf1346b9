using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Time;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>Waiters on one node are woken by commits on another, by a notification or without it.</summary>
public sealed class WakeUpTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_commit_on_one_node_wakes_those_who_wait_on_another()
    {
        var schema = await NewSchemaAsync();
        await using var writing = schema.Open();
        // A clock that nobody moves: only the notification can wake.
        await using var waiting = PostgresStore.Open(schema.RequestConnection, schema.Options with { Time = new ManualTime() });
        var listening = await Waiters.ListeningAsync(schema, stores: 2);
        Assert.True(listening);
        var position = await Waiters.WaitForPositionAsync(waiting, 1);
        var checkpoint = await Waiters.WaitForCheckpointAsync(waiting, "orders \"'\n🦊", 7);

        await writing.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()).Save("orders \"'\n🦊", LogPosition.Of(7)), Stop);

        await Task.WhenAll(position, checkpoint).WaitAsync(Deadline, Stop);
    }

    [Fact]
    public async Task Many_long_names_are_announced_in_as_many_notifications_as_it_takes()
    {
        const int Checkpoints = 32;
        var schema = await NewSchemaAsync();
        await using var writing = schema.Open();
        await using var waiting = PostgresStore.Open(schema.RequestConnection, schema.Options with { Time = new ManualTime() });
        Assert.True(await Waiters.ListeningAsync(schema, stores: 2));
        var names = Enumerable.Range(0, Checkpoints).Select(n => $"{n:00}{new string('\u0001', 126)}").ToArray();
        var waiters = new List<Task>();
        foreach (var name in names)
            waiters.Add(await Waiters.WaitForCheckpointAsync(waiting, name, 1));

        await writing.CommitAsync(names.Aggregate(Commit.For(PostgresSchema.Acme), (commit, name) => commit.Save(name, LogPosition.Of(1))), Stop);

        await Task.WhenAll(waiters).WaitAsync(Deadline, Stop);
    }

    [Fact]
    public async Task A_waiter_whose_notification_was_lost_is_woken_by_the_next_check() =>
        await Notifications.LoseAsync(await NewSchemaAsync(), Deadline, Stop);

    [Fact]
    public async Task What_happened_while_the_listening_connection_was_lost_wakes_when_there_is_a_new_one()
    {
        var schema = await NewSchemaAsync();
        await using var proxy = new CuttingProxy(schema.Server.Port);
        await using var writing = schema.Open();
        await using var waiting = PostgresStore.Open(
            schema.RequestConnectionTo(proxy.Port), schema.Options with { SignalCheckInterval = TimeSpan.FromDays(1) });
        Assert.True(await Waiters.ListeningAsync(schema, stores: 2));
        var position = await Waiters.WaitForPositionAsync(waiting, 1);

        proxy.Refuses = true;
        await writing.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()), Stop);
        proxy.Refuses = false;

        await position.WaitAsync(Deadline, Stop);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("[1, 2]")]
    [InlineData("[\"other\", [\"Not A Tenant\", 1]]")]
    [InlineData("[\"other\", [\"acme\", -1]]")]
    [InlineData("[\"other\", [\"acme\", \"one\"]]")]
    public async Task A_notification_that_cannot_be_read_changes_nothing(string payload)
    {
        var schema = await NewSchemaAsync();
        await using var waiting = PostgresStore.Open(schema.RequestConnection, schema.Options with { Time = new ManualTime() });
        await using var writing = schema.Open();
        Assert.True(await Waiters.ListeningAsync(schema, stores: 2));
        var position = await Waiters.WaitForPositionAsync(waiting, 1);

        await schema.Server.ExecuteAsync($"SELECT pg_notify('{schema.Name}_positions', '{payload}')");
        await writing.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()), Stop);

        await position.WaitAsync(Deadline, Stop);
    }

    [Fact]
    public async Task A_forged_notification_wakes_nobody_before_the_time() => await Notifications.ForgeAsync(await NewSchemaAsync(), Deadline, Stop);

    [Fact]
    public async Task A_store_that_only_waits_asks_one_question_each_interval_and_none_when_nobody_waits()
    {
        const int Intervals = 5;
        var interval = new PostgresStoreOptions().SignalCheckInterval;
        var schema = await NewSchemaAsync();
        var time = new ManualTime();
        await using var proxy = new CuttingProxy(schema.Server.Port);
        await using var waiting = PostgresStore.Open(schema.RequestConnectionTo(proxy.Port), schema.Options with { Time = time });
        await using var writing = schema.Open();
        Assert.True(await Waiters.ListeningAsync(schema, stores: 2));
        using var enough = new CancellationTokenSource();
        var waiters = Enumerable.Range(0, 50).Select(n => waiting.WaitForPositionAsync(TenantId.Parse($"t{n}"), LogPosition.Of(1), enough.Token).AsTask())
            .Concat(Enumerable.Range(0, 50).Select(n => waiting.WaitForCheckpointAsync(TenantId.Parse($"t{n}"), "orders", LogPosition.Of(1), enough.Token).AsTask())).ToArray();
        await ReadAsync();
        while (proxy.QuestionsLeft > 0)
            await proxy.AskedAsync(Stop);

        for (var i = 0; i < Intervals; i++)
        {
            time.Advance(interval);
            await proxy.AskedAsync(Stop).WaitAsync(Deadline, Stop);
        }

        // Commits that nobody here waits for are heard of, and make no work; one that somebody waits for makes one question.
        await writing.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()).Save("orders", LogPosition.Of(1)), Stop);
        await writing.CommitAsync(Commit.For(TenantId.Parse("t7")).Save("orders", LogPosition.Of(1)), Stop);
        await waiters[57].WaitAsync(Deadline, Stop);
        await proxy.AskedAsync(Stop);
        await ReadAsync();
        await proxy.AskedAsync(Stop);
        Assert.Equal(0, proxy.QuestionsLeft);

        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(waiters).WaitAsync(Deadline, Stop));
        for (var i = 0; i < Intervals; i++)
            time.Advance(interval);
        await ReadAsync();
        await proxy.AskedAsync(Stop);
        Assert.Equal(0, proxy.QuestionsLeft);

        async Task ReadAsync()
        {
            while (waiting.ReadsUnderWay > 0)
                await Task.Yield();
            await waiting.ReadHeadAsync(PostgresSchema.Globex, Stop);
        }
    }

    private static async Task<PostgresSchema> NewSchemaAsync() => await (await SharedServer.GetAsync()).NewSchemaAsync();
}
