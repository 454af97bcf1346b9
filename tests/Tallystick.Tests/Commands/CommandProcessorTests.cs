using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Stores;

namespace Tallystick.Tests.Commands;

public sealed class CommandProcessorTests
{
    private readonly CommandWorld _world = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_accepted_command_appends_its_events_and_gives_version_and_position()
    {
        await _world.Do(new Add(1), key: "other");
        var result = await _world.Do(new AddTwice(5));

        Assert.Equal(new CommandResult.Accepted(CommandWorld.Stream, StreamVersion.Of(2), LogPosition.Of(3), false), result);
        Assert.Equal(10, (await _world.StateAsync()).Value);
    }

    [Fact]
    public async Task A_rejection_is_a_value_and_stores_nothing()
    {
        await _world.Do(new Close());
        var result = await _world.Do(new Add(1));

        Assert.Equal(new CommandResult.Rejected(new Rejection("counter-closed", "A closed counter can't be changed.")), result);
        Assert.Equal(1, (await _world.Inner.ReadHeadAsync(CommandWorld.Tenant, Token)).Position.Value);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_to_do_gives_the_present_version_and_the_log_head(bool warm)
    {
        await _world.Do(new Add(5));
        await _world.Do(new Add(1), key: "other");
        if (!warm)
            _world.Processor.Cache.Clear();

        var result = await _world.Do(new Raise(3));

        Assert.Equal(new CommandResult.Accepted(CommandWorld.Stream, StreamVersion.Of(1), LogPosition.Of(2), false), result);
        await _world.Inner.WaitForPositionAsync(CommandWorld.Tenant, LogPosition.Of(2), Token);
    }

    [Fact]
    public async Task Nothing_to_do_on_a_stream_without_events_gives_version_0() =>
        Assert.Equal(
            new CommandResult.Accepted(CommandWorld.Stream, StreamVersion.None, LogPosition.Start, false), await _world.Do(new Raise(0)));

    [Fact]
    public async Task A_warm_command_reads_nothing()
    {
        await _world.Do(new Add(1));
        _world.Store.Calls.Clear();
        await _world.Do(new Add(1));
        await _world.Do(new Add(1));

        Assert.Empty(_world.StreamReads);
        Assert.Equal(0, _world.DocumentReads);
    }

    [Fact]
    public async Task The_metadata_and_key_of_the_request_are_committed()
    {
        var metadata = new EventMetadata("correlation", Guid.Empty, null, "ann");
        var request = new CommandRequest(CommandWorld.Tenant, CommandWorld.Stream, new Add(1)) { Metadata = metadata, IdempotencyKey = new("k", "f") };
        await _world.Processor.ExecuteAsync(request, Token);

        var commit = Assert.Single(_world.Store.Commits);
        Assert.Equal(metadata, commit.Metadata);
        Assert.Equal(new IdempotencyKey("k", "f"), commit.Key);
    }

    [Fact]
    public async Task Tenants_do_not_share_streams_or_cached_states()
    {
        await _world.Do(new Add(5));
        var other = TenantId.Parse("other");
        var result = await _world.Processor.ExecuteAsync(new CommandRequest(other, CommandWorld.Stream, new Add(7)), Token);

        Assert.Equal(StreamVersion.Of(1), Assert.IsType<CommandResult.Accepted>(result).Version);
        Assert.Equal(7, (await _world.States.LoadAsync<Counter>(other, CommandWorld.Stream, Token)).State.Value);
        Assert.Equal(5, (await _world.StateAsync()).Value);
    }

    [Fact]
    public async Task A_command_for_another_category_or_without_a_decider_is_misuse()
    {
        var wrong = new CommandRequest(CommandWorld.Tenant, new StreamId("order", "1"), new Add(1));
        var message = (await Assert.ThrowsAsync<ArgumentException>(async () => await _world.Processor.ExecuteAsync(wrong, Token))).Message;
        Assert.Contains("'counter'", message, StringComparison.Ordinal);
        Assert.Contains("order-1", message, StringComparison.Ordinal);

        var unknown = await Assert.ThrowsAsync<InvalidOperationException>(async () => await _world.Do("a string"));
        Assert.Contains("CounterCommand", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_is_executed_once()
    {
        var request = CommandWorld.Request(new Add(1));
        await _world.Processor.ExecuteAsync(request, Token);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await _world.Processor.ExecuteAsync(request, Token));
        Assert.Equal(1, (await _world.StateAsync()).Value);
    }

    [Fact]
    public void A_request_needs_a_tenant_a_stream_and_a_command()
    {
        Assert.Throws<ArgumentException>(() => new CommandRequest(default, CommandWorld.Stream, new Add(1)));
        Assert.Throws<ArgumentException>(() => new CommandRequest(CommandWorld.Tenant, default, new Add(1)));
        Assert.Throws<ArgumentNullException>(() => new CommandRequest(CommandWorld.Tenant, CommandWorld.Stream, null!));
    }

    [Fact]
    public async Task What_evolve_can_not_take_is_never_stored()
    {
        var world = new CommandWorld(new FragileDecider());
        var request = new CommandRequest(CommandWorld.Tenant, new StreamId("fragile", "1"), new Break());
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await world.Processor.ExecuteAsync(request, Token));
        Assert.Empty(world.Store.Commits);
    }

    [Fact]
    public async Task A_failing_store_throws_and_leaves_the_cache_as_it_was()
    {
        await _world.Do(new Add(1));
        var full = _world.Store.Inject(StoreFault.DiskFull);
        await Assert.ThrowsAsync<TallystickException>(async () => await _world.Do(new Add(1)));
        full.Remove();

        Assert.Equal(StreamVersion.Of(2), Assert.IsType<CommandResult.Accepted>(await _world.Do(new Add(1))).Version);
        Assert.Equal(2, (await _world.StateAsync()).Value);
    }

    [Fact]
    public void The_built_in_steps_are_in_the_documented_order_and_own_steps_follow()
    {
        var world = new CommandWorld(options: new CommandOptions
        {
            ConfigurePipeline = steps => steps.Use("mine", (request, next, ct) => next(request, ct)),
        });
        Assert.Equal(["telemetry", "validation", "authorization", "idempotency", "conflict-retry", "mine"], world.Processor.Steps);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new CommandWorld(options: new CommandOptions { AttemptsMax = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CommandWorld(options: new CommandOptions { ReadPageLength = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CommandWorld(options: new CommandOptions { CachedStatesMax = 0 }));
    }

    [Fact]
    public void A_serializer_that_does_not_know_an_event_is_refused_at_once()
    {
        var serializer = new EventSerializer(new EventTypes([typeof(Added)], []), new IdGenerator(TimeProvider.System, Entropy.System));
        var error = Assert.Throws<InvalidOperationException>(
            () => new CommandProcessor(_world.Store, Deciders.Of(new CounterDecider()), serializer));
        Assert.Contains("Closed", error.Message, StringComparison.Ordinal);
    }

    public sealed record Break;

    [EventType("fragile.broken")]
    public sealed record Broken;

    public sealed record Fragile;

    private sealed class FragileDecider : Decider<Break, Broken, Fragile>
    {
        public override string Category => "fragile";

        public override Fragile InitialState { get; } = new();

        public override Decision<Broken> Decide(Break command, Fragile state) => Accept(new Broken());

        public override Fragile Evolve(Fragile state, Broken @event) => null!;
    }
}
