using System.Collections.Immutable;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Machines;

/// <summary>A story in which a way of delivering leads to other rows.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="What">How it is broken.</param>
/// <param name="Events">The log.</param>
/// <param name="Plain">What one plain pass makes of it.</param>
internal sealed record ProjectionFinding(string Rule, string What, ImmutableArray<StoryEvent> Events, TrialResult Plain) : Finding(Rule, What);

/// <summary>Delivers random stories to a projection in many ways, and compares the rows with those of one plain pass.</summary>
internal sealed class ProjectionMachine(Func<Projection> make, PropertyOptions options, ImmutableArray<Decider> deciders)
{
    private readonly Projection _projection = make();
    private long _rows;

    /// <exception cref="CheckFailedException">Rows differ; or no story led to any row, so that nothing was tried.</exception>
    public void Check(params ReadOnlySpan<DeliveryKind> kinds)
    {
        var serializer = SerializerOf(deciders);
        var stories = new Stories([.. deciders.Select(decider => EventSource.Of(decider, options.Generation))], serializer, options.LengthMax);
        var ways = kinds.ToArray();
        var experiment = new Experiment<Story, ProjectionFinding>(options, stories.Make, stories.Shrink, story => Find(story, stories, serializer, ways));
        if (experiment.Run() is { } found)
            throw new CheckFailedException(Report(found));
        if (_rows == 0)
        {
            throw new CheckFailedException(
                $"No random history led to a row of {CSharpText.TypeName(_projection.GetType())}, so nothing was tried. Say by With or WithPool which commands its deciders accept.");
        }
    }

    private ProjectionFinding? Find(Story story, Stories stories, EventSerializer serializer, DeliveryKind[] kinds)
    {
        var events = stories.EventsOf(story);
        var plain = Run(serializer, Delivery.Of(DeliveryKind.Plain, story.Delivery, events.Length), events);
        if (plain.Problem is { } problem)
            return new ProjectionFinding("The projection takes every history", $"Delivered all at once, {problem}", events, plain);
        _rows += plain.Rows.Count;
        foreach (var kind in kinds)
        {
            var delivery = Delivery.Of(kind, story.Delivery, events.Length);
            var result = Run(serializer, delivery, events);
            if (result.Problem is not null)
                return new ProjectionFinding(RuleOf(kind), $"Delivered like this: {delivery}\n{result.Problem}", events, plain);
            var difference = plain.DifferenceTo(result);
            if (difference.Length > 0)
                return new ProjectionFinding(RuleOf(kind), $"Delivered all at once, these rows are expected; delivered like this, they differ: {delivery}\n{difference}", events, plain);
        }

        return null;
    }

    private TrialResult Run(EventSerializer serializer, Delivery delivery, ImmutableArray<StoryEvent> events) => Specifications.SingleThread.Run(
        () => new ProjectionTrial(make, serializer, delivery, events).RunAsync());

    private string Report(CounterExample<Story, ProjectionFinding> found)
    {
        var (name, finding) = (CSharpText.TypeName(_projection.GetType()), found.Finding);
        var count = finding.Events.Length == 1 ? "1 event" : $"{finding.Events.Length} events";
        return $"{finding.Rule}: that doesn't hold for {name} after {count}.\n\n{finding.What}\n"
            + "Its handlers must use nothing but the event, its context and the documents: no clock, no chance, no field that changes.\n\n"
            + $"What one plain pass makes of the same log, as a specification:\n\n    [Fact]\n    public void Counter_example() =>\n        Specification.ForProjection<{name}>()"
            + $"{string.Concat(Calls(finding).Select(call => $"\n{CSharpText.Indented(call, "            ")}"))};\n\n{found.Provenance}";
    }

    private IEnumerable<string> Calls(ProjectionFinding finding)
    {
        // A document that shows when something happened is only the same if it happens at the same time.
        var showsTimes = finding.Plain.Rows.Values.Any(row => row.Stored.Contains($"{StoryTime.Start.Year}-", StringComparison.Ordinal));
        for (var i = 0; i < finding.Events.Length; i++)
        {
            if (showsTimes)
                yield return Specifications.Story.Call("At", CSharpText.Of(StoryTime.OfEvent(i)));
            yield return Specifications.Story.Call("Given", CSharpText.Of(finding.Events[i].Stream.ToString()), CSharpText.Of(finding.Events[i].Event));
        }

        if (finding.Plain.Problem is not null)
            yield return $".ThenDocuments<{CSharpText.TypeName(_projection.Collections[0].DocumentType)}>()";
        else
        {
            foreach (var row in finding.Plain.Rows.Values)
                yield return Specifications.Story.Call("ThenDocument", CSharpText.Of(row.Key), CSharpText.Of(row.Document));
        }
    }

    private static string RuleOf(DeliveryKind kind) => kind switch
    {
        DeliveryKind.Batches => "The rows are the same whatever the batches",
        DeliveryKind.Restarts => "The rows are the same after restarts",
        DeliveryKind.Repetitions => "The rows are the same after repeated deliveries",
        _ => "The rows are the same after a rebuild",
    };

    private static EventSerializer SerializerOf(ImmutableArray<Decider> deciders)
    {
        try
        {
            var types = deciders.SelectMany(decider => DeciderRegistration.Of(decider).EventTypes);
            return new EventSerializer(new EventTypes(types, []), new IdGenerator(new StoryTime(), new SeededEntropy(3)));
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw new CheckFailedException($"No application could register these deciders: {error.Message}", error);
        }
    }
}
