using System.Globalization;
using System.Reflection;
using System.Text;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;
using static Tallystick.Tests.Tenancy.TenancyWorld;

namespace Tallystick.Tests.Tenancy;

// Two tenants have the same streams, documents and idempotency keys; only their texts differ. Every public operation of a handle is
// done for A. Then nothing that the store has of B may have changed by a byte, and nothing that A was given may hold B's text. The other
// way round, B's operations must not change what A is given.

/// <summary>Whatever is done for one tenant, another neither notices nor shows.</summary>
public sealed class LeakTests : IAsyncDisposable
{
    private const string SecretOfA = "text-of-ann", SecretOfB = "text-of-bob";

    private static readonly StreamId Stream = new("note", "1");

    /// <summary>Every public operation of a handle, by the method's name. What it gives is printed.</summary>
    private static readonly Dictionary<string, Func<Tenant, string, Task<object?>>> Operations = new()
    {
        [nameof(Tenant.ActingAs)] = (tenant, text) => Task.FromResult<object?>(tenant.ActingAs(User(text)).Metadata),
        [nameof(Tenant.With)] = (tenant, text) => Task.FromResult<object?>(tenant.With(new EventMetadata(CorrelationId: text)).Metadata),
        [nameof(Tenant.NewStream)] = (tenant, _) => Task.FromResult<object?>(tenant.NewStream("note").Category),
        [nameof(Tenant.NewEvent)] = (tenant, text) => Task.FromResult<object?>(tenant.NewEvent(new NoteEvent.Written(text, text)).Tags[0]),
        [nameof(Tenant.BeginCommit)] = (tenant, _) => Task.FromResult<object?>(tenant.BeginCommit()),
        [nameof(Tenant.ExecuteAsync)] = async (tenant, text) => new[]
        {
            await tenant.ExecuteAsync(Stream, new NoteCommand.Write(text, text), Token),
            await tenant.ExecuteAsync(Stream, new NoteCommand.Write(text, text), new CommandConditions(ExpectedVersion.Exactly(1)), Token),
            await tenant.ExecuteAsync(Stream, new NoteCommand.Write(text, text), new CommandConditions(IdempotencyKey: new IdempotencyKey("once")), Token),
            await tenant.ExecuteAsync(Stream, new NoteCommand.Write(text, text), new CommandConditions(IdempotencyKey: new IdempotencyKey("twice")), Token),
            await tenant.ExecuteAsync(new StreamId("note", "2"), new NoteCommand.Erase(), Token),
        },
        [nameof(Tenant.CommitAsync)] = async (tenant, text) => await tenant.CommitAsync(
            tenant.BeginCommit().Append(new StreamId("note", "3"), ExpectedVersion.Any, tenant.NewEvent(new NoteEvent.Written(text, text)))
                .Require(EventQuery.Tagged($"author:{(text == SecretOfA ? SecretOfB : SecretOfA)}"), LogPosition.Start)
                .Change(new DocumentChange.Put(new CollectionId("own", 1), new Document("1", Encoding.UTF8.GetBytes(text), [], LogPosition.Start)))
                .Save("own", LogPosition.Of(1)).Once(new IdempotencyKey("own")),
            Token),
        [nameof(Tenant.StateOf)] = async (tenant, _) => new object[]
        {
            await tenant.StateOf<Note>(Stream).NowAsync(Token), await tenant.StateOf<Note>(Stream).AtAsync(StreamVersion.Of(1), Token),
            await tenant.StateOf<Note>(Stream).AtAsync(DateTimeOffset.MaxValue, Token),
        },
        [nameof(Tenant.HistoryAsync)] = async (tenant, _) =>
            (await tenant.HistoryAsync(Stream, StreamVersion.None, 100, Token)).Entries.Select(entry => $"{entry.Event} {entry.Before} {entry.After}"),
        [nameof(Tenant.ReadStreamAsync)] = async (tenant, _) => await Print(tenant.ReadStreamAsync(Stream, StreamVersion.None, Token)),
        [nameof(Tenant.ReadLogAsync)] = async (tenant, text) => new[]
        {
            await Print(tenant.ReadLogAsync(LogPosition.Start, EventQuery.All, Token)),
            await Print(tenant.ReadLogAsync(LogPosition.Start, EventQuery.OfTypes("note.written"), Token)),
            await Print(tenant.ReadLogAsync(LogPosition.Start, EventQuery.Tagged($"author:{(text == SecretOfA ? SecretOfB : SecretOfA)}"), Token)),
        },
        [nameof(Tenant.ReadModels)] = async (tenant, _) =>
        {
            var models = tenant.ReadModels<NoteLine>();
            var all = await models.Query().PageAsync(default, Token);
            return new object?[] { models.Tenant, await models.FindAsync("1", default, Token), string.Join('|', all.Items), all.Next, await models.Where(line => line.Author, SecretOfB).PageAsync(default, Token) is { Items.Length: var found } ? found : -1 };
        },
        [nameof(Tenant.FindEventAsync)] = async (tenant, _) => Encoding.UTF8.GetString((await tenant.FindEventAsync(Stream, StreamVersion.Of(1), Token))!.Payload.Span),
        [nameof(Tenant.FollowAsync)] = async (tenant, _) =>
            (await tenant.FollowAsync<NoteReader>(ReadFreshness.AtLeast(LogPosition.Of(1)), Token)).Position,
        [nameof(Tenant.VerifyAsync)] = async (tenant, _) => (await tenant.VerifyAsync(null, Token)).IsIntact,
    };

    private readonly TenancyWorld _world = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public void Every_public_operation_of_a_handle_is_tried()
    {
        var methods = typeof(Tenant).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Where(method => !method.IsSpecialName);
        Assert.Equal(methods.Select(method => method.Name).Distinct().Order(StringComparer.Ordinal), Operations.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_done_for_one_tenant_changes_nothing_of_another_and_shows_nothing_of_it()
    {
        var (a, b) = await TwinsAsync();

        // First what only reads: the twins' versions are still the same, so that a cache which mixed them up would fit both.
        foreach (var (name, operation) in Operations.OrderBy(pair => pair.Key is nameof(Tenant.ExecuteAsync) or nameof(Tenant.CommitAsync)))
        {
            await b.StateOf<Note>(Stream).NowAsync(Token);
            var before = await OfBAsync();
            var given = Printed(await operation(a, SecretOfA));
            await CatchUpAsync(a);
            Assert.DoesNotContain(SecretOfB, given, StringComparison.Ordinal);
            Assert.True(before == await OfBAsync(), $"{name} for A changed something of B.");
        }

        Assert.Contains(SecretOfB, Printed(await Operations[nameof(Tenant.StateOf)](b, SecretOfB)), StringComparison.Ordinal);
        Assert.DoesNotContain(SecretOfA, await OfBAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(SecretOfB, await _world.DumpAsync(A), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenant_is_given_the_same_whether_a_twin_is_busy_or_not()
    {
        await using var alone = new TenancyWorld();
        await alone.Runtime.StartAsync(Token);
        var lonely = await alone.NewTenantAsync(A);
        await FillAsync(lonely, SecretOfA);
        await CatchUpAsync(lonely);
        var (a, b) = await TwinsAsync();
        foreach (var (name, operation) in Operations)
        {
            await operation(b, SecretOfB);
            await CatchUpAsync(b);
            var (expected, given) = (Printed(await operation(lonely, SecretOfA)), Printed(await operation(a, SecretOfA)));
            await CatchUpAsync(lonely);
            await CatchUpAsync(a);
            if (name is not (nameof(Tenant.ReadStreamAsync) or nameof(Tenant.ReadLogAsync))) // Ids and salts are random.
                Assert.True(expected == given, $"{name}: {expected}\n{given}");
        }
    }

    [Fact]
    public async Task A_key_of_one_tenant_answers_no_other()
    {
        var (a, b) = await TwinsAsync();
        var conditions = new CommandConditions(IdempotencyKey: new IdempotencyKey("fresh", "same"));
        var first = Assert.IsType<CommandResult.Accepted>(await a.ExecuteAsync(Stream, new NoteCommand.Write("1", "x"), conditions, Token));
        var other = Assert.IsType<CommandResult.Accepted>(await b.ExecuteAsync(Stream, new NoteCommand.Write("2", "x"), conditions, Token));
        var again = Assert.IsType<CommandResult.Accepted>(await a.ExecuteAsync(Stream, new NoteCommand.Write("3", "x"), conditions, Token));
        Assert.Equal((false, false, true), (first.IsReplay, other.IsReplay, again.IsReplay));
        Assert.Equal("2", (await b.StateOf<Note>(Stream).NowAsync(Token)).State.Text);
        Assert.Equal("1", (await a.StateOf<Note>(Stream).NowAsync(Token)).State.Text);
    }

    [Fact]
    public async Task A_page_token_of_one_tenant_shows_another_its_own_documents_alone()
    {
        var (a, b) = await TwinsAsync();
        foreach (var tenant in new[] { a, b })
        {
            await tenant.ExecuteAsync(new StreamId("note", "9"), new NoteCommand.Write(tenant == a ? SecretOfA : SecretOfB, "x"), Token);
            await CatchUpAsync(tenant);
        }

        var next = (await b.ReadModels<NoteLine>().Query().Take(1).PageAsync(default, Token)).Next;
        var page = await a.ReadModels<NoteLine>().Query().Take(1).After(next).PageAsync(default, Token);
        Assert.Equal(SecretOfA, Assert.Single(page.Items).Value!.Text);
    }

    private async Task<(Tenant A, Tenant B)> TwinsAsync()
    {
        await _world.Runtime.StartAsync(Token);
        var (a, b) = (await _world.NewTenantAsync(A), await _world.NewTenantAsync(B));
        await FillAsync(a, SecretOfA);
        await FillAsync(b, SecretOfB);
        await CatchUpAsync(a);
        await CatchUpAsync(b);
        return (a, b);
    }

    /// <summary>Enough for a snapshot, a key, two streams and a document.</summary>
    private static async Task FillAsync(Tenant tenant, string text)
    {
        for (var i = 0; i < 5; i++)
            await tenant.ExecuteAsync(Stream, new NoteCommand.Write(text, text), Token);
        await tenant.ExecuteAsync(new StreamId("note", "2"), new NoteCommand.Write(text, text), new CommandConditions(IdempotencyKey: new IdempotencyKey("once")), Token);
    }

    /// <summary>Waits, by a signal, until the tenant's read model has all of its log.</summary>
    private async Task CatchUpAsync(Tenant tenant)
    {
        var last = LogPosition.Start;
        await foreach (var e in tenant.ReadLogAsync(LogPosition.Start, EventQuery.All, Token))
            last = e.Position;
        await tenant.ReadModels<NoteLine>().FindAsync("1", ReadFreshness.AtLeast(last, TimeSpan.FromMinutes(1)), Token).AsTask().WaitAsync(Soon, Token);
    }

    private async Task<string> OfBAsync()
    {
        var own = await _world.Store.FindDocumentsAsync(B, "own", 1, ["1"], Token);
        return $"{await _world.DumpAsync(B)} {own.Items[0]} {await _world.Store.ReadCheckpointAsync(B, "own", Token)} {await _world.Store.FindCommitAsync(B, "own", Token)}";
    }

    private static async Task<string> Print(IAsyncEnumerable<RecordedEvent> events)
    {
        var text = new StringBuilder();
        await foreach (var e in events)
            text.AppendLine(Of(e));
        return text.ToString();
    }

    private static string Printed(object? result) => result switch
    {
        string text => text,
        System.Collections.IEnumerable many => string.Join('\n', many.Cast<object?>().Select(Printed)),
        _ => Convert.ToString(result, CultureInfo.InvariantCulture) ?? "",
    };
}
