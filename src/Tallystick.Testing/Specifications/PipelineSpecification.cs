using System.Collections.Immutable;
using System.Security.Claims;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>
/// What a command becomes on its way through the pipeline: given events in a tenant's log, when a command arrives from someone, then a result. The
/// command goes through the real processor, with all steps, validators and policies, on a store in memory; projections and subscriptions
/// don't run. Steps happen as they are called, once.
/// </summary>
public sealed class PipelineSpecification
{
    private readonly IServiceProvider _services;
    private readonly SpecificationClock _clock = new();
    private Story _story = Story.Of("Specification.ForPipeline(app => …)");
    private TenantId _tenant = SpecificationLog.Tenant;
    private EventMetadata _metadata = EventMetadata.None;
    private ClaimsPrincipal? _user;
    private IdempotencyKey? _key;
    private ExpectedVersion _expected;
    private (CommandResult Result, ImmutableArray<RecordedEvent> Events)? _outcome;

    internal PipelineSpecification(Action<TallystickBuilder> configure)
    {
        var entropy = new SpecificationEntropy();
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_clock).AddSingleton<Entropy>(entropy);
        services.AddTallystick(app =>
        {
            configure(app);
            app.UseStore(_ => new InMemoryStore(new StoreOptions { Time = _clock, Entropy = entropy }));
        });
        _services = services.BuildServiceProvider();
    }

    private IStore Store => _services.GetRequiredService<IStore>();

    private EventSerializer Serializer => _services.GetRequiredService<EventSerializer>();

    /// <summary>What follows is in this tenant's log. At first it is a tenant named <c>tenant</c>.</summary>
    public PipelineSpecification In(string tenant) => Told(Story.Call("In", CSharpText.Of(tenant)), () => _tenant = TenantId.Parse(tenant));

    /// <summary>What follows happens at this time. At first it is midnight (UTC) of 1 January 2026.</summary>
    public PipelineSpecification At(DateTimeOffset time) => Told(Story.Call("At", CSharpText.Of(time)), () => _clock.Now = time);

    /// <summary>The commands that follow come from this user.</summary>
    /// <param name="userId">The user's id, as the claim <c>sub</c>.</param>
    /// <param name="roles">The user's roles, as claims <c>role</c>.</param>
    public PipelineSpecification As(string userId, params string[] roles) => Told(
        Story.Call("As", Story.Values(roles).Prepend(CSharpText.Of(userId))),
        () => SetUser(new(new ClaimsIdentity([new Claim("sub", userId), .. roles.Select(role => new Claim("role", role))], "specification", "sub", "role"))));

    /// <summary>The commands that follow come from this user.</summary>
    public PipelineSpecification As(ClaimsPrincipal user) => Told(".As(…)", () => SetUser(user));

    /// <summary>The events that follow, given or caused, carry this metadata.</summary>
    public PipelineSpecification From(EventMetadata metadata) => Told(Story.Call("From", CSharpText.Of(metadata)), () => _metadata = metadata);

    /// <summary>The next command has this idempotency key.</summary>
    public PipelineSpecification Once(string key, string fingerprint = "") => Told(
        Story.Call("Once", fingerprint.Length == 0 ? [CSharpText.Of(key)] : [CSharpText.Of(key), CSharpText.Of(fingerprint)]), () => _key = new IdempotencyKey(key, fingerprint));

    /// <summary>The sender of the next command has seen this version of the stream.</summary>
    public PipelineSpecification Expecting(long version) => Told(
        Story.Call("Expecting", FormattableString.Invariant($"{version}")), () => _expected = ExpectedVersion.Exactly(version));

    /// <summary>These events have happened in a stream.</summary>
    public PipelineSpecification Given(string stream, params object[] events) => Told(
        Story.Call("Given", Story.Values(events).Prepend(CSharpText.Of(stream))),
        () => SingleThread.Run(async () =>
        {
            var commit = Commit.For(_tenant).From(_metadata).Append(GivenEvents.Parse(stream, "Given"), ExpectedVersion.Any, [.. events.Select(Serializer.Serialize)]);
            return (await Store.CommitAsync(commit, CancellationToken.None)).Demand();
        }));

    /// <summary>A command arrives.</summary>
    /// <exception cref="CheckFailedException">No decider takes it, a step threw, or the store failed.</exception>
    public PipelineSpecification When(string stream, object command) => Told(
        Story.Call("When", [CSharpText.Of(stream), CSharpText.Of(command)]), () => _outcome = SingleThread.Run(() => ExecuteAsync(GivenEvents.Parse(stream, "When"), command)));

    /// <summary>It took effect, and exactly these events were stored, in its stream and in this order.</summary>
    /// <exception cref="CheckFailedException">It had another result, or others were stored.</exception>
    public PipelineSpecification ThenAccepted(params object[] events)
    {
        var call = Story.Call("ThenAccepted", Story.Values(events));
        if (Demanded(call).Result is not CommandResult.Accepted { IsReplay: false })
            throw Unlike(call, "The command was expected to be accepted");
        var difference = Difference.Between(events.ToImmutableArray(), Events);
        return difference.IsEmpty ? Told(call) : throw _story.Failure(
            call, $"Other events were expected.\n{CSharpText.Indented(difference.ToString(), "  ")}", Instead);
    }

    /// <summary>It was a repetition: its key's first result was given, and nothing was stored again.</summary>
    /// <exception cref="CheckFailedException">It had another result.</exception>
    public PipelineSpecification ThenReplayed() => Then<CommandResult.Accepted>(
        Story.Call("ThenReplayed"), "The command was expected to be a replay", accepted => accepted.IsReplay && _outcome!.Value.Events.IsEmpty);

    /// <summary>A rule refused it, of the decider or of a step.</summary>
    /// <exception cref="CheckFailedException">It had another result.</exception>
    public PipelineSpecification ThenRejected(string code) => Then<CommandResult.Rejected>(
        Story.Call("ThenRejected", CSharpText.Of(code)), $"A rejection with \"{code}\" was expected", rejected => rejected.Rejection.Code == code);

    /// <summary>It is malformed.</summary>
    /// <param name="field">A field that is at fault; empty for the command as a whole.</param>
    /// <exception cref="CheckFailedException">It had another result, or other fields are at fault.</exception>
    public PipelineSpecification ThenInvalid(string field) => Then<CommandResult.Invalid>(
        Story.Call("ThenInvalid", CSharpText.Of(field)), $"The field \"{field}\" was expected to be invalid", invalid => invalid.Failures.Any(failure => failure.Field == field));

    /// <summary>A policy forbade it.</summary>
    /// <exception cref="CheckFailedException">It had another result.</exception>
    public PipelineSpecification ThenForbidden(string policy) => Then<CommandResult.Forbidden>(
        Story.Call("ThenForbidden", CSharpText.Of(policy)), $"The policy \"{policy}\" was expected to forbid it", forbidden => forbidden.Policy == policy);

    /// <summary>The stream, or what a step demanded, had changed.</summary>
    /// <exception cref="CheckFailedException">It had another result.</exception>
    public PipelineSpecification ThenConflict() => Then<CommandResult.Conflict>(Story.Call("ThenConflict"), "A conflict was expected", _ => true);

    /// <summary>Its idempotency key was used before for a different command.</summary>
    /// <exception cref="CheckFailedException">It had another result.</exception>
    public PipelineSpecification ThenKeyReused() => Then<CommandResult.KeyReused>(Story.Call("ThenKeyReused"), "The key was expected to be used already", _ => true);

    /// <summary>The stored events carry metadata for which something holds.</summary>
    /// <exception cref="CheckFailedException">It doesn't hold for one of them, or there is none.</exception>
    public PipelineSpecification ThenMetadata(System.Linq.Expressions.Expression<Func<EventMetadata, bool>> holds)
    {
        ArgumentNullException.ThrowIfNull(holds);
        var call = Story.Call("ThenMetadata", ExpressionText.Of(holds));
        var (_, events) = Demanded(call);
        if (events.IsEmpty)
            throw Unlike(call, "Events with metadata were expected");
        var compiled = holds.Compile();
        return events.FirstOrDefault(e => !compiled(e.Metadata)) is { } other
            ? throw _story.Failure(call, $"This was expected to hold for the metadata of {other.Type}: {ExpressionText.BodyOf(holds)}\nThe metadata is {CSharpText.Of(other.Metadata)}")
            : Told(call);
    }

    private ImmutableArray<object> Events => [.. _outcome!.Value.Events.Select(Serializer.Deserialize)];

    private string Instead => _outcome!.Value.Result switch
    {
        CommandResult.Accepted { IsReplay: true } => Story.Call("ThenReplayed"),
        CommandResult.Rejected rejected => Story.Call("ThenRejected", CSharpText.Of(rejected.Rejection.Code)),
        CommandResult.Invalid invalid => Story.Call("ThenInvalid", CSharpText.Of(invalid.Failures[0].Field)),
        CommandResult.Forbidden forbidden => Story.Call("ThenForbidden", CSharpText.Of(forbidden.Policy)),
        CommandResult.Conflict => Story.Call("ThenConflict"),
        CommandResult.KeyReused => Story.Call("ThenKeyReused"),
        _ => Story.Call("ThenAccepted", Story.Values(Events)),
    };

    private string Words => _outcome!.Value.Result switch
    {
        CommandResult.Accepted { IsReplay: true } => "it is a replay of an earlier one with the same key",
        CommandResult.Accepted => "it was accepted",
        CommandResult.Rejected { Rejection: var rejection } => $"it was rejected with \"{rejection.Code}\": {rejection.Message}",
        CommandResult.Invalid invalid => $"it is invalid: {string.Join(" ", invalid.Failures.Select(one => $"{one.Field}: {one.Message}"))}",
        CommandResult.Forbidden forbidden => $"the policy \"{forbidden.Policy}\" forbids it",
        CommandResult.Conflict conflict => $"there was a conflict: {conflict.Reason}",
        CommandResult.KeyReused reused => $"its key \"{reused.Key}\" was used before for a different command",
        var other => $"the result is {other}",
    };

    private PipelineSpecification Then<TResult>(string call, string expected, Func<TResult, bool> holds)
        where TResult : CommandResult => Demanded(call).Result is TResult result && holds(result) ? Told(call) : throw Unlike(call, expected);

    private (CommandResult Result, ImmutableArray<RecordedEvent> Events) Demanded(string call) =>
        _outcome ?? throw _story.Failure(call, "No command has arrived yet. Call When before it.");

    private CheckFailedException Unlike(string call, string expected) => _story.Failure(call, $"{expected}, but {Words}", Instead);

    private void SetUser(ClaimsPrincipal user) => (_user, _metadata) = (user, _metadata with { UserId = Origin.UserIdOf(user) });

    private PipelineSpecification Told(string call, Action? step = null)
    {
        _story = _story.With(call);
        try
        {
            step?.Invoke();
            return this;
        }
        catch (Exception error)
        {
            throw _story.Failure("", error is CheckFailedException ? error.Message : $"{error.GetType().Name}: {error.Message}", null, error);
        }
    }

    private async Task<(CommandResult, ImmutableArray<RecordedEvent>)> ExecuteAsync(StreamId stream, object command)
    {
        var head = (await Store.ReadHeadAsync(_tenant, CancellationToken.None)).Position;
        var request = new CommandRequest(_tenant, stream, command) { User = _user, Metadata = _metadata, IdempotencyKey = _key, ExpectedVersion = _expected };
        (_key, _expected) = (null, ExpectedVersion.Any);
        var result = await _services.GetRequiredService<CommandProcessor>().ExecuteAsync(request, CancellationToken.None);
        return (result, await SpecificationLog.ReadAsync(Store, _tenant, head, CancellationToken.None));
    }
}
