using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Pipeline;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Time;

namespace Tallystick.Tests.Tenancy;

/// <summary>What contradicts itself is refused when the application is built, before it serves anyone.</summary>
public sealed class BuilderTests
{
    public static TheoryData<string, string> Contradictions => new()
    {
        { nameof(MutableState), "decider's state" },
        { nameof(Nameless), "has no stable name" },
        { nameof(SameCategory), "same category 'note'" },
        { nameof(SameEventName), "'note.written' is used by" },
        { nameof(Nowhere), "no registered event" },
        { nameof(SameProjectionName), "have the name 'notes'" },
        { nameof(SubscriptionNamedLikeProjection), "have the name 'notes'" },
        { "unregistered event", "isn't a registered event type" },
        { "mutable event", "an event" },
        { "event without name", "has no stable name" },
        { "step twice", "already has a step 'mine'" },
        { "step around none", "has no step 'nowhere'" },
        { "attempts", "AttemptsMax" },
        { "batches", "ConcurrentBatchesMax" },
    };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public async Task What_contradicts_itself_is_refused_when_the_application_starts(string what, string expected)
    {
        var services = new ServiceCollection().AddTallystick(app => Contradict(app.AddDecider<NoteDecider>().AddProjection<NoteList>(), what));
        await using var provider = services.BuildServiceProvider();
        var error = Assert.ThrowsAny<Exception>(() => provider.GetServices<IHostedService>().ToArray());
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        await using var second = services.BuildServiceProvider();
        Assert.ThrowsAny<Exception>(second.GetRequiredService<TallystickRuntime>);
    }

    [Fact]
    public void Adding_Tallystick_twice_is_refused_with_what_to_do()
    {
        var services = new ServiceCollection().AddTallystick(app => app.AddDecider<NoteDecider>());
        var error = Assert.Throws<InvalidOperationException>(() => services.AddTallystick(app => app.AddProjection<NoteList>()));
        Assert.Contains("AddTallystick", error.Message, StringComparison.Ordinal);
        Assert.Contains("one", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Steps_run_in_the_order_in_which_they_are_added_inside_of_the_built_in_ones()
    {
        await using var provider = Build(app => app
            .ConfigureCommands(options => options with { ConfigurePipeline = steps => steps.Use("option", new Pass()) })
            .AddStep<Pass>("first")
            .AddStep<Pass>("second")
            .ConfigurePipeline(_ => steps => steps.UseBefore(CommandSteps.Idempotency, "early", new Pass()))
            .ConfigurePipeline(_ => steps => steps.UseAfter("first", "between", new Pass()).Remove(CommandSteps.Validation)));
        Assert.Equal(
            [CommandSteps.Telemetry, CommandSteps.Rate, CommandSteps.Authorization, "early", CommandSteps.Idempotency, CommandSteps.Storage, CommandSteps.ConflictRetry, "option", "first", "between", "second"],
            provider.GetRequiredService<CommandProcessor>().Steps);
    }

    [Fact]
    public async Task A_step_is_made_from_the_applications_services_and_sees_the_commands()
    {
        await using var world = new TenancyWorld(configure: app => app.AddStep<Counting>("counting").Services.AddSingleton<Count>());
        var tenant = await world.NewTenantAsync(TenancyWorld.A);
        await tenant.ExecuteAsync(new StreamId("note", "1"), new NoteCommand.Write("x", "y"), TestContext.Current.CancellationToken);
        Assert.Equal(2, world.Get<Count>().Value);
    }

    [Fact]
    public async Task Validators_and_policies_of_the_builder_and_of_the_options_are_all_asked()
    {
        await using var world = new TenancyWorld(configure: app => app
            .AddValidator<NoLongText>()
            .AddPolicy(CommandPolicy.For<NoteCommand.Erase>("eraser", request => request.User is not null))
            .ConfigureCommands(options => options with { Policies = [CommandPolicy.For<NoteCommand.Erase>("never", _ => false)] }));
        var tenant = await world.NewTenantAsync(TenancyWorld.A);
        var token = TestContext.Current.CancellationToken;
        Assert.IsType<CommandResult.Invalid>(await tenant.ExecuteAsync(new StreamId("note", "1"), new NoteCommand.Write("too long a text", "y"), token));
        Assert.Equal(new CommandResult.Forbidden("never"), await tenant.ActingAs(TenancyWorld.User("u")).ExecuteAsync(new StreamId("note", "1"), new NoteCommand.Erase(), token));
    }

    [Fact]
    public async Task The_store_is_in_memory_unless_another_is_chosen_and_the_last_choice_counts()
    {
        await using (var provider = Build(_ => { }))
            Assert.IsType<InMemoryStore>(provider.GetRequiredService<IStore>());
        await using var first = new InMemoryStore();
        await using var second = new InMemoryStore();
        await using var own = new InMemoryStore();
        await using (var provider = Build(app => app.UseStore(_ => first).UseStore(_ => second)))
            Assert.Same(second, provider.GetRequiredService<IStore>());
        var services = new ServiceCollection().AddSingleton<IStore>(own).AddTallystick(_ => { });
        await using (var provider = services.BuildServiceProvider())
            Assert.Same(own, provider.GetRequiredService<IStore>());
    }

    [Fact]
    public async Task What_the_application_brings_is_kept()
    {
        var time = new ManualTime();
        await using var provider = new ServiceCollection().AddSingleton<TimeProvider>(time).AddTallystick(app => app.UseInMemoryStore()).BuildServiceProvider();
        Assert.Same(time, provider.GetRequiredService<TimeProvider>());
        Assert.NotNull(provider.GetRequiredService<Tenants>());
        Assert.Throws<ArgumentNullException>(() => new ServiceCollection().AddTallystick(null!));
    }

    private static ServiceProvider Build(Action<TallystickBuilder> configure) =>
        new ServiceCollection().AddTallystick(configure).BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true });

    private static void Contradict(TallystickBuilder app, string what) => _ = what switch
    {
        nameof(MutableState) => app.AddDecider<MutableState>(),
        nameof(Nameless) => app.AddDecider<Nameless>(),
        nameof(SameCategory) => app.AddDecider<SameCategory>(),
        nameof(SameEventName) => app.AddEvents(typeof(SameEventName)),
        nameof(Nowhere) => app.AddUpcaster<Nowhere>(),
        nameof(SameProjectionName) => app.AddProjection<SameProjectionName>(),
        nameof(SubscriptionNamedLikeProjection) => app.AddSubscription<SubscriptionNamedLikeProjection>(),
        "unregistered event" => app.AddProjection<OfUnregistered>(),
        "mutable event" => app.AddEvents(typeof(MutableEvent)),
        "event without name" => app.AddEvents(typeof(Note)),
        "step twice" => app.AddStep<Pass>("mine").AddStep<Pass>("mine"),
        "step around none" => app.ConfigurePipeline(_ => steps => steps.UseBefore("nowhere", "mine", new Pass())),
        "attempts" => app.ConfigureCommands(options => options with { AttemptsMax = 0 }),
        "batches" => app.ConfigureSubscriptions(options => options with { ConcurrentBatchesMax = 0 }),
        _ => throw new ArgumentException(what),
    };

    public sealed class MutableNote
    {
        public string Text { get; set; } = "";
    }

    public abstract record MutableStateEvent
    {
        [EventType("mutable.happened")]
        public sealed record Happened : MutableStateEvent;
    }

    public sealed class MutableState : Decider<MutableState, MutableStateEvent, MutableNote>
    {
        public override string Category => "mutable";

        public override MutableNote InitialState { get; } = new();

        public override Decision<MutableStateEvent> Decide(MutableState command, MutableNote state) => Accept();

        public override MutableNote Evolve(MutableNote state, MutableStateEvent @event) => state;
    }

    public abstract record NamelessEvent
    {
        public sealed record Happened : NamelessEvent;
    }

    public sealed class Nameless : Decider<Nameless, NamelessEvent, Note>
    {
        public override string Category => "nameless";

        public override Note InitialState { get; } = new("", 0);

        public override Decision<NamelessEvent> Decide(Nameless command, Note state) => Accept();

        public override Note Evolve(Note state, NamelessEvent @event) => state;
    }

    public abstract record OtherEvent
    {
        [EventType("other.happened")]
        public sealed record Happened : OtherEvent;
    }

    public sealed class SameCategory : Decider<SameCategory, OtherEvent, Note>
    {
        public override string Category => "note";

        public override Note InitialState { get; } = new("", 0);

        public override Decision<OtherEvent> Decide(SameCategory command, Note state) => Accept();

        public override Note Evolve(Note state, OtherEvent @event) => state;
    }

    [EventType("note.written")]
    public sealed record SameEventName;

    [EventType("note.mutable")]
    public sealed record MutableEvent
    {
        public List<string> Lines { get; } = [];
    }

    [EventType("note.unregistered")]
    public sealed record Unregistered;

    public sealed class Nowhere() : Upcaster("note.old", 1, 1, "note.gone")
    {
        public override JsonObject Upcast(JsonObject payload) => payload;
    }

    public sealed class SameProjectionName : Projection<Note>
    {
        public SameProjectionName()
            : base(NoteList.ListName, 1) => Upsert<NoteEvent.Written>((_, at) => at.Stream.Key, (_, e, _) => new Note(e.Text, 1));
    }

    public sealed class OfUnregistered : Projection<Note>
    {
        public OfUnregistered()
            : base("unregistered", 1) => Upsert<Unregistered>((_, at) => at.Stream.Key, (_, _, _) => new Note("", 1));
    }

    public sealed class SubscriptionNamedLikeProjection : Subscription
    {
        public SubscriptionNamedLikeProjection()
            : base(NoteList.ListName) => On<NoteEvent.Written>((_, _, _) => new(Verdict.Completed));
    }

    public sealed class NoLongText : CommandValidator<NoteCommand.Write>
    {
        public override IEnumerable<ValidationFailure> Validate(NoteCommand.Write command) =>
            command.Text.Length > 10 ? [new ValidationFailure("text", "At most 10 characters.")] : [];
    }

    public sealed class Pass : IPipelineStep<CommandRequest, CommandResult>
    {
        public ValueTask<CommandResult> InvokeAsync(CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken) =>
            next(request, cancellationToken);
    }

    public sealed class Count
    {
        public int Value { get; set; }
    }

    public sealed class Counting(Count count) : IPipelineStep<CommandRequest, CommandResult>
    {
        public ValueTask<CommandResult> InvokeAsync(CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
        {
            count.Value++;
            return next(request, cancellationToken);
        }
    }
}
