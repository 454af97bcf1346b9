using System.Diagnostics;
using System.Security.Claims;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Testing.Stores;

namespace Tallystick.Tests.Commands;

public sealed class StepTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_validation_failures_come_at_once_and_nothing_is_read_or_stored()
    {
        var world = new CommandWorld(options: new CommandOptions { Validators = [new AddValidator(), new OtherValidator(), new AnyValidator()] });
        var invalid = Assert.IsType<CommandResult.Invalid>(await world.Do(new CheckedAdd(-1)));

        Assert.Equal(["by", "by", "", "any"], invalid.Failures.Select(failure => failure.Field));
        Assert.Equal(["own 1", "own 2", "from Add", "from all"], invalid.Failures.Select(failure => failure.Message));
        Assert.Empty(world.Store.Commits);
        Assert.Empty(world.StreamReads);
        Assert.IsType<CommandResult.Accepted>(await world.Do(new CheckedAdd(1)));
    }

    [Fact]
    public async Task Validation_comes_before_authorization_and_authorization_before_the_idempotency_key()
    {
        var allowed = true;
        var world = new CommandWorld(options: new CommandOptions { Policies = [CommandPolicy.For<Add>("adders", _ => allowed)] });
        await world.Do(new Add(1), once: new("k"));
        allowed = false;

        Assert.IsType<CommandResult.Invalid>(await world.Do(new CheckedAdd(-1)));
        Assert.Equal(new CommandResult.Forbidden("adders"), await world.Do(new Add(1), once: new("k")));
    }

    [Fact]
    public async Task Every_policy_of_a_commands_type_and_its_base_types_must_allow_it()
    {
        var asked = new List<string>();
        var refusing = "";
        var world = new CommandWorld(options: new CommandOptions
        {
            Policies = [Policy<CounterCommand>("base"), Policy<AddTwice>("derived"), Policy<Close>("other")],
        });

        Assert.IsType<CommandResult.Accepted>(await world.Do(new AddTwice(1)));
        Assert.Equal(["base", "derived"], asked);
        foreach (var name in new[] { "base", "derived" })
        {
            refusing = name;
            Assert.Equal(new CommandResult.Forbidden(name), await world.Do(new AddTwice(1)));
        }

        refusing = "derived";
        Assert.IsType<CommandResult.Accepted>(await world.Do(new Add(1)));

        CommandPolicy Policy<T>(string name)
            where T : notnull => CommandPolicy.For<T>(name, async (_, _) =>
            {
                await Task.Yield();
                asked.Add(name);
                return refusing != name;
            });
    }

    [Fact]
    public async Task A_policy_sees_the_user_and_one_that_throws_stops_the_command()
    {
        var world = new CommandWorld(options: new CommandOptions
        {
            Policies = [CommandPolicy.For<Add>("admins", request => request.User!.IsInRole("admin"))],
        });
        var admin = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Role, "admin")], "test"));
        Assert.IsType<CommandResult.Accepted>(await world.Processor.ExecuteAsync(CommandWorld.Request(new Add(1), user: admin), Token));
        Assert.IsType<CommandResult.Forbidden>(
            await world.Processor.ExecuteAsync(CommandWorld.Request(new Add(1), user: new ClaimsPrincipal()), Token));
        await Assert.ThrowsAsync<NullReferenceException>(async () => await world.Do(new Add(1)));
        Assert.Single(world.Store.Commits);
    }

    [Fact]
    public async Task A_command_gets_a_span_with_its_name_category_and_outcome_and_its_events_the_trace()
    {
        var world = new CommandWorld();
        var spans = new List<Activity>();
        var trace = ActivityTraceId.CreateRandom();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == CommandTelemetry.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId == trace ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        using var parent = new Activity("request").SetParentId(trace, ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded).Start();

        await world.Do(new Close());
        await world.Do(new Add(1));
        world.Store.Inject(StoreFault.Fail("broken", () => new TallystickException("broken")).On(StoreOperation.Commit));
        await Assert.ThrowsAsync<TallystickException>(async () => await world.Do(new Add(1), key: "2"));

        Assert.Equal(["accepted", "rejected", "error"], spans.Select(span => (string)span.GetTagItem("tallystick.outcome")!));
        Assert.Equal(["Close", "Add", "Add"], spans.Select(span => (string)span.GetTagItem("tallystick.command")!));
        Assert.All(spans, span => Assert.Equal("counter", span.GetTagItem("tallystick.category")));
        Assert.Equal(ActivityStatusCode.Error, spans[2].Status);
        Assert.Equal(spans[0].Id, world.Store.Commits[0].Metadata.TraceParent);
    }

    [Fact]
    public async Task The_trace_of_the_caller_is_kept_with_the_events_unless_one_was_given()
    {
        var world = new CommandWorld();
        using var parent = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start();
        await world.Do(new Add(1));
        Assert.Contains(parent.TraceId.ToString(), world.Store.Commits[0].Metadata.TraceParent, StringComparison.Ordinal);

        var request = CommandWorld.Request(new Add(1));
        request.Metadata = new EventMetadata(TraceParent: "given", UserId: "ann");
        await world.Processor.ExecuteAsync(request, Token);
        Assert.Equal(new EventMetadata(TraceParent: "given", UserId: "ann"), world.Store.Commits[1].Metadata);
    }

    private sealed record CheckedAdd(int Amount) : Add(Amount), IValidated
    {
        public IEnumerable<ValidationFailure> Validate()
        {
            if (Amount >= 0)
                yield break;
            yield return new ValidationFailure("by", "own 1");
            yield return new ValidationFailure("by", "own 2");
        }
    }

    private sealed class AddValidator : CommandValidator<Add>
    {
        public override IEnumerable<ValidationFailure> Validate(Add command) =>
            command.By < 0 ? [new ValidationFailure("", "from Add")] : [];
    }

    private sealed class OtherValidator : CommandValidator<Raise>
    {
        public override IEnumerable<ValidationFailure> Validate(Raise command) => [new ValidationFailure("never", "never")];
    }

    private sealed class AnyValidator : CommandValidator<CounterCommand>
    {
        public override IEnumerable<ValidationFailure> Validate(CounterCommand command) =>
            command is Add { By: < 0 } ? [new ValidationFailure("any", "from all")] : [];
    }
}
