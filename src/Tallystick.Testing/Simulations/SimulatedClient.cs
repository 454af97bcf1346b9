using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Simulations;

/// <summary>
/// Somebody who uses the simulated application over a network on which messages are late, lost or repeated. Every answer is checked: what was
/// acknowledged is in the log, a repetition gets the first answer, no read is older than its token.
/// </summary>
public sealed class SimulatedClient
{
    private const int AttemptsMax = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    private readonly SimulationCore _core;
    private readonly Observations _observations;
    private readonly Dictionary<TenantId, LogPosition> _tokens = [];
    private readonly Dictionary<(TenantId, StreamId), StreamVersion> _versions = [];
    private int _operations;
    private int _commands;

    internal SimulatedClient(SimulationCore core, Observations observations, string name) =>
        (_core, _observations, Name) = (core, observations, name);

    /// <summary>The client's name.</summary>
    public string Name { get; }

    /// <summary>The tenants that there are.</summary>
    public IReadOnlyList<TenantId> Tenants => _core.Tenants;

    /// <summary>The only randomness that a workload may use; each operation has its own.</summary>
    public SeededEntropy Randomness { get; private set; } = new(0);

    /// <summary>The last position of a tenant's log that this client was told of: what it demands of reads that must see its own writes.</summary>
    public LogPosition Token(TenantId tenant) => _tokens.GetValueOrDefault(tenant);

    /// <summary>
    /// The version of a stream that this client saw last, as of its own commands and reads of states; none if it saw none. Others may have changed the
    /// stream since.
    /// </summary>
    public StreamVersion Version(TenantId tenant, StreamId stream) => _versions.GetValueOrDefault((tenant, stream));

    /// <summary>
    /// Gives a command, mostly with an idempotency key; while there is no answer, it is repeated with the same key. Null: there never was an answer,
    /// so whether it took effect isn't known.
    /// </summary>
    public async Task<CommandResult?> ExecuteAsync(TenantId tenant, StreamId stream, object command, ExpectedVersion expected = default)
    {
        var number = ++_commands;
        var key = Randomness.Chance(0.85) ? $"{Name}/{number}" : null;
        var conditions = new CommandConditions(expected, key is null ? null : new IdempotencyKey(key));
        var model = _core.Server.Model(tenant);
        var versionBefore = StreamVersion.Of(model.VersionOf(stream));
        for (var attempt = 1; attempt <= (key is null ? 1 : AttemptsMax); attempt++)
        {
            var isDone = key is not null && model.HasKey(key);
            var result = await CallAsync(
                $"{tenant} {stream} {CSharpText.Brief(command, typeof(object))}{(expected == ExpectedVersion.Any ? "" : $" at {expected}")}", async services =>
                    await (await services.GetRequiredService<Tallystick.Tenancy.Tenants>().GetAsync(tenant, CancellationToken.None)).ExecuteAsync(
                        stream, command, conditions, CancellationToken.None));
            if (result is null)
                continue;
            var given = new GivenCommand(tenant, stream, command, key, expected, versionBefore, StreamVersion.Of(model.VersionOf(stream)), result, isDone);
            if (_observations.Note(given) is { } wrong)
                _core.Fail($"{Name} gave {CSharpText.Brief(command, typeof(object))} to {stream} of {tenant}: {wrong}.");
            if (result is CommandResult.Accepted accepted)
            {
                Learn(tenant, accepted.Position);
                _versions[(tenant, stream)] = accepted.Version;
            }

            return result;
        }

        return null;
    }

    /// <summary>Reads a document that shows everything up to a position. Null: no answer in time.</summary>
    public async Task<ReadModelDocument<TDocument>?> FindAsync<TDocument>(TenantId tenant, string key, LogPosition atLeast = default)
        where TDocument : class
    {
        var found = await CallAsync($"{tenant} find {typeof(TDocument).Name} {key}", async services =>
        {
            var models = services.GetRequiredService<ReadModelCatalog>().For<TDocument>(tenant);
            return await models.FindAsync(key, ReadFreshness.AtLeast(atLeast), CancellationToken.None);
        });
        if (found is not null)
        {
            _observations.Note(new DocumentRead(
                tenant, typeof(TDocument), key, atLeast, LogPosition.Of(_core.Server.Model(tenant).Head),
                found.Value is null ? null : JsonSerializer.SerializeToUtf8Bytes(found.Value, EventSerializer.DefaultOptions), Name));
        }

        return found;
    }

    /// <summary>Reads a stream's state. Null: no answer in time.</summary>
    public async Task<StreamState<TState>?> StateAsync<TState>(TenantId tenant, StreamId stream)
        where TState : notnull
    {
        var before = StreamVersion.Of(_core.Server.Model(tenant).VersionOf(stream));
        var found = await CallAsync($"{tenant} state of {stream}", async services =>
        {
            var handle = await services.GetRequiredService<Tallystick.Tenancy.Tenants>().GetAsync(tenant, CancellationToken.None);
            return new Box<StreamState<TState>>(await handle.StateOf<TState>(stream).NowAsync(CancellationToken.None));
        });
        if (found is null)
            return null;
        if (found.Value.Version < before)
            _core.Fail($"{Name} read the state of {stream} of {tenant} at version {found.Value.Version}, but before it asked the stream was at {before}.");
        _versions[(tenant, stream)] = found.Value.Version;
        _observations.Note(new StateRead(
            tenant, stream, typeof(TState), found.Value.Version, JsonSerializer.SerializeToUtf8Bytes(found.Value.State, EventSerializer.DefaultOptions), Name));
        return found.Value;
    }

    /// <summary>What its random commands have used so far, so that they refer to each other's values.</summary>
    internal ValueMemory Memory { get; } = new();

    /// <summary>When its operation began; null between two.</summary>
    internal DateTimeOffset? ActsSince { get; set; }

    /// <summary>Begins the next operation; false if it is left out to find a shorter schedule.</summary>
    internal bool BeginOperation()
    {
        Randomness = _core.Choices.Entropy($"operation/{Name}");
        _operations++;
        return _core.Choices.Chance($"operates/{Name}", 1);
    }

    internal async Task CreateAsync(TenantId tenant)
    {
        while (await CallAsync($"create {tenant}", async services =>
            await services.GetRequiredService<Tallystick.Tenancy.Tenants>().ExecuteAsync(tenant, new TenantCommand.Create(tenant.Value), null, CancellationToken.None)) is null)
        {
        }
    }

    private void Learn(TenantId tenant, LogPosition position)
    {
        if (position > Token(tenant))
            _tokens[tenant] = position;
    }

    /// <summary>A request and its answer; null if either got lost, or the application said that it can't for now.</summary>
    private async Task<T?> CallAsync<T>(string what, Func<IServiceProvider, Task<T>> work)
        where T : class
    {
        var reply = new TaskCompletionSource<T?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var node = _core.PickNode();
        var copies = _core.Choices.Chance("network/lost", _core.Rates.LostRequest) ? 0 : 1 + _core.Choices.Deviate("network/repeated", _core.Rates.Repeat, 1);
        _core.Trace.Add(Name, $"{what} → {node.Name}{copies switch { 0 => ", which is lost", 2 => ", which is repeated", _ => "" }}");
        for (var i = 0; i < copies; i++)
            Deliver(() => node.Run(what, services => ServeAsync(services, node, what, work, reply)));
        using var patience = new CancellationTokenSource(Patience, _core.Time);
        await using var end = patience.Token.Register(() => reply.TrySetResult(null));
        var answer = await reply.Task;
        _core.Trace.Add(Name, $"{what} ← {answer?.ToString() ?? "no answer"}");
        return answer;
    }

    private async Task ServeAsync<T>(IServiceProvider services, SimulatedNode node, string what, Func<IServiceProvider, Task<T>> work, TaskCompletionSource<T?> reply)
        where T : class
    {
        T? result = null;
        try
        {
            result = await work(services);
        }
        catch (TallystickException error) when (error.IsTransient)
        {
            _core.Trace.Add(node.Name, $"{what} fails: {error.Message}");
        }

        if (_core.Choices.Chance("network/answer-lost", _core.Rates.LostAnswer))
            _core.Trace.Add(node.Name, $"the answer to {Name} is lost");
        else
            Deliver(() => reply.TrySetResult(result));
    }

    private void Deliver(Action arrive)
    {
        var delay = _core.Choices.Deviate("network/slow", _core.Rates.Slow, 3);
        var due = _core.Scheduler.Now + TimeSpan.FromMilliseconds(delay switch { 0 => 1, 1 => 30, 2 => 700, _ => 8_000 });
        _core.Scheduler.At(due, _core.World, static arrive => ((Action)arrive!)(), arrive);
    }

    private sealed record Box<T>(T Value);
}
