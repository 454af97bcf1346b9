using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Pipeline;
using Tallystick.Storage;
using Tallystick.Testing.Stores;

namespace Tallystick.Tests.Commands;

public sealed class CommitConditionTests
{
    private static readonly StreamId Other = new("counter", "other");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_step_inside_the_retry_evaluates_its_condition_anew_with_each_attempt()
    {
        CommandWorld? world = null;
        var seen = new List<LogPosition>();
        world = WorldWith(steps => steps.Use("unique", async (request, next, ct) =>
        {
            var head = await world!.Inner.ReadHeadAsync(request.Tenant, ct);
            seen.Add(head.Position);
            request.Require(EventQuery.OfTypes("counter.closed"), head.Position);
            return await next(request, ct);
        }));
        world.Store.Inject(StoreFault.Meanwhile(_ => CloseOtherAsync(world)).On(StoreOperation.Commit));

        Assert.IsType<CommandResult.Accepted>(await world.Do(new Add(1)));
        Assert.Equal([LogPosition.Start, LogPosition.Of(1)], seen);
        Assert.Equal(LogPosition.Of(1), Assert.Single(world.Store.Commits[1].Conditions).After);
    }

    [Fact]
    public async Task A_condition_that_is_never_met_is_a_conflict_that_says_which()
    {
        var world = WorldWith(steps => steps.Use("never", (request, next, ct) =>
        {
            request.Require(EventQuery.OfTypes("counter.closed"), LogPosition.Start);
            return next(request, ct);
        }));
        await CloseOtherAsync(world);

        var conflict = Assert.IsType<CommandResult.Conflict>(await world.Do(new Add(1), expected: ExpectedVersion.NoStream));

        Assert.Equal(LogPosition.Of(1), Assert.IsType<Refusal.QueryMatched>(conflict.Reason).Match);
        Assert.Equal(StreamVersion.None, conflict.Actual);
        Assert.Equal(10, world.Store.Commits.Length);
    }

    [Fact]
    public async Task A_condition_from_a_step_outside_the_retry_holds_for_every_attempt()
    {
        var world = WorldWith(steps => steps.UseBefore(CommandSteps.ConflictRetry, "outside", new ExpectOther()));
        world.Store.Inject(StoreFault.Meanwhile(_ => world.AppendBehindAsync(new Added(1))).On(StoreOperation.Commit));

        Assert.IsType<CommandResult.Accepted>(await world.Do(new Add(1)));
        Assert.All(world.Store.Commits, commit => Assert.Equal(Other, commit.Appends[1].Stream));
        Assert.Equal(2, world.Store.Commits.Length);
    }

    [Fact]
    public async Task A_demand_on_another_stream_that_is_not_met_is_a_conflict_about_that_stream()
    {
        var world = WorldWith(steps => steps.UseBefore(CommandSteps.ConflictRetry, "outside", new ExpectOther()));
        await CloseOtherAsync(world);

        var conflict = Assert.IsType<CommandResult.Conflict>(await world.Do(new Add(1)));
        Assert.Equal((Other, ExpectedVersion.NoStream, StreamVersion.Of(1)), (conflict.Stream, conflict.Expected, conflict.Actual));
    }

    [Fact]
    public async Task A_step_can_add_any_operation_to_the_commit()
    {
        var world = WorldWith(steps => steps.Use("checkpoint", (request, next, ct) =>
        {
            request.Amend(commit => commit.Save("imports", LogPosition.Of(7)));
            return next(request, ct);
        }));
        await world.Do(new Add(1));
        Assert.Equal(LogPosition.Of(7), await world.Inner.ReadCheckpointAsync(CommandWorld.Tenant, "imports", Token));
    }

    [Fact]
    public void A_demand_on_the_own_stream_belongs_into_the_expected_version()
    {
        var error = Assert.Throws<ArgumentException>(
            () => CommandWorld.Request(new Add(1)).Expect(CommandWorld.Stream, ExpectedVersion.NoStream));
        Assert.Contains("counter-1", error.Message, StringComparison.Ordinal);
    }

    private static CommandWorld WorldWith(Action<PipelineBuilder<CommandRequest, CommandResult>> configure) =>
        new(options: new CommandOptions { ConfigurePipeline = configure });

    private static async Task CloseOtherAsync(CommandWorld world)
    {
        var closed = world.NewSerializer(Deciders.Of(new CounterDecider())).Serialize(new Closed());
        (await world.Inner.CommitAsync(Commit.For(CommandWorld.Tenant).Append(Other, ExpectedVersion.Any, closed), Token)).Demand();
    }

    private sealed class ExpectOther : IPipelineStep<CommandRequest, CommandResult>
    {
        public ValueTask<CommandResult> InvokeAsync(
            CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
        {
            request.Expect(Other, ExpectedVersion.NoStream);
            return next(request, cancellationToken);
        }
    }
}
