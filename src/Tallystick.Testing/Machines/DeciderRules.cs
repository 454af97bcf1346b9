using System.Collections.Immutable;
using Tallystick.Commands;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Machines;

/// <summary>The rules that every decider must keep, whatever it is about.</summary>
internal static class DeciderRules<TCommand, TEvent, TState>
    where TCommand : notnull
    where TEvent : notnull
    where TState : notnull
{
    public static DeciderFinding? DecidesTheSameAgain(Walk<TCommand, TEvent, TState> walk)
    {
        const string Rule = "The same command in the same state is decided in the same way";
        for (var i = 0; i < walk.Steps.Length; i++)
        {
            var step = walk.Steps[i];
            var again = walk.Decider.Decide(step.Command, step.Before);
            var difference = Difference.Between(PartsOf(step.Decision), PartsOf(again));
            if (!difference.IsEmpty)
                return new DeciderFinding(Rule, $"Decided a second time:\n{difference}\n{PureHint}", i);
        }

        return null;
    }

    public static DeciderFinding? FoldEqualsLive(Walk<TCommand, TEvent, TState> walk, StoredLog log)
    {
        const string Rule = "The fold of the log equals the live state";
        var state = walk.Decider.InitialState;
        for (var i = 0; i < walk.Steps.Length; i++)
        {
            foreach (var e in walk.Steps[i].Decision.Events)
            {
                var (read, problem) = log.RoundTrip(e);
                if (read is not TEvent stored)
                    return new DeciderFinding(Rule, problem!, i);
                state = walk.Decider.Evolve(state, stored);
            }

            var difference = Difference.Between(walk.Steps[i].After, state);
            if (!difference.IsEmpty)
                return new DeciderFinding(Rule, $"The state that was reached step by step is expected; this is what folding the stored events gives:\n{difference}\n{PureHint}", i);
        }

        return null;
    }

    public static DeciderFinding? SnapshotPlusTailEqualsFold(Walk<TCommand, TEvent, TState> walk, StoredLog log)
    {
        const string Rule = "A snapshot and the tail give the same state as the whole fold";
        var events = walk.Events.Select(e => log.RoundTrip(e).Read is TEvent read ? read : e).ToImmutableArray();
        var states = new TState[events.Length + 1];
        states[0] = walk.Decider.InitialState;
        for (var i = 0; i < events.Length; i++)
            states[i + 1] = walk.Decider.Evolve(states[i], events[i]);
        for (var cut = 0; cut <= events.Length; cut++)
        {
            if (StoredLog.RoundTripState(states[cut], typeof(TState)) is not (TState state, _) snapshot)
                return new DeciderFinding(Rule, $"There is no snapshot after {Count(cut)}. {StoredLog.RoundTripState(states[cut], typeof(TState)).Problem}", StepOf(walk, cut));
            for (var i = cut; i < events.Length; i++)
                state = walk.Decider.Evolve(state, events[i]);
            var difference = Difference.Between(states[^1], state);
            if (!difference.IsEmpty)
                return new DeciderFinding(Rule, $"A snapshot after {Count(cut)} and the {events.Length - cut} that follow:\n{difference}\n{snapshot.Problem}", walk.Steps.Length - 1);
        }

        return null;
    }

    public static DeciderFinding? EventsSurviveSerialisation(Walk<TCommand, TEvent, TState> walk, StoredLog log)
    {
        for (var i = 0; i < walk.Steps.Length; i++)
        {
            foreach (var e in walk.Steps[i].Decision.Events)
            {
                if (log.RoundTrip(e).Problem is { } problem)
                    return new DeciderFinding(EventRule, problem, i);
            }
        }

        return null;
    }

    public const string EventRule = "Events survive being stored and read again";

    public static DeciderFinding? StatesSurviveSerialisation(Walk<TCommand, TEvent, TState> walk)
    {
        const string Rule = "States survive being stored and read again";
        if (StoredLog.RoundTripState(walk.Decider.InitialState, typeof(TState)).Problem is { } first)
            return new DeciderFinding(Rule, first, -1);
        for (var i = 0; i < walk.Steps.Length; i++)
        {
            if (StoredLog.RoundTripState(walk.Steps[i].After, typeof(TState)).Problem is { } problem)
                return new DeciderFinding(Rule, problem, i);
        }

        return null;
    }

    /// <summary>Neither the state that it was given, nor anything that a later decision sees.</summary>
    public static DeciderFinding? RejectionsChangeNothing(Walk<TCommand, TEvent, TState> walk)
    {
        const string Rule = "A rejected command changes nothing";
        var accepted = Walk<TCommand, TEvent, TState>.Of(walk.Decider, [.. walk.Steps.Where(step => !step.Decision.IsRejected).Select(step => step.Command)]);
        var next = 0;
        for (var i = 0; i < walk.Steps.Length; i++)
        {
            var step = walk.Steps[i];
            if (step.Decision.IsRejected)
            {
                var before = CSharpText.Of(step.Before, typeof(TState));
                walk.Decider.Decide(step.Command, step.Before);
                var after = CSharpText.Of(step.Before, typeof(TState));
                if (before != after)
                    return new DeciderFinding(Rule, $"Deciding it has changed the state that it was given.\nBefore: {before}\nAfter:  {after}", i);
                continue;
            }

            if (next == accepted.Steps.Length)
                return new DeciderFinding(Rule, "Without the rejected commands before it, this command fails.", i);
            var without = accepted.Steps[next++];
            var difference = Difference.Between(
                new { Decision = PartsOf(without.Decision), State = without.After }, new { Decision = PartsOf(step.Decision), State = step.After });
            if (!difference.IsEmpty)
                return new DeciderFinding(Rule, $"Without the rejected commands before it, this command ends otherwise:\n{difference}\n{PureHint}", i);
        }

        return null;
    }

    private const string PureHint = "Decide and Evolve must use nothing but what they are given: no clock, no chance, no static or field that changes.";

    /// <summary>A decision compares its events by their own Equals, which collections in records don't have.</summary>
    private static object PartsOf(Decision<TEvent> decision) => new { decision.Rejection, decision.Events };

    private static string Count(int events) => events == 1 ? "1 event" : $"{events} events";

    /// <summary>The step in which the n-th event happened.</summary>
    private static int StepOf(Walk<TCommand, TEvent, TState> walk, int events)
    {
        for (var (i, seen) = (0, 0); i < walk.Steps.Length; i++)
        {
            seen += walk.Steps[i].Decision.Events.Length;
            if (seen >= events)
                return events == 0 ? -1 : i;
        }

        return walk.Steps.Length - 1;
    }
}
