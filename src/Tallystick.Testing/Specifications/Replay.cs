using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>
/// Folds events that were exported from production through today's code: its upcasters, deciders and projections. It finds events that can't be
/// read or folded any more, and, where the commands are known, those that today's deciders decide otherwise.
/// </summary>
/// <remarks>
/// The log stores events, not commands. So the commands come from the export, if whoever exported knew them, or from a function of the test, which
/// reads them off the events of a commit. A commit is a run of events of one stream that were stored at the same time with the same metadata.
/// Projections see the positions of the replay, which are those of the log only if all of it was exported.
/// </remarks>
public sealed class Replay
{
    private const string OwnPrefix = "tallystick.";
    private readonly LogExport _export;
    private readonly IServiceProvider _services;
    private readonly Dictionary<string, DeciderRules> _rules;
    private readonly SpecificationClock _clock = new();

    private Replay(LogExport export, Action<TallystickBuilder> configure)
    {
        _export = export;
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_clock).AddSingleton<Entropy>(new SpecificationEntropy());
        services.AddTallystick(app =>
        {
            configure(app);
            app.UseInMemoryStore();
        });
        _services = services.BuildServiceProvider();
        _rules = _services.GetServices<Decider>().ToDictionary(decider => decider.Category, DeciderRules.Of, StringComparer.Ordinal);
    }

    private EventSerializer Serializer => _services.GetRequiredService<EventSerializer>();

    /// <summary>Begins a replay.</summary>
    /// <param name="export">The events; of a file: <c>LogExport.Parse(File.ReadAllText(path))</c>.</param>
    /// <param name="configure">Adds what today's application is made of: <c>app => app.AddOrders()</c>. Whatever store it chooses isn't used.</param>
    public static Replay Of(LogExport export, Action<TallystickBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(export);
        ArgumentNullException.ThrowIfNull(configure);
        return new(export, configure);
    }

    /// <summary>Every event can be read and folded, by the decider of its stream and by every projection.</summary>
    /// <exception cref="CheckFailedException">One can't; the message names the first such event and says why.</exception>
    public Replay ThenFolds()
    {
        var states = new Dictionary<StreamId, object>();
        foreach (var exported in _export.Events)
        {
            var e = exported.Recorded;
            if (_rules.GetValueOrDefault(e.Stream.Category) is { } rules)
                states[e.Stream] = Fold(rules, states.GetValueOrDefault(e.Stream) ?? rules.InitialState, e);
            else if (!e.Type.StartsWith(OwnPrefix, StringComparison.Ordinal))
                throw Failure(e, $"no decider has the category \"{e.Stream.Category}\"; there are {string.Join(", ", _rules.Keys.Order(StringComparer.Ordinal).Select(key => $"\"{key}\""))}.");
        }

        SingleThread.Run(async () =>
        {
            await ProjectAsync();
            return 0;
        });
        return this;
    }

    /// <summary>
    /// Today's deciders decide as was recorded: each known command, in the state before its commit, is accepted and gives the recorded events.
    /// </summary>
    /// <param name="commandOf">Reads the command off a commit; null if it can't be told. Null: only the commands of the export are known.</param>
    /// <exception cref="CheckFailedException">Some are decided otherwise; the message shows each with what differs.</exception>
    public Replay ThenDecidesTheSame(Func<RecordedCommit, object?>? commandOf = null)
    {
        var changes = Decisions(commandOf);
        if (changes.IsEmpty)
            return this;
        var text = new StringBuilder($"Today {(changes.Length == 1 ? "1 command is" : $"{changes.Length} commands are")} decided otherwise than was recorded.");
        foreach (var change in changes.Take(5))
            text.Append($"\n\n{change}");
        if (changes.Length > 5)
            text.Append($"\n\n… and {changes.Length - 5} more");
        throw new CheckFailedException(text.ToString());
    }

    /// <summary>The commands that today's deciders decide otherwise than was recorded, in the order of the log.</summary>
    /// <param name="commandOf">Reads the command off a commit; null if it can't be told. Null: only the commands of the export are known.</param>
    /// <exception cref="CheckFailedException">An event can't be read or folded, so what follows it can't be decided.</exception>
    public ImmutableArray<ChangedDecision> Decisions(Func<RecordedCommit, object?>? commandOf = null)
    {
        var states = new Dictionary<StreamId, object>();
        var changes = ImmutableArray.CreateBuilder<ChangedDecision>();
        foreach (var commit in Commits())
        {
            if (_rules.GetValueOrDefault(commit.Stream.Category) is not { } rules)
                continue;
            var before = states.GetValueOrDefault(commit.Stream) ?? rules.InitialState;
            if ((commandOf?.Invoke(commit) ?? KnownCommand(commit, rules)) is { } command && Changed(commit, command, rules, before) is { } changed)
                changes.Add(changed);
            states[commit.Stream] = commit.Recorded.Aggregate(before, (state, e) => Fold(rules, state, e));
        }

        return changes.DrainToImmutable();
    }

    private IEnumerable<RecordedCommit> Commits()
    {
        for (var from = 0; from < _export.Events.Length;)
        {
            var to = from + 1;
            while (to < _export.Events.Length && IsSameCommit(_export.Events[to - 1], _export.Events[to]))
                to++;
            var events = _export.Events[from..to];
            var first = events[0].Recorded;
            var recorded = events.Select(e => e.Recorded).ToImmutableArray();
            yield return new RecordedCommit(
                first.Stream, recorded, _rules.ContainsKey(first.Stream.Category) ? [.. recorded.Select(Read)] : [], events[0].Command);
            from = to;
        }
    }

    private static bool IsSameCommit(ExportedEvent one, ExportedEvent next) =>
        next.Command is null && next.Recorded.Stream == one.Recorded.Stream && next.Recorded.Position == one.Recorded.Position.Next()
        && next.Recorded.Time == one.Recorded.Time && next.Recorded.Metadata == one.Recorded.Metadata;

    private static ChangedDecision? Changed(RecordedCommit commit, object command, DeciderRules rules, object before)
    {
        if (DeciderRules.Misfit(command, rules.Decider.CommandType, "command", rules.Decider) is { } misfit)
            throw Failure(commit.Recorded[0], misfit);
        var outcome = rules.Decide(command, before);
        var events = outcome is Outcome.Accepted accepted ? accepted.Events : [];
        var rejection = (outcome as Outcome.Rejected)?.Rejection;
        var difference = Difference.Between(commit.Events, events);
        return rejection is null && difference.IsEmpty ? null : new ChangedDecision(commit, command, events, rejection, difference);
    }

    private static object? KnownCommand(RecordedCommit commit, DeciderRules rules)
    {
        if (commit.Command is not { } known)
            return null;
        var type = Array.Find(rules.Decider.CommandType.Assembly.GetTypes(), one => one.Name == known.Type && rules.Decider.CommandType.IsAssignableFrom(one))
            ?? throw Failure(commit.Recorded[0], $"its command {known.Type} is none of {CSharpText.TypeName(rules.Decider.GetType())} any more.");
        try
        {
            return known.Value.Deserialize(type, EventSerializer.DefaultOptions);
        }
        catch (JsonException error)
        {
            throw Failure(commit.Recorded[0], $"its command {known.Type} can't be read any more: {error.Message}", error);
        }
    }

    private object Fold(DeciderRules rules, object state, RecordedEvent e)
    {
        var read = Read(e);
        if (DeciderRules.Misfit(read, rules.Decider.EventType, "event", rules.Decider) is { } misfit)
            throw Failure(e, misfit);
        try
        {
            return rules.Evolve(state, read);
        }
        catch (CheckFailedException failure)
        {
            throw Failure(e, failure.Message, failure.InnerException);
        }
    }

    private object Read(RecordedEvent e)
    {
        try
        {
            return Serializer.Deserialize(e);
        }
        catch (EventFormatException error)
        {
            throw Failure(e, error.Message, error);
        }
    }

    private async Task ProjectAsync()
    {
        var store = new InMemoryStore(new StoreOptions { Time = _clock, Entropy = new SpecificationEntropy() });
        foreach (var e in _export.Events.Select(exported => exported.Recorded))
        {
            _clock.Now = e.Time;
            (await store.CommitAsync(
                Commit.For(_export.Tenant).From(e.Metadata)
                    .Append(e.Stream, ExpectedVersion.Any, [new NewEvent(e.Id, e.Type, e.SchemaVersion, e.Payload, e.Tags)]),
                CancellationToken.None)).Demand();
        }

        var head = LogPosition.Of(_export.Events.Length);
        var projections = _services.GetServices<Projection>().ToArray();
        await using var host = new SubscriptionHost(store, Serializer, projections, [], new SubscriptionOptions { Time = _clock, RetriesMax = 0 });
        host.AddTenant(_export.Tenant);
        await host.StartAsync(CancellationToken.None);
        foreach (var projection in projections)
        {
            var status = await host.WaitForStatusAsync(
                _export.Tenant, projection.Name,
                one => one.State == SubscriptionState.Stopped || (one.State == SubscriptionState.Live && one.Position >= head), CancellationToken.None);
            if (status.Failure is { } failure)
                throw Failure(_export.Events[(int)failure.Position.Value - 1].Recorded, $"the projection \"{projection.Name}\" stops at it: {failure.Error}");
        }
    }

    private static CheckFailedException Failure(RecordedEvent e, string reason, Exception? cause = null) => new(
        $"An exported event can't be replayed: {reason}\n"
        + $"  position {e.Position}, version {e.Version} of {e.Stream}: {e.Type} in schema version {e.SchemaVersion}, stored {e.Time:O}\n"
        + $"  {Encoding.UTF8.GetString(e.Payload.Span)}", cause);
}

/// <summary>The events of one commit to a stream, as they were recorded.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Recorded">The events as they were stored.</param>
/// <param name="Events">The events as today's types.</param>
/// <param name="Command">The command that caused them, if the export knows it.</param>
public sealed record RecordedCommit(StreamId Stream, ImmutableArray<RecordedEvent> Recorded, ImmutableArray<object> Events, ExportedCommand? Command);

/// <summary>A command that is decided otherwise today than it was recorded.</summary>
/// <param name="Commit">What was recorded.</param>
/// <param name="Command">The command.</param>
/// <param name="Events">What would happen today.</param>
/// <param name="Rejection">Why it would be rejected today; null if it is accepted.</param>
/// <param name="Difference">How the events differ.</param>
public sealed record ChangedDecision(RecordedCommit Commit, object Command, ImmutableArray<object> Events, Rejection? Rejection, Difference Difference)
{
    /// <summary>The change in words.</summary>
    public override string ToString()
    {
        var first = Commit.Recorded[0];
        var what = Rejection is null
            ? $"gives other events than were recorded:\n{CSharpText.Indented(Difference.ToString(), "  ")}"
            : $"is rejected with \"{Rejection.Code}\": {Rejection.Message}\n  recorded was {string.Join(", ", Commit.Events.Select(e => CSharpText.Brief(e, typeof(object))))}";
        return $"Position {first.Position}, version {first.Version} of {Commit.Stream}: {CSharpText.Brief(Command, typeof(object))} {what}";
    }
}
