using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;

namespace Tallystick.Tests.Testing.Specifications;

// A small library of books to specify: a book is acquired, lent and returned; a reader is told of what becomes free.

public abstract record BookEvent;

[EventType("testing.book-acquired")]
public sealed record BookAcquired(string Title, ImmutableArray<string> Authors) : BookEvent;

[EventType("testing.book-lent")]
public sealed record BookLent([property: EventTag("reader")] string Reader, decimal Deposit) : BookEvent;

[EventType("testing.book-returned")]
public sealed record BookReturned : BookEvent;

public abstract record BookCommand;

public sealed record Acquire(string Title, ImmutableArray<string> Authors) : BookCommand, IValidated
{
    public IEnumerable<ValidationFailure> Validate()
    {
        if (Title.Length == 0)
            yield return new ValidationFailure("title", "A title is needed.");
    }
}

public sealed record Lend(string Reader, decimal Deposit) : BookCommand;

public sealed record Return : BookCommand;

public sealed record Burn : BookCommand;

public sealed record Book(string? Title, ImmutableArray<string> Authors, string? Reader, int Loans)
{
    public static Book None { get; } = new(null, [], null, 0);
}

public sealed class BookDecider : Decider<BookCommand, BookEvent, Book>
{
    public override string Category => "book";

    public override Book InitialState => Book.None;

    public override Decision<BookEvent> Decide(BookCommand command, Book book) => command switch
    {
        Acquire acquire when book.Title is null => Accept(new BookAcquired(acquire.Title, acquire.Authors)),
        Acquire => Reject("book-exists", "It is here already."),
        Lend when book.Reader is not null => Reject("book-lent", $"It is lent to {book.Reader}."),
        Lend lend => Accept(new BookLent(lend.Reader, lend.Deposit)),
        Return when book.Reader is null => Accept(),
        Return => Accept(new BookReturned()),
        Burn => throw new NotSupportedException("Books aren't burnt."),
        _ => throw new InvalidOperationException("The commands are a closed set."),
    };

    public override Book Evolve(Book book, BookEvent @event) => @event switch
    {
        BookAcquired e => book with { Title = e.Title, Authors = e.Authors },
        BookLent e => book with { Reader = e.Reader, Loans = book.Loans + 1 },
        BookReturned => book with { Reader = null },
        _ => book,
    };
}

public sealed class DepositValidator : CommandValidator<Lend>
{
    public override IEnumerable<ValidationFailure> Validate(Lend command)
    {
        if (command.Deposit < 0)
            yield return new ValidationFailure("deposit", "It can't be negative.");
    }
}

public sealed record ListedBook(string Title, bool IsLent, DateTimeOffset Since);

public sealed class BookList : Projection<ListedBook>
{
    public BookList()
        : base("testing-books", version: 1)
    {
        Index(book => book.IsLent);
        Create<BookAcquired>((e, at) => new ListedBook(e.Title, false, at.Time));
        Update<BookLent>((book, e, at) => book with { IsLent = true, Since = at.Time });
        Update<BookReturned>((book, e, at) => book with { IsLent = false, Since = at.Time });
    }
}

/// <summary>Counts in a field: what no projection may do.</summary>
public sealed class CountingList : Projection<ListedBook>
{
    private int _batches;

    public CountingList()
        : base("testing-counts", version: 1) => On<BookAcquired>((e, at, documents, _) =>
        {
            documents.Put(Documents, at.Stream.Key, new ListedBook($"{e.Title}, number {Counted.Count + _batches++}", false, at.Time));
            Counted.Count++;
            return ValueTask.CompletedTask;
        });

    private static class Counted
    {
        public static int Count { get; set; }
    }
}

[EventType("testing.letter-sent")]
public sealed record LetterSent(string Text);

/// <summary>Writes letters about what happens to books; what it is to do stands in the title or the reader's name.</summary>
public sealed class LetterWriter : Subscription
{
    public LetterWriter()
        : base("testing-letters")
    {
        On<BookAcquired>((e, context, _) => new(e.Title switch
        {
            "retry" => new Verdict.Retry("the printer is busy"),
            "stop" => new Verdict.Stop("the printer is broken"),
            "skip" => new Verdict.Skip("nobody cares"),
            "throw" => throw new NotSupportedException("no paper"),
            _ => Verdict.Completed,
        }));
        On<BookLent>((e, context, _) => new(new Verdict.Complete(context.BeginCommit()
            .Append(new StreamId("letter", e.Reader), ExpectedVersion.Any, context.NewEvent(new LetterSent($"Have fun with {context.At.Stream.Key}.")))
            .Append(new StreamId("letter", "office"), ExpectedVersion.Any, context.NewEvent(new LetterSent($"{context.At.Stream.Key} is out."))))));
    }
}

/// <summary>Commits by itself, so that a repeated delivery repeats it.</summary>
public sealed class CarelessWriter : Subscription
{
    public CarelessWriter(IStore store)
        : base("testing-careless") => On<BookLent>(async (e, context, cancellationToken) =>
        {
            await store.CommitAsync(
                context.BeginCommit().Append(new StreamId("letter", e.Reader), ExpectedVersion.Any, context.NewEvent(new LetterSent("Have fun."))),
                cancellationToken);
            return Verdict.Completed;
        });
}

// Deciders that each break one rule of the kit.

public abstract record OddEvent;

/// <summary>It holds what JSON leaves out.</summary>
[EventType("testing.forgetful")]
public sealed record Forgetful(string Name) : OddEvent
{
    [JsonIgnore]
    public int Secret { get; init; }
}

[EventType("testing.nulled")]
public sealed record Nulled : OddEvent;

public sealed class OddDecider : Decider<string, OddEvent, string>
{
    private int _asked;

    public override string Category => "odd";

    public override string InitialState => "";

    public override Decision<OddEvent> Decide(string command, string state) => command switch
    {
        "forget" => Accept(new Forgetful("abc") { Secret = 3 }),
        "null" => Accept(new Nulled()),
        "count" => Reject("odd", $"Asked {++_asked} times."),
        _ => Accept(),
    };

    public override string Evolve(string state, OddEvent @event) => @event is Nulled ? null! : state;
}
