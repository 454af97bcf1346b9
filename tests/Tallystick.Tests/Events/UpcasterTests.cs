using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;
using Tallystick.Tests.Commands;

namespace Tallystick.Tests.Events;

/// <summary>An account whose first event was renamed and changed its shape twice: stored JSON of every shape must fold to one state.</summary>
public sealed class UpcasterTests : IAsyncDisposable
{
    private static readonly TenantId Tenant = TenantId.Parse("acme");
    private static readonly StreamId Stream = new("account", "1");
    private static readonly Upcaster[] Chain = [new Renamed(), new SplitName(), new AmountInCents(), new AmountWithCurrency()];

    private readonly InMemoryStore _store = new(new StoreOptions { Time = new InstantTime(), Entropy = new SeededEntropy(1) });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Theory]
    [InlineData("account.created", 1, """{"name":"Ann Lee"}""")]
    [InlineData("account.opened", 1, """{"name":"Ann Lee"}""")]
    [InlineData("account.opened", 2, """{"firstName":"Ann","lastName":"Lee"}""")]
    public async Task Every_stored_shape_of_an_opening_folds_to_the_same_state(string type, int version, string json)
    {
        await StoreAsync(type, version, json);
        Assert.Equal(new Account("Ann", "Lee", 0, ""), await LoadAsync());
    }

    [Theory]
    [InlineData(1, """{"amount":12.5}""")]
    [InlineData(2, """{"cents":1250}""")]
    [InlineData(3, """{"cents":1250,"currency":"EUR"}""")]
    public async Task A_chain_from_version_1_over_2_to_3_lifts_every_stored_shape(int version, string json)
    {
        await StoreAsync("account.paid", version, json);
        Assert.Equal(1250, (await LoadAsync()).Cents);
        Assert.Equal("EUR", (await LoadAsync()).Currency);
    }

    [Fact]
    public async Task A_stream_of_mixed_shapes_replays_through_the_decider_and_goes_on_in_todays_shape()
    {
        await StoreAsync("account.created", 1, """{"name":"Ann Lee"}""");
        await StoreAsync("account.paid", 1, """{"amount":1}""");
        await StoreAsync("account.paid", 2, """{"cents":20}""");

        var result = await NewProcessor().ExecuteAsync(new CommandRequest(Tenant, Stream, new Pay(3)), Token);

        Assert.Equal(StreamVersion.Of(4), Assert.IsType<CommandResult.Accepted>(result).Version);
        Assert.Equal(new Account("Ann", "Lee", 123, "EUR"), await LoadAsync());
        var stored = await _store.ReadStreamAsync(Tenant, new StreamRead(Stream, StreamVersion.None, 10), Token);
        Assert.Equal([1, 1, 2, 3], stored.Select(e => e.SchemaVersion));
        Assert.Equal("""{"amount":1}""", Encoding.UTF8.GetString(stored[1].Payload.Span));
        Assert.Equal("""{"cents":3,"currency":"EUR"}""", Encoding.UTF8.GetString(stored[3].Payload.Span));
    }

    [Fact]
    public void A_chain_with_a_missing_step_is_refused_at_registration()
    {
        var error = Refused([.. Chain.Where(upcaster => upcaster is not AmountWithCurrency)]);
        Assert.Contains("AmountInCents", error, StringComparison.Ordinal);
        Assert.Contains("a step is missing", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_upcasters_of_one_version_a_circle_and_an_unknown_goal_are_refused_at_registration()
    {
        Assert.Contains("Two upcasters read account.paid version 1", Refused([.. Chain, new AmountInCents()]), StringComparison.Ordinal);
        Assert.Contains("circle", Refused([new Step("a", 1, "b"), new Step("b", 1, "a")]), StringComparison.Ordinal);
        Assert.Contains("'nowhere'", Refused([new Step("a", 1, "nowhere")]), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Step("a", 2, null));
    }

    [Fact]
    public async Task An_event_written_by_newer_code_is_an_error_that_says_so()
    {
        await StoreAsync("account.paid", 4, """{"cents":1,"currency":"EUR","rate":2}""");
        var error = await Assert.ThrowsAsync<EventFormatException>(async () => await LoadAsync());
        Assert.Contains("newer code", error.Message, StringComparison.Ordinal);
        Assert.Contains("position 1", error.Message, StringComparison.Ordinal);
        Assert.Equal(LogPosition.Of(1), error.Position);
    }

    [Fact]
    public async Task A_version_that_no_upcaster_reads_is_an_error_that_says_so()
    {
        await StoreAsync("account.paid", 1, """{"amount":1}""");
        var error = await Assert.ThrowsAsync<EventFormatException>(async () => await LoadAsync([new AmountWithCurrency()]));
        Assert.Contains("no upcaster reads version 1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("null")]
    [InlineData("nonsense")]
    [InlineData("""{"amount":"many"}""")]
    public async Task An_upcaster_that_fails_on_stored_json_is_named(string json)
    {
        await StoreAsync("account.paid", 1, json);
        var error = await Assert.ThrowsAsync<EventFormatException>(async () => await LoadAsync());
        Assert.Contains("AmountInCents", error.Message, StringComparison.Ordinal);
    }

    private static string Refused(ImmutableArray<Upcaster> upcasters) =>
        Assert.Throws<InvalidOperationException>(() => new EventTypes([typeof(Opened), typeof(Paid)], upcasters)).Message;

    private async Task StoreAsync(string type, int version, string json)
    {
        var e = new NewEvent(Guid.Empty, type, version, Encoding.UTF8.GetBytes(json), []);
        (await _store.CommitAsync(Commit.For(Tenant).Append(Stream, ExpectedVersion.Any, e), Token)).Demand();
    }

    private async Task<Account> LoadAsync(Upcaster[]? upcasters = null) =>
        (await NewProcessor(upcasters).States.LoadAsync<Account>(Tenant, Stream, Token)).State;

    private CommandProcessor NewProcessor(Upcaster[]? upcasters = null)
    {
        var deciders = Deciders.Of(new AccountDecider());
        var types = new EventTypes(deciders.EventTypes, upcasters ?? Chain);
        return new CommandProcessor(_store, deciders, new EventSerializer(types, new IdGenerator(new InstantTime(), new SeededEntropy(2))));
    }

    public sealed record Pay(int Cents);

    public abstract record AccountEvent;

    [EventType("account.opened", Version = 2)]
    public sealed record Opened(string FirstName, string LastName) : AccountEvent;

    [EventType("account.paid", Version = 3)]
    public sealed record Paid(int Cents, string Currency) : AccountEvent;

    public sealed record Account(string FirstName, string LastName, int Cents, string Currency);

    private sealed class AccountDecider : Decider<Pay, AccountEvent, Account>
    {
        public override string Category => "account";

        public override Account InitialState { get; } = new("", "", 0, "");

        public override Decision<AccountEvent> Decide(Pay command, Account state) => Accept(new Paid(command.Cents, "EUR"));

        public override Account Evolve(Account state, AccountEvent @event) => @event switch
        {
            Opened opened => state with { FirstName = opened.FirstName, LastName = opened.LastName },
            Paid paid => state with { Cents = state.Cents + paid.Cents, Currency = paid.Currency },
            _ => state,
        };
    }

    private sealed class Renamed() : Upcaster("account.created", 1, 1, renamedTo: "account.opened")
    {
        public override JsonObject Upcast(JsonObject payload) => payload;
    }

    private sealed class SplitName() : Upcaster("account.opened", 1, 2)
    {
        public override JsonObject Upcast(JsonObject payload)
        {
            var parts = payload["name"]!.GetValue<string>().Split(' ');
            return new JsonObject { ["firstName"] = parts[0], ["lastName"] = parts[1] };
        }
    }

    private sealed class AmountInCents() : Upcaster("account.paid", 1, 2)
    {
        public override JsonObject Upcast(JsonObject payload) => new() { ["cents"] = (int)(payload["amount"]!.GetValue<decimal>() * 100) };
    }

    private sealed class AmountWithCurrency() : Upcaster("account.paid", 2, 3)
    {
        public override JsonObject Upcast(JsonObject payload)
        {
            payload["currency"] = "EUR";
            return payload;
        }
    }

    private sealed class Step(string type, int to, string? renamedTo) : Upcaster(type, to, to, renamedTo)
    {
        public override JsonObject Upcast(JsonObject payload) => payload;
    }
}
