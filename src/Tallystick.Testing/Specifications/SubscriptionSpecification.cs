using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>
/// What a subscription does with events: given events that were dealt with before, when further ones arrive, then commits or a verdict. The events
/// go through a store in memory, and the engine that runs in production hands them over. Steps happen as they are called, once.
/// </summary>
public sealed class SubscriptionSpecification
{
    private readonly ObservedSubscription _subscription;
    private readonly SpecificationLog _log = new(null);
    private Story _story;
    private DateTimeOffset _time = SpecificationClock.Start;
    private EventMetadata _metadata = EventMetadata.None;
    private Arrival? _arrival;

    internal SubscriptionSpecification(Func<IStore, Subscription> make, string opening, IEnumerable<Type> further)
    {
        _story = Story.Of(opening);
        var subscription = make(_log.Store);
        _subscription = new ObservedSubscription(subscription);
        _log.Knowing(SpecificationLog.TypesAround(subscription.EventTypes.Concat(further), subscription.GetType().Assembly), []);
    }

    /// <summary>The events that follow are stored at this time. At first it is midnight (UTC) of 1 January 2026.</summary>
    public SubscriptionSpecification At(DateTimeOffset time)
    {
        _time = time;
        return Told(Story.Call("At", CSharpText.Of(time)));
    }

    /// <summary>The events that follow carry this metadata. At first there is none.</summary>
    public SubscriptionSpecification From(EventMetadata metadata)
    {
        _metadata = metadata;
        return Told(Story.Call("From", CSharpText.Of(metadata)));
    }

    /// <summary>These events have happened in a stream, and the subscription has dealt with them.</summary>
    /// <exception cref="CheckFailedException">It stopped at one of them.</exception>
    public SubscriptionSpecification Given(string stream, params object[] events)
    {
        Told(Story.Call("Given", Story.Values(events).Prepend(CSharpText.Of(stream))));
        var arrival = Arrive("Given", stream, events);
        return arrival.Stopped is null ? this : throw _story.Failure("", $"The subscription stops at what was given: {arrival.Stopped}");
    }

    /// <summary>These events arrive.</summary>
    public SubscriptionSpecification When(string stream, params object[] events)
    {
        Told(Story.Call("When", Story.Values(events).Prepend(CSharpText.Of(stream))));
        _arrival = Arrive("When", stream, events);
        return this;
    }

    /// <summary>It commits exactly these events, to this stream alone.</summary>
    /// <exception cref="CheckFailedException">It commits others, or gives another verdict.</exception>
    public SubscriptionSpecification ThenCommits(string stream, params object[] events) =>
        Compare(Story.Call("ThenCommits", Story.Values(events).Prepend(CSharpText.Of(stream))), [new StreamEvents(GivenEvents.Parse(stream, "ThenCommits"), [.. events])]);

    /// <summary>It commits exactly these events: <c>ThenCommits(Specification.To("a-1", …), Specification.To("b-1", …))</c>.</summary>
    /// <exception cref="CheckFailedException">It commits others, or gives another verdict.</exception>
    public SubscriptionSpecification ThenCommits(params StreamEvents[] expected) =>
        Compare(Story.Call("ThenCommits", expected.Select(one => one.ToString())), expected);

    /// <summary>It is done with the events and commits nothing.</summary>
    /// <exception cref="CheckFailedException">It commits something, or gives another verdict.</exception>
    public SubscriptionSpecification ThenNothing() => Compare(Story.Call("ThenNothing"), []);

    /// <summary>It wants to try the event again.</summary>
    /// <param name="reasonContains">A part of the reason, whatever its case; null: any reason. An exception's message counts as the reason.</param>
    /// <exception cref="CheckFailedException">It gives another verdict.</exception>
    public SubscriptionSpecification ThenRetries(string? reasonContains = null) =>
        ThenAnswers("ThenRetries", "to try the event again", reasonContains, verdict => verdict is Verdict.Retry retry ? retry.Reason : null);

    /// <summary>It stops at the event, until an operator resumes it.</summary>
    /// <exception cref="CheckFailedException">It gives another verdict.</exception>
    public SubscriptionSpecification ThenStops(string? reasonContains = null) =>
        ThenAnswers("ThenStops", "to stop at the event", reasonContains, verdict => verdict is Verdict.Stop stop ? stop.Reason : null);

    /// <summary>It leaves the event out for ever.</summary>
    /// <exception cref="CheckFailedException">It gives another verdict.</exception>
    public SubscriptionSpecification ThenSkips(string? reasonContains = null) =>
        ThenAnswers("ThenSkips", "to skip the event", reasonContains, verdict => verdict is Verdict.Skip skip ? skip.Reason : null);

    /// <summary>
    /// Nothing more is stored when the events are delivered once more, by a process that believes they haven't been dealt with yet: what the
    /// handler does is in its verdict's commit, which is refused a second time, and not committed on the side.
    /// </summary>
    /// <exception cref="CheckFailedException">Something was stored by the second delivery.</exception>
    public SubscriptionSpecification ThenNothingWhenDeliveredAgain()
    {
        const string Call = ".ThenNothingWhenDeliveredAgain()";
        var arrival = Demanded(Call);
        var added = SingleThread.Run(async () =>
        {
            var head = (await _log.Store.ReadHeadAsync(SpecificationLog.Tenant, CancellationToken.None)).Position;
            foreach (var (e, context, _) in arrival.Answers)
            {
                var again = new SubscriptionContext(context.At, _log.Serializer, context.Attempt + 1);
                if (await _subscription.HandleAsync(e, again, CancellationToken.None) is Verdict.Complete { With: { } commit })
                    await _log.Store.CommitAsync(commit.Save(_subscription.Name, context.At.Position, LogPosition.Of(context.At.Position.Value - 1)), CancellationToken.None);
            }

            _subscription.TakeAnswers();
            return await SpecificationLog.ReadAsync(_log.Store, SpecificationLog.Tenant, head, CancellationToken.None);
        });
        return added.IsEmpty ? Told(Call) : throw _story.Failure(
            Call, $"Delivered again, the events caused more: {string.Join(", ", SpecificationLog.ByStream(added, _log.Serializer))}. Put what belongs to an event into the commit of Verdict.Complete.");
    }

    private SubscriptionSpecification Compare(string call, IEnumerable<StreamEvents> expected)
    {
        var arrival = Demanded(call);
        if (arrival.Stopped is not null)
            throw _story.Failure(call, $"The subscription was expected to deal with the events, but {arrival.Words}", arrival.Instead);
        var difference = Difference.Between(ByStream(expected), ByStream(arrival.Caused));
        return difference.IsEmpty ? Told(call) : throw _story.Failure(
            call, $"Other commits were expected.\n{CSharpText.Indented(difference.ToString(), "  ")}", arrival.Instead);
    }

    private SubscriptionSpecification ThenAnswers(string name, string what, string? part, Func<Verdict, string?> reasonOf)
    {
        var call = Story.Call(name, part is null ? [] : [CSharpText.Of(part)]);
        var arrival = Demanded(call);
        var reason = arrival.Verdict is { } verdict ? reasonOf(verdict) : null;
        return reason is not null && (part is null || reason.Contains(part, StringComparison.OrdinalIgnoreCase))
            ? Told(call)
            : throw _story.Failure(call, $"The subscription was expected {what}{(part is null ? "" : $" because of \"{part}\"")}, but {arrival.Words}", arrival.Instead);
    }

    private static ImmutableSortedDictionary<string, ImmutableArray<object>> ByStream(IEnumerable<StreamEvents> events) =>
        events.ToImmutableSortedDictionary(one => one.Stream.ToString(), one => one.Events, StringComparer.Ordinal);

    private Arrival Demanded(string call) => _arrival ?? throw _story.Failure(call, "No event has arrived yet. Call When before it.");

    private SubscriptionSpecification Told(string call)
    {
        _story = _story.With(call);
        return this;
    }

    private Arrival Arrive(string name, string stream, object[] events)
    {
        var given = new GivenEvents(GivenEvents.Parse(stream, name), _time, _metadata, [.. events]);
        try
        {
            return SingleThread.Run(() => ArriveAsync(given));
        }
        catch (InvalidOperationException error)
        {
            throw _story.Failure("", error.Message, null, error);
        }
    }

    /// <summary>Appends the events and runs the subscription, as a process would that starts then, until it has dealt with them or stops.</summary>
    private async Task<Arrival> ArriveAsync(GivenEvents given)
    {
        var before = await RunAsync(LogPosition.Start); // Where it is from the start on, if it begins with what comes now.
        var head = await _log.AppendAsync(given);
        _subscription.TakeAnswers();
        var status = before ?? await RunAsync(head);
        var caused = await SpecificationLog.ReadAsync(_log.Store, SpecificationLog.Tenant, head, CancellationToken.None);
        var own = caused.Where(e => e.Type != SkippedType);
        return new Arrival(_subscription.TakeAnswers(), status?.Error, SpecificationLog.ByStream(own, _log.Serializer));
    }

    private async Task<SubscriptionFailure?> RunAsync(LogPosition head)
    {
        var options = new SubscriptionOptions { Time = _log.Clock, RetriesMax = 0 };
        await using var host = new SubscriptionHost(_log.Store, _log.Serializer, [], [_subscription], options);
        host.AddTenant(SpecificationLog.Tenant);
        await host.StartAsync(CancellationToken.None);
        var status = await host.WaitForStatusAsync(
            SpecificationLog.Tenant, _subscription.Name,
            one => one.State == SubscriptionState.Stopped || (one.State == SubscriptionState.Live && one.Position >= head), CancellationToken.None);
        return status.Failure;
    }

    private const string SkippedType = "tallystick.event-skipped";

    /// <summary>What became of events that arrived.</summary>
    private sealed record Arrival(
        IReadOnlyList<(object Event, SubscriptionContext Context, Verdict Verdict)> Answers, string? Stopped, ImmutableArray<StreamEvents> Caused)
    {
        /// <summary>The verdict that counts: of the event at which it stopped, else of the last one.</summary>
        public Verdict? Verdict => Stopped is null || Answers is [.., { Verdict: Verdict.Retry or Verdict.Stop }]
            ? Answers.Count == 0 ? null : Answers[^1].Verdict
            : new Verdict.Retry(Stopped);

        public string Words => Verdict switch
        {
            Verdict.Retry retry => $"it wants to try the event again: {retry.Reason}",
            Verdict.Stop stop => $"it stops: {stop.Reason}",
            Verdict.Skip skip => $"it skips the event: {skip.Reason}",
            null => "no event concerns it",
            _ => Caused.IsEmpty ? "it is done and commits nothing" : "it commits events",
        };

        public string Instead => Verdict switch
        {
            Verdict.Retry => Story.Call("ThenRetries"),
            Verdict.Stop => Story.Call("ThenStops"),
            Verdict.Skip => Story.Call("ThenSkips"),
            _ when Caused is [var one] => Story.Call("ThenCommits", one.Events.Select(e => CSharpText.Of(e)).Prepend(CSharpText.Of(one.Stream.ToString()))),
            _ when Caused.IsEmpty => Story.Call("ThenNothing"),
            _ => Story.Call("ThenCommits", Caused.Select(one => one.ToString())),
        };
    }
}
