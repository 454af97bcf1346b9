using Tallystick.Testing;

namespace Tallystick.Tests.Testing.Specifications;

public sealed class SubscriptionSpecificationTests
{
    [Fact]
    public void Commits_are_those_of_what_arrives_alone() =>
        Specification.ForSubscription<LetterWriter>()
            .Given("book-1", new BookLent("ann", 5m))
            .When("book-2", new BookLent("bob", 5m))
            .ThenCommits(
                Specification.To("letter-bob", new LetterSent("Have fun with 2.")),
                Specification.To("letter-office", new LetterSent("2 is out.")))
            .ThenNothingWhenDeliveredAgain()
            .When("book-3", new BookAcquired("Emma", []), new BookReturned())
            .ThenNothing();

    [Theory]
    [InlineData("retry", "the printer is busy")]
    [InlineData("throw", "no paper")]
    public void A_handler_that_wants_to_try_again_or_throws_retries(string title, string reason) =>
        Specification.ForSubscription<LetterWriter>().When("book-1", new BookAcquired(title, [])).ThenRetries(reason);

    [Fact]
    public void Other_verdicts_are_seen_too()
    {
        Specification.ForSubscription<LetterWriter>().When("book-1", new BookAcquired("stop", [])).ThenStops("broken");
        Specification.ForSubscription<LetterWriter>().When("book-1", new BookAcquired("skip", [])).ThenSkips("nobody");
    }

    [Fact]
    public void Other_commits_are_told_with_their_difference() => Assert.Equal(
        """
        Other commits were expected.
          ["letter-ann"][0].Text: expected "Have fun!", but it is "Have fun with 1." (from character 9 on)
          ["letter-office"]: not expected: [new LetterSent("1 is out.")]

        Specification.ForSubscription<LetterWriter>()
            .When("book-1", new BookLent("ann", 5m))
            .ThenCommits("letter-ann", new LetterSent("Have fun!"))

        This would hold:
            .ThenCommits(
                Specification.To("letter-ann", new LetterSent("Have fun with 1.")),
                Specification.To("letter-office", new LetterSent("1 is out.")))
        """,
        Failure.Of(() => Specification.ForSubscription<LetterWriter>().When("book-1", new BookLent("ann", 5m)).ThenCommits("letter-ann", new LetterSent("Have fun!"))));

    [Fact]
    public void Another_verdict_is_told()
    {
        Assert.Equal(
            """
            The subscription was expected to deal with the events, but it stops: the printer is broken

            Specification.ForSubscription<LetterWriter>()
                .When("book-1", new BookAcquired("stop", []))
                .ThenNothing()

            This would hold:
                .ThenStops()
            """,
            Failure.Of(() => Specification.ForSubscription<LetterWriter>().When("book-1", new BookAcquired("stop", [])).ThenNothing()));
        Assert.StartsWith(
            "The subscription was expected to try the event again because of \"paper\", but it wants to try the event again: the printer is busy",
            Failure.Of(() => Specification.ForSubscription<LetterWriter>().When("book-1", new BookAcquired("retry", [])).ThenRetries("paper")), StringComparison.Ordinal);
        Assert.StartsWith(
            "The subscription was expected to stop at the event, but it is done and commits nothing",
            Failure.Of(() => Specification.ForSubscription<LetterWriter>().When("book-1", new BookAcquired("Emma", [])).ThenStops()), StringComparison.Ordinal);
        Assert.StartsWith(
            "The subscription was expected to skip the event, but no event concerns it",
            Failure.Of(() => Specification.ForSubscription<LetterWriter>().When("book-1", new BookReturned()).ThenSkips()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_given_event_at_which_it_stops_is_told() => Assert.StartsWith(
        "The subscription stops at what was given: the printer is broken",
        Failure.Of(() => Specification.ForSubscription<LetterWriter>().Given("book-1", new BookAcquired("stop", []))), StringComparison.Ordinal);

    [Fact]
    public void An_expectation_needs_an_event_first() => Assert.StartsWith(
        "No event has arrived yet. Call When before it.", Failure.Of(() => Specification.ForSubscription<LetterWriter>().ThenNothing()), StringComparison.Ordinal);

    [Fact]
    public void A_handler_that_commits_on_the_side_repeats_itself()
    {
        var specification = Specification.ForSubscription(store => new CarelessWriter(store))
            .When("book-1", new BookLent("ann", 5m))
            .ThenCommits("letter-ann", new LetterSent("Have fun."));

        Assert.StartsWith(
            "Delivered again, the events caused more: Specification.To(\"letter-ann\", new LetterSent(\"Have fun.\")). Put what belongs to an event into the commit of Verdict.Complete.",
            Failure.Of(() => specification.ThenNothingWhenDeliveredAgain()), StringComparison.Ordinal);
    }
}
