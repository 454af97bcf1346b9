using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Machines;

/// <summary>Commands for several streams, interleaved, and the seed of how the events that follow are delivered.</summary>
internal sealed record Story(ImmutableArray<StoryStep> Steps, ulong Delivery);

/// <summary>A command for a stream.</summary>
/// <param name="Source">The decider, by its number.</param>
/// <param name="Key">The stream among its kind.</param>
/// <param name="Command">The command.</param>
internal sealed record StoryStep(int Source, string Key, object Command);

/// <summary>An event of a story.</summary>
internal sealed record StoryEvent(StreamId Stream, object Event, NewEvent Stored);

/// <summary>Makes stories, makes them simpler, and tells their events.</summary>
internal sealed class Stories(ImmutableArray<EventSource> sources, EventSerializer serializer, int lengthMax)
{
    private static readonly ImmutableArray<ulong> Deliveries = [1, 2, 3, 4];
    private static readonly ImmutableArray<string> Keys = ["ann", "bob", "cleo"];

    public Story Make(long seed, int size)
    {
        var entropy = new SeededEntropy(seed);
        var delivery = entropy.NextUInt64();
        var memory = new ValueMemory();
        var states = new Dictionary<(int, string), object>();
        var length = entropy.Next(1, Math.Max(1, lengthMax * size / Draw.FullSize) + 1);
        var steps = ImmutableArray.CreateBuilder<StoryStep>(length);
        for (var i = 0; i < length; i++)
        {
            var (source, key) = (entropy.Next(sources.Length), entropy.Pick(Keys.AsSpan()));
            var command = sources[source].NextCommand(states.GetValueOrDefault((source, key)), entropy, memory, size, out var next);
            states[(source, key)] = next;
            steps.Add(new StoryStep(source, key, command));
        }

        return new Story(steps.MoveToImmutable(), delivery);
    }

    public IEnumerable<Story> Shrink(Story story)
    {
        // Where commits fail depends on how many events there are, so fewer of them are also delivered in other ways.
        foreach (var fewer in Shrinking.Fewer(story.Steps))
        {
            foreach (var delivery in Deliveries.Prepend(story.Delivery))
                yield return new Story([.. fewer], delivery);
        }

        foreach (var used in story.Steps.Select(step => step.Key).Distinct())
        {
            foreach (var key in Keys.TakeWhile(key => key != used))
                yield return story with { Steps = [.. story.Steps.Select(step => step.Key == used ? step with { Key = key } : step)] };
        }

        for (var i = 0; i < story.Steps.Length; i++)
        {
            var step = story.Steps[i];
            foreach (var simpler in sources[step.Source].Shrink(step.Command))
                yield return story with { Steps = story.Steps.SetItem(i, step with { Command = simpler }) };
        }
    }

    /// <summary>What happens in a story, as it is stored. A command with whose events a store can do nothing (too large, or a tag with control characters) fails, and nothing happens.</summary>
    public ImmutableArray<StoryEvent> EventsOf(Story story)
    {
        var states = new Dictionary<(int, string), object?>();
        var events = ImmutableArray.CreateBuilder<StoryEvent>();
        var store = new InMemoryStore();
        foreach (var step in story.Steps)
        {
            var state = states.GetValueOrDefault((step.Source, step.Key));
            var source = sources[step.Source];
            if (source.Apply(step.Command, ref state) is not { } happened)
                continue;
            var stream = new StreamId(source.Decider.Category, step.Key);
            ImmutableArray<StoryEvent> stored = [.. happened.Select(e => new StoryEvent(stream, e, serializer.Serialize(e)))];
            if (!IsStorable(store, stream, stored))
                continue;
            states[(step.Source, step.Key)] = state;
            events.AddRange(stored);
        }

        return events.ToImmutable();
    }

    private static bool IsStorable(InMemoryStore store, StreamId stream, ImmutableArray<StoryEvent> events)
    {
        try
        {
            var commit = Commit.For(ProjectionTrial.Tenant).Append(stream, ExpectedVersion.Any, [.. events.Select(e => e.Stored)]);
            return Specifications.SingleThread.Run(() => store.CommitAsync(commit, CancellationToken.None).AsTask()) is CommitResult.Committed;
        }
        catch (Exception error) when (error is LimitExceededException or ArgumentException)
        {
            return false;
        }
    }
}
