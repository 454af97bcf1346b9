using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Subscriptions;
using Tallystick.Testing;
using Tallystick.Testing.Specifications;

namespace Tallystick.Tests.Testing.Specifications;

public sealed class TrackedSessionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<TrackedSession> StartAsync(Action<TallystickBuilder>? more = null) => TrackedSession.StartAsync(
        app =>
        {
            app.AddDecider<BookDecider>().AddProjection<BookList>().AddSubscription<LetterWriter>().AddEvents(typeof(LetterSent))
                .ConfigureSubscriptions(options => options with { RetriesMax = 0 });
            more?.Invoke(app);
        },
        cancellationToken: Token);

    [Fact]
    public async Task What_a_command_causes_is_given_back_when_all_has_settled()
    {
        await using var session = await StartAsync();
        await session.ExecuteAsync("acme", "book-1", new Acquire("Emma", []), Token);

        var lent = await session.ExecuteAsync("acme", "book-1", new Lend("ann", 5m), Token);

        Assert.IsType<CommandResult.Accepted>(lent.Result);
        lent.ThenEvents(
                Specification.To("book-1", new BookLent("ann", 5m)),
                Specification.To("letter-ann", new LetterSent("Have fun with 1.")),
                Specification.To("letter-office", new LetterSent("1 is out.")))
            .ThenDocument("1", new ListedBook("Emma", true, lent.Events[0].Recorded.Time));
        Assert.Equal([null, lent.Events[0], lent.Events[0]], lent.Events.Select(e => e.CausedBy));
        Assert.Empty(lent.Others);
    }

    [Fact]
    public async Task Other_events_or_documents_are_told()
    {
        await using var session = await StartAsync();
        var acquired = await session.ExecuteAsync("acme", "book-1", new Acquire("Emma", []), Token);
        var time = acquired.Events[0].Recorded.Time;

        Assert.EndsWith(
            "  [0].Item2: expected a BookReturned, but it is a BookAcquired: new BookAcquired(\"Emma\", [])\n\nThis would hold:\n    .ThenEvents(Specification.To(\"book-1\", new BookAcquired(\"Emma\", [])))",
            Failure.Of(() => acquired.ThenEvents(Specification.To("book-1", new BookReturned()))), StringComparison.Ordinal);
        Assert.Equal(
            "The command was expected to change the ListedBook \"2\", but it changed only \"1\".",
            Failure.Of(() => acquired.ThenDocument("2", new ListedBook("Emma", false, time))));
        Assert.StartsWith(
            "Another document was expected under the key \"1\".\n  .IsLent: expected true, but it is false",
            Failure.Of(() => acquired.ThenDocument("1", new ListedBook("Emma", true, time))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_runner_that_has_stopped_is_told_with_the_event()
    {
        await using var session = await StartAsync();

        var message = await Failure.OfAsync(() => session.ExecuteAsync("acme", "book-1", new Acquire("stop", []), Token));

        Assert.StartsWith("'testing-letters' of tenant 'acme' doesn't go on.\n", message, StringComparison.Ordinal);
        Assert.Contains("  testing-letters: Stopped at position 0, 1 behind\n    testing.book-acquired at position 1 failed once: the printer is broken", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_behind_at_the_deadline_is_told()
    {
        await using var session = await StartAsync(app => app.AddSubscription<EndlessReader>());
        session.Deadline = TimeSpan.FromMilliseconds(300);

        var message = await Failure.OfAsync(() => session.ExecuteAsync("acme", "book-1", new Acquire("Emma", []), Token));

        Assert.StartsWith("After 0.3 s, tenant 'acme' still hadn't settled. The head of its log is at position 1.\n", message, StringComparison.Ordinal);
        Assert.Contains("  testing-endless: ", message, StringComparison.Ordinal);
        Assert.Contains(" at position 0, 1 behind", message, StringComparison.Ordinal);
    }

    /// <summary>Never comes to an end, until it is told to.</summary>
    private sealed class EndlessReader : Subscription
    {
        public EndlessReader()
            : base("testing-endless") => On<BookAcquired>(async (_, _, cancellationToken) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return Verdict.Completed;
        });
    }
}
