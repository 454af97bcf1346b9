using Tallystick.Storage;
using Tallystick.Testing;

namespace Tallystick.Tests.Testing.Specifications;

public sealed class ProjectionSpecificationTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly BookAcquired Emma = new("Emma", []);

    [Fact]
    public void Documents_are_those_that_the_engine_folds() =>
        Specification.ForProjection<BookList>()
            .At(Noon).Given("book-1", Emma).Given("book-2", new BookAcquired("Ulysses", []))
            .At(Noon.AddHours(1)).Given("book-2", new BookLent("ann", 5m))
            .ThenDocument("1", new ListedBook("Emma", false, Noon))
            .ThenNoDocument<ListedBook>("3")
            .ThenDocuments(("2", new ListedBook("Ulysses", true, Noon.AddHours(1))), ("1", new ListedBook("Emma", false, Noon)))
            .ThenQuery<ListedBook>(query => query.Where(book => book.IsLent, true), "2");

    [Fact]
    public void Another_store_can_be_gone_through()
    {
        var opened = 0;
        IStore Open(StoreOptions options)
        {
            opened++;
            return new InMemoryStore(options);
        }

        Specification.ForProjection<BookList>().On(Open).Given("book-1", Emma).ThenNoDocument<ListedBook>("2");

        Assert.Equal(2, opened); // Once in one batch, once event by event.
    }

    [Fact]
    public void A_missing_document_is_told_with_those_that_there_are() => Assert.Equal(
        """
        A document with the key "2" was expected, but there is none. There are: "1".

        Specification.ForProjection<BookList>()
            .At(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))
            .Given("book-1", new BookAcquired("Emma", []))
            .ThenDocument("2", new ListedBook("Emma", false, new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)))
        """,
        Failure.Of(() => Specification.ForProjection<BookList>().At(Noon).Given("book-1", Emma).ThenDocument("2", new ListedBook("Emma", false, Noon))));

    [Fact]
    public void Another_document_is_told_with_its_difference()
    {
        var message = Failure.Of(() => Specification.ForProjection<BookList>().At(Noon).Given("book-1", Emma)
            .ThenDocument("1", new ListedBook("Emma", true, Noon)));

        Assert.StartsWith("Another document was expected under the key \"1\".\n  .IsLent: expected true, but it is false\n", message, StringComparison.Ordinal);
        Assert.EndsWith(
            "This would hold:\n    .ThenDocument(\"1\", new ListedBook(\"Emma\", false, new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)))",
            message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_document_too_many_is_told() => Assert.StartsWith(
        "No document with the key \"1\" was expected, but there is new ListedBook(\"Emma\", false,",
        Failure.Of(() => Specification.ForProjection<BookList>().Given("book-1", Emma).ThenNoDocument<ListedBook>("1")), StringComparison.Ordinal);

    [Fact]
    public void Exactly_the_documents_that_are_named_must_be_there() => Assert.StartsWith(
        "Other documents were expected.\n  [\"2\"]: missing: new ListedBook(\"Emma\", false, new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))\n  [\"1\"]: not expected: new ListedBook(",
        Failure.Of(() => Specification.ForProjection<BookList>().At(Noon).Given("book-1", Emma).ThenDocuments(("2", new ListedBook("Emma", false, Noon)))),
        StringComparison.Ordinal);

    [Fact]
    public void A_query_that_finds_others_is_told() => Assert.StartsWith(
        "The query was expected to find other documents.\n  [0]: not expected: \"1\"",
        Failure.Of(() => Specification.ForProjection<BookList>().Given("book-1", Emma).ThenQuery<ListedBook>(query => query.Where(book => book.IsLent, false))),
        StringComparison.Ordinal);

    [Fact]
    public void An_index_that_is_not_declared_is_told() => Assert.StartsWith(
        "Collection 'testing-books' has no index 'title'. Its indexes are isLent.",
        Failure.Of(() => Specification.ForProjection<BookList>().ThenQuery<ListedBook>(query => query.Where(book => book.Title, "Emma"))), StringComparison.Ordinal);

    [Fact]
    public void An_event_at_which_the_projection_stops_is_told() => Assert.StartsWith(
        """
        The projection stops at an event: testing.book-lent at position 1 updates document '1' of 'testing-books', which isn't there. Create it by an earlier event, or declare WhenMissing.Ignore.
          The event is new BookLent("ann", 5m)
          version 1 of stream book-1, position 1
        """,
        Failure.Of(() => Specification.ForProjection<BookList>().Given("book-1", new BookLent("ann", 5m)).ThenDocuments<ListedBook>()), StringComparison.Ordinal);

    [Fact]
    public void A_projection_that_depends_on_more_than_the_events_is_told() => Assert.StartsWith(
        "Folding the events one by one gives other documents than folding them in one batch: a handler depends on more than the event and the documents",
        Failure.Of(() => Specification.ForProjection<CountingList>().Given("book-1", Emma).ThenDocuments<ListedBook>()), StringComparison.Ordinal);

    [Fact]
    public void What_is_no_stream_or_no_document_type_is_told()
    {
        Assert.Equal(
            "Given(\"book\", …) names no stream: write its category and key, such as \"order-42\".",
            Failure.Of(() => Specification.ForProjection<BookList>().Given("book", Emma)));
        Assert.StartsWith(
            "No registered projection has a collection of Book. There are: testing-books (ListedBook).",
            Failure.Of(() => Specification.ForProjection<BookList>().ThenNoDocument<Book>("1")), StringComparison.Ordinal);
    }
}
