using Tallystick.Testing;

namespace Tallystick.Tests.Testing.Specifications;

public sealed class DeciderSpecificationTests
{
    private static readonly BookAcquired Acquired = new("Emma", ["Jane Austen"]);

    [Fact]
    public void Steps_go_on_after_an_expectation() =>
        Specification.For<BookDecider>()
            .Given(Acquired)
            .When(new Lend("ann", 5m)).Then(new BookLent("ann", 5.00m)).ThenState((Book book) => book.Loans == 1)
            .When(new Lend("bob", 5m)).ThenRejected("book-lent", "ANN")
            .When(new Return(), new Lend("bob", 5m)).Then(new BookReturned(), new BookLent("bob", 5m))
            .When(new Return(), new Return()).Then(new BookReturned())
            .When(new Return()).ThenNothing()
            .ThenState(new Book("Emma", ["Jane Austen"], null, 2));

    [Fact]
    public void With_a_decider_that_is_given_the_compiler_knows_the_types() =>
        Specification.For(new BookDecider())
            .GivenState(new Book("Emma", [], "ann", 7))
            .When(new Return())
            .ThenState(book => book.Reader == null && book.Loans == 7);

    [Fact]
    public void A_specification_can_be_shared_as_a_beginning()
    {
        var lent = Specification.For<BookDecider>().Given(Acquired, new BookLent("ann", 5m));

        lent.When(new Return()).Then(new BookReturned());
        lent.When(new Lend("bob", 5m)).ThenRejected("book-lent");
    }

    [Fact]
    public void Other_events_are_told_with_their_difference() => Assert.Equal(
        """
        Other events were expected, but the command was accepted and 1 event happened.
          [0].Deposit: expected 6m, but it is 5m

        Specification.For<BookDecider>()
            .Given(new BookAcquired("Emma", ["Jane Austen"]))
            .When(new Lend("ann", 5m))
            .Then(new BookLent("ann", 6m))

        This would hold:
            .Then(new BookLent("ann", 5m))
        """,
        Failure.Of(() => Specification.For<BookDecider>().Given(Acquired).When(new Lend("ann", 5m)).Then(new BookLent("ann", 6m))));

    [Fact]
    public void Missing_and_further_events_are_told() => Assert.StartsWith(
        """
        Other events were expected, but the command was accepted and 1 event happened.
          [0]: expected a BookReturned, but it is a BookLent: new BookLent("ann", 5m)
        """.Replace("[0]: expected a BookReturned, but it is a BookLent: new BookLent(\"ann\", 5m)", "[0]: missing: new BookReturned()\n  [0]: not expected: new BookLent(\"ann\", 5m)", StringComparison.Ordinal),
        Failure.Of(() => Specification.For<BookDecider>().Given(Acquired).When(new Lend("ann", 5m)).Then(new BookReturned())), StringComparison.Ordinal);

    [Fact]
    public void A_rejection_where_events_were_expected_is_told() => Assert.Equal(
        """
        Events were expected, but the command was rejected with "book-lent": It is lent to ann.

        Specification.For<BookDecider>()
            .Given(new BookLent("ann", 5m))
            .When(new Lend("bob", 5m))
            .Then(new BookLent("bob", 5m))

        This would hold:
            .ThenRejected("book-lent")
        """,
        Failure.Of(() => Specification.For<BookDecider>().Given(new BookLent("ann", 5m)).When(new Lend("bob", 5m)).Then(new BookLent("bob", 5m))));

    [Fact]
    public void Events_where_a_rejection_was_expected_are_told() => Assert.Equal(
        """
        A rejection with "book-lent" was expected, but the command was accepted and 1 event happened

        Specification.For<BookDecider>()
            .When(new Lend("ann", 5m))
            .ThenRejected("book-lent")

        This would hold:
            .Then(new BookLent("ann", 5m))
        """,
        Failure.Of(() => Specification.For<BookDecider>().When(new Lend("ann", 5m)).ThenRejected("book-lent")));

    [Fact]
    public void Another_code_or_message_of_a_rejection_is_told()
    {
        var lent = Specification.For<BookDecider>().Given(new BookLent("ann", 5m)).When(new Lend("bob", 5m));

        Assert.StartsWith(
            "A rejection with \"book-gone\" was expected, but the command was rejected with \"book-lent\": It is lent to ann.",
            Failure.Of(() => lent.ThenRejected("book-gone")), StringComparison.Ordinal);
        Assert.StartsWith(
            "The rejection's message was expected to contain \"bob\", but it is: It is lent to ann.",
            Failure.Of(() => lent.ThenRejected("book-lent", "bob")), StringComparison.Ordinal);
    }

    [Fact]
    public void Something_where_nothing_was_expected_is_told() => Assert.StartsWith(
        "Nothing was expected to happen, but the command was accepted and 1 event happened.\n  [0]: not expected: new BookLent(\"ann\", 5m)",
        Failure.Of(() => Specification.For<BookDecider>().When(new Lend("ann", 5m)).ThenNothing()), StringComparison.Ordinal);

    [Fact]
    public void A_command_is_checked_before_it_is_decided()
    {
        Specification.For<BookDecider>().When(new Acquire("", [])).ThenInvalid("title", "needed");
        Specification.For<BookDecider>().With(new DepositValidator()).When(new Lend("ann", -1m)).ThenInvalid("deposit");

        Assert.Equal(
            """
            The field "author" was expected to be invalid, but the command is invalid: title: A title is needed.

            Specification.For<BookDecider>()
                .When(new Acquire("", []))
                .ThenInvalid("author")

            This would hold:
                .ThenInvalid("title")
            """,
            Failure.Of(() => Specification.For<BookDecider>().When(new Acquire("", [])).ThenInvalid("author")));
        Assert.StartsWith(
            "The field \"deposit\" was expected to be invalid, but the command was accepted",
            Failure.Of(() => Specification.For<BookDecider>().When(new Lend("ann", -1m)).ThenInvalid("deposit")), StringComparison.Ordinal);
        Assert.StartsWith(
            "Events were expected, but the command is invalid: title: A title is needed.",
            Failure.Of(() => Specification.For<BookDecider>().When(new Acquire("", [])).Then(new BookReturned())), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_state_is_told_with_its_difference() => Assert.Equal(
        """
        Another state was expected.
          .Authors[0]: expected "J. Austen", but it is "Jane Austen"
          .Loans: expected 1, but it is 0

        Specification.For<BookDecider>()
            .Given(new BookAcquired("Emma", ["Jane Austen"]))
            .ThenState(new Book("Emma", ["J. Austen"], null, 1))

        This would hold:
            .ThenState(new Book("Emma", ["Jane Austen"], null, 0))
        """,
        Failure.Of(() => Specification.For<BookDecider>().Given(Acquired).ThenState(new Book("Emma", ["J. Austen"], null, 1))));

    [Fact]
    public void A_predicate_that_does_not_hold_is_shown_with_its_values()
    {
        var least = 3;

        Assert.Equal(
            """
            This was expected to hold for the state: (book.Loans >= 3) && (book.Reader == "ann")
            The state is:
              new Book("Emma", ["Jane Austen"], null, 0)
            of which
              book.Loans is 0
              book.Reader is null

            Specification.For<BookDecider>()
                .Given(new BookAcquired("Emma", ["Jane Austen"]))
                .ThenState(book => (book.Loans >= 3) && (book.Reader == "ann"))
            """,
            Failure.Of(() => Specification.For<BookDecider>().Given(Acquired).ThenState((Book book) => book.Loans >= least && book.Reader == "ann")));
    }

    [Fact]
    public void What_does_not_belong_to_the_decider_is_told()
    {
        Assert.StartsWith(
            "Book is no command of BookDecider: its commands derive from BookCommand.",
            Failure.Of(() => Specification.For<BookDecider>().When(Book.None)), StringComparison.Ordinal);
        Assert.StartsWith(
            "Return is no event of BookDecider: its events derive from BookEvent.",
            Failure.Of(() => Specification.For<BookDecider>().Given(new Return())), StringComparison.Ordinal);
        Assert.StartsWith(
            "The state is Book, not string.", Failure.Of(() => Specification.For<BookDecider>().ThenState((string text) => text.Length == 0)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_expectation_needs_a_command_first() => Assert.StartsWith(
        "No command has arrived yet. Call When before it.", Failure.Of(() => Specification.For<BookDecider>().Given(Acquired).ThenNothing()), StringComparison.Ordinal);

    [Fact]
    public void A_decider_that_throws_is_told_with_the_command()
    {
        var error = Assert.Throws<CheckFailedException>(() => Specification.For<BookDecider>().When(new Burn()));

        Assert.StartsWith(
            "Decide threw NotSupportedException on new Burn(): Books aren't burnt.\nA rule that refuses says so by Reject.", error.Message, StringComparison.Ordinal);
        Assert.IsType<NotSupportedException>(error.InnerException);
    }

    [Fact]
    public void An_event_that_comes_back_as_another_is_a_failure_of_its_own() => Assert.Equal(
        """
        Forgetful doesn't survive being stored: it comes back as another.
        .Secret: expected 3, but it is 0
        Stored as {"name":"abc"}
        Give the event a constructor or init properties for all that it holds, of types that JSON can carry.

        Specification.For<OddDecider>()
            .When("forget")
        """,
        Failure.Of(() => Specification.For<OddDecider>().When("forget").ThenState("")));

    [Fact]
    public void An_impure_decision_is_a_failure_of_its_own() => Assert.StartsWith(
        "Decide isn't pure: asked twice about \"count\" in the same state, it decided differently.",
        Failure.Of(() => Specification.For<OddDecider>().When("count").ThenRejected("odd")), StringComparison.Ordinal);

    [Fact]
    public void A_fold_that_gives_null_is_a_failure_of_its_own() => Assert.StartsWith(
        "Evolve failed on new Nulled(): it gave null.", Failure.Of(() => Specification.For<OddDecider>().When("null").ThenNothing()), StringComparison.Ordinal);
}
