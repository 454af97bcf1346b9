using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Specifications;

namespace Tallystick.Tests.Testing.Specifications;

public sealed class ReplayTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>An export of a book that was acquired, lent and returned.</summary>
    private static async Task<LogExport> ExportAsync()
    {
        await using var session = await TrackedSession.StartAsync(app => app.AddDecider<BookDecider>(), cancellationToken: Token);
        foreach (var command in new BookCommand[] { new Acquire("Emma", ["Jane Austen"]), new Lend("ann", 5.00m), new Return() })
            await session.ExecuteAsync("acme", "book-1", command, Token);
        await session.ExecuteAsync("acme", "book-2", new Acquire("Ulysses", []), Token);
        return await LogExport.ReadAsync(session.Services.GetRequiredService<IStore>(), TenantId.Parse("acme"), [], Token);
    }

    private static object? CommandOf(RecordedCommit commit) => commit.Events[0] switch
    {
        BookAcquired e => new Acquire(e.Title, e.Authors),
        BookLent e => new Lend(e.Reader, e.Deposit),
        BookReturned => new Return(),
        _ => null,
    };

    private static void Today(TallystickBuilder app) => app.AddDecider<BookDecider>().AddProjection<BookList>();

    [Fact]
    public async Task An_export_comes_back_from_its_text_as_it_was()
    {
        var export = (await ExportAsync()).WithCommands(e => e.Version == StreamVersion.Of(2) ? new Lend("ann", 5.00m) : null);

        var read = LogExport.Parse(export.ToText());

        Assert.Equal(export.ToText(), read.ToText());
        Assert.Equal(export.Events.Select(e => e.Recorded.PayloadHash), read.Events.Select(e => e.Recorded.PayloadHash));
        Assert.Equal([null, "Lend", null, null], read.Events.Select(e => e.Command?.Type));
    }

    [Fact]
    public async Task Streams_can_be_exported_alone()
    {
        await using var store = new InMemoryStore();
        var tenant = TenantId.Parse("acme");
        foreach (var stream in new[] { "a-1", "a-2", "a-1" })
            await store.CommitAsync(Commit.For(tenant).Append(StreamId.Parse(stream), ExpectedVersion.Any, new NewEvent(Guid.NewGuid(), "x", 1, "{}"u8.ToArray(), [])), Token);

        var export = await LogExport.ReadAsync(store, tenant, [StreamId.Parse("a-1")], Token);

        Assert.Equal([1, 3], export.Events.Select(e => e.Recorded.Position.Value));
    }

    [Fact]
    public async Task What_is_unchanged_folds_and_decides_the_same() =>
        Replay.Of(await ExportAsync(), Today).ThenFolds().ThenDecidesTheSame(CommandOf);

    [Fact]
    public async Task An_event_that_can_not_be_read_any_more_is_told()
    {
        var export = await ExportAsync();
        var broken = LogExport.Parse(export.ToText().Replace("\"deposit\":5.00", "\"deposit\":\"five\"", StringComparison.Ordinal));

        var message = Failure.Of(() => Replay.Of(broken, Today).ThenFolds());

        Assert.StartsWith("An exported event can't be replayed: Event testing.book-lent version 1 at position 2 can't be read: its payload doesn't fit", message, StringComparison.Ordinal);
        Assert.Contains("  position 2, version 2 of book-1: testing.book-lent in schema version 1, stored ", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upcaster_makes_old_events_fold_again()
    {
        var export = await ExportAsync();
        var old = LogExport.Parse(export.ToText().Replace("testing.book-lent", "testing.book-loaned", StringComparison.Ordinal));

        Assert.Contains("no registered event type has this name", Failure.Of(() => Replay.Of(old, Today).ThenFolds()), StringComparison.Ordinal);
        Replay.Of(old, app => Today(app.AddUpcaster<LoanedToLent>())).ThenFolds().ThenDecidesTheSame(CommandOf);
    }

    [Fact]
    public async Task An_event_at_which_a_projection_stops_is_told()
    {
        var export = await ExportAsync();
        var headless = export with { Events = export.Events.RemoveAt(0) };

        var message = Failure.Of(() => Replay.Of(headless, Today).ThenFolds());

        Assert.StartsWith("An exported event can't be replayed: the projection \"testing-books\" stops at it: ", message, StringComparison.Ordinal);
        Assert.Contains("  position 2, version 2 of book-1: testing.book-lent", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_without_a_decider_is_told() => Assert.StartsWith(
        "An exported event can't be replayed: no decider has the category \"book\"; there are \"odd\"",
        Failure.Of(() => Replay.Of(LogExport.Parse(Exported), app => app.AddDecider<OddDecider>()).ThenFolds()), StringComparison.Ordinal);

    [Fact]
    public async Task A_changed_decision_is_told_with_its_difference()
    {
        var export = await ExportAsync();

        Assert.Equal(
            """
            Today 2 commands are decided otherwise than was recorded.

            Position 2, version 2 of book-1: new Lend("ann", 6m) gives other events than were recorded:
              [0].Deposit: expected 5.00m, but it is 6m

            Position 3, version 3 of book-1: new Lend("bob", 1m) is rejected with "book-lent": It is lent to ann.
              recorded was new BookReturned()
            """,
            Failure.Of(() => Replay.Of(export, Today).ThenDecidesTheSame(commit => commit.Events[0] switch
            {
                BookLent => new Lend("ann", 6m),
                BookReturned => new Lend("bob", 1m),
                _ => CommandOf(commit),
            })));
    }

    [Fact]
    public async Task Commands_of_the_export_are_known()
    {
        var export = (await ExportAsync()).WithCommands(e => e.Version == StreamVersion.Of(2) ? new Lend("bob", 5.00m) : null);

        var changed = Assert.Single(Replay.Of(LogExport.Parse(export.ToText()), Today).Decisions());

        Assert.Equal(new Lend("bob", 5.00m), changed.Command);
        Assert.Equal("[0].Reader: expected \"ann\", but it is \"bob\"", changed.Difference.ToString());
        Assert.Equal(2, changed.Commit.Recorded[0].Position.Value);
    }

    [Theory]
    [InlineData("", "The export is empty")]
    [InlineData("{}", "Line 1 isn't one of an export of events: the first line has to name the format")]
    [InlineData("""{"format":"tallystick-events","formatVersion":2,"tenant":"acme"}""", "Line 1 isn't one of an export of events: this kit reads version 1")]
    [InlineData("{\"format\":\"tallystick-events\",\"formatVersion\":1,\"tenant\":\"acme\"}\n{\"position\":1}", "Line 2 isn't one of an export of events:")]
    public void What_is_no_export_is_refused(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<FormatException>(() => LogExport.Parse(text)).Message, StringComparison.Ordinal);

    private const string Exported = """
        {"format":"tallystick-events","formatVersion":1,"tenant":"acme"}
        {"position":1,"id":"0198e0a5-0000-7000-8000-000000000001","stream":"book-1","version":1,"type":"testing.book-returned","schemaVersion":1,"time":"2026-01-01T00:00:00Z","tags":[],"payload":{}}
        """;

    private sealed class LoanedToLent() : Upcaster("testing.book-loaned", 1, 1, renamedTo: "testing.book-lent")
    {
        public override JsonObject Upcast(JsonObject payload) => payload;
    }
}
