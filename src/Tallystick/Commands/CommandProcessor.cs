using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Pipeline;
using Tallystick.Storage;

namespace Tallystick.Commands;

/// <summary>
/// Executes commands: through the steps named in <see cref="CommandSteps"/> and those that were added, to the decider and the store.
/// Safe for concurrent use; conflicts between concurrent commands are settled by the store and retried here.
/// </summary>
public sealed class CommandProcessor
{
    private readonly Pipeline<CommandRequest, CommandResult> _pipeline;

    /// <summary>Makes a processor.</summary>
    /// <param name="store">Where streams are.</param>
    /// <param name="deciders">The rules.</param>
    /// <param name="serializer">Knows the deciders' event types (<see cref="Deciders.EventTypes"/>) and the upcasters.</param>
    /// <param name="options">How commands are processed; null: by the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range, or a step is misnamed.</exception>
    /// <exception cref="InvalidOperationException">
    /// The serializer doesn't know an event type, or a state that is to be snapshotted can't be written as JSON.
    /// </exception>
    public CommandProcessor(IStore store, Deciders deciders, EventSerializer serializer, CommandOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(deciders);
        ArgumentNullException.ThrowIfNull(serializer);
        options ??= new CommandOptions();
        options.Check();
        foreach (var type in deciders.EventTypes)
            serializer.Types.Get(type);

        Cache = new StateCache(options.CachedStatesMax);
        var snapshots = new Snapshots(store, deciders, serializer.Options);
        var loader = new StateLoader(store, serializer, Cache, snapshots, options.ReadPageLength);
        States = new StateReader(store, deciders, loader);

        var steps = new PipelineBuilder<CommandRequest, CommandResult>()
            .Use(CommandSteps.Telemetry, new TelemetryStep())
            .Use(CommandSteps.Validation, new ValidationStep(options.Validators))
            .Use(CommandSteps.Authorization, new AuthorizationStep(options.Policies))
            .Use(CommandSteps.Idempotency, new IdempotencyStep(store))
            .Use(CommandSteps.ConflictRetry, new ConflictRetryStep(options));
        options.ConfigurePipeline?.Invoke(steps);
        _pipeline = steps.Build(new CommandHandler(store, deciders, serializer, Cache, loader, snapshots).HandleAsync);
    }

    /// <summary>Reads states, sharing this processor's cache.</summary>
    public StateReader States { get; }

    /// <summary>The states that are kept in memory.</summary>
    public StateCache Cache { get; }

    /// <summary>The names of the pipeline's steps, the outermost first.</summary>
    public ImmutableArray<string> Steps => _pipeline.Steps;

    /// <summary>Executes a command.</summary>
    /// <param name="request">The command; each request is executed once.</param>
    /// <param name="cancellationToken">Cancels. A commit that the store has begun to write is still awaited.</param>
    /// <exception cref="InvalidOperationException">No decider takes the command, or the request was executed before.</exception>
    /// <exception cref="ArgumentException">The stream's category isn't the decider's.</exception>
    /// <exception cref="LimitExceededException">An event, or all together, is larger than the store accepts.</exception>
    /// <exception cref="TallystickException">The store failed.</exception>
    public ValueTask<CommandResult> ExecuteAsync(CommandRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Start();
        return _pipeline.InvokeAsync(request, cancellationToken);
    }
}
