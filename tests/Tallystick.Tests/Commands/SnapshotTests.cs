using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Testing.Stores;

namespace Tallystick.Tests.Commands;

public sealed class SnapshotTests
{
    private static readonly CollectionId Collection = new("$snapshots.counter", 1);

    private readonly CommandWorld _world = new(new CounterDecider(snapshotEvery: 5));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_commit_that_reaches_or_passes_a_multiple_writes_one()
    {
        for (var i = 0; i < 4; i++)
            await _world.Do(new Add(1));
        Assert.Null(await ReadAsync());

        await _world.Do(new AddTwice(1));
        Assert.Equal("""{"stateVersion":1,"version":6,"state":{"value":6,"isClosed":false}}""", await ReadAsync());
        Assert.Equal([0, 0, 0, 0, 1], _world.Store.Commits.Select(commit => commit.Documents.Length));

        for (var i = 0; i < 4; i++)
            await _world.Do(new Add(1));
        Assert.Equal("""{"stateVersion":1,"version":10,"state":{"value":10,"isClosed":false}}""", await ReadAsync());
    }

    [Fact]
    public async Task A_cold_load_folds_only_the_tail()
    {
        await FillAsync(12);
        var cold = _world.NewProcessor(new CounterDecider(snapshotEvery: 5));
        _world.Store.Calls.Clear();

        Assert.Equal(
            new StreamState<Counter>(new Counter(12, false), StreamVersion.Of(12)),
            await cold.States.LoadAsync<Counter>(CommandWorld.Tenant, CommandWorld.Stream, Token));
        Assert.Equal(StreamVersion.Of(11), Assert.Single(_world.StreamReads).From);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"stateVersion":1,"version":10}""")]
    [InlineData("""{"stateVersion":1,"version":10,"state":null}""")]
    [InlineData("""{"stateVersion":1,"version":10,"state":{"value":"x"}}""")]
    [InlineData("""{"stateVersion":1,"version":10,"state":{"isClosed":false}}""")]
    [InlineData("""{"stateVersion":1,"version":0,"state":{"value":999,"isClosed":false}}""")]
    [InlineData("""{"stateVersion":1,"version":-3,"state":{"value":999,"isClosed":false}}""")]
    [InlineData("""{"stateVersion":1,"version":13,"state":{"value":999,"isClosed":false}}""")]
    [InlineData("""{"stateVersion":2,"version":10,"state":{"value":999,"isClosed":false}}""")]
    [InlineData("""{"stateVersion":0,"version":10,"state":{"value":999,"isClosed":false}}""")]
    [InlineData("""{"stateVersion":99999999999,"version":10,"state":{"value":999,"isClosed":false}}""")]
    [InlineData("""{"stateVersion":"1","version":10,"state":{"value":999,"isClosed":false}}""")]
    public async Task A_snapshot_that_is_gone_garbled_of_another_schema_or_ahead_changes_no_result(string? body)
    {
        await FillAsync(12);
        await WriteAsync(body);
        var cold = _world.NewProcessor(new CounterDecider(snapshotEvery: 5));

        var result = await cold.ExecuteAsync(CommandWorld.Request(new Raise(20)), Token);

        Assert.Equal(StreamVersion.Of(13), Assert.IsType<CommandResult.Accepted>(result).Version);
        Assert.Equal(20, (await cold.States.LoadAsync<Counter>(CommandWorld.Tenant, CommandWorld.Stream, Token)).State.Value);
        Assert.Equal(8, (await LastAddedAsync()).By);
    }

    [Fact]
    public async Task A_snapshot_of_an_older_schema_is_overwritten_at_the_next_multiple()
    {
        await FillAsync(12);
        var newer = _world.NewProcessor(new CounterDecider(snapshotEvery: 5, stateVersion: 2));
        for (var i = 0; i < 3; i++)
            await newer.ExecuteAsync(CommandWorld.Request(new Add(1)), Token);
        Assert.Equal("""{"stateVersion":2,"version":15,"state":{"value":15,"isClosed":false}}""", await ReadAsync());
    }

    [Fact]
    public async Task A_refused_commit_leaves_no_snapshot()
    {
        await FillAsync(4);
        _world.Store.Inject(StoreFault.Meanwhile(_ => _world.AppendBehindAsync(new Closed())).On(StoreOperation.Commit));
        Assert.IsType<CommandResult.Rejected>(await _world.Do(new Add(1)));
        Assert.Null(await ReadAsync());
    }

    [Fact]
    public async Task A_snapshot_that_the_store_would_refuse_does_not_stop_the_command()
    {
        var world = new CommandWorld(new CounterDecider(snapshotEvery: 1), limits: new StoreLimits { DocumentBytesMax = 20 });
        Assert.IsType<CommandResult.Accepted>(await world.Do(new Add(1)));
        Assert.Empty(Assert.Single(world.Store.Commits).Documents);
        var tight = new CommandWorld(new CounterDecider(snapshotEvery: 1), limits: new StoreLimits { CommitBytesMax = 50 });
        Assert.IsType<CommandResult.Accepted>(await tight.Do(new Add(1)));
    }

    [Fact]
    public async Task Without_an_interval_no_snapshot_is_written_or_looked_for()
    {
        var world = new CommandWorld();
        for (var i = 0; i < 3; i++)
            await world.Do(new Add(1));
        world.Processor.Cache.Clear();
        await world.Do(new Add(1));
        Assert.All(world.Store.Commits, commit => Assert.Empty(commit.Documents));
        Assert.Equal(0, world.DocumentReads);
    }

    [Fact]
    public void A_state_that_json_can_not_hold_is_refused_when_it_is_to_be_snapshotted()
    {
        var error = Assert.Throws<InvalidOperationException>(() => new CommandWorld(new UnserialisableDecider()));
        Assert.Contains("SnapshotEvery", error.Message, StringComparison.Ordinal);
        var lost = Assert.Throws<InvalidOperationException>(() => new CommandWorld(new ForgetfulDecider()));
        Assert.Contains("it comes back as null", lost.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_that_json_can_not_hold_any_more_costs_its_snapshot_and_not_the_command()
    {
        var world = new CommandWorld(new RatioDecider());
        Assert.IsType<CommandResult.Accepted>(await world.Do(new Ping()));
        Assert.Empty(Assert.Single(world.Store.Commits).Documents);
        Assert.Equal(StreamVersion.Of(1), (await world.States.LoadAsync<Ratio>(CommandWorld.Tenant, CommandWorld.Stream, Token)).Version);
    }

    private async Task FillAsync(int count)
    {
        for (var i = 0; i < count; i++)
            await _world.Do(new Add(1));
    }

    private async Task<string?> ReadAsync()
    {
        var found = await _world.Inner.FindDocumentsAsync(CommandWorld.Tenant, Collection.Name, 1, [CommandWorld.Stream.Key], Token);
        return found.Items[0] is { } document ? Encoding.UTF8.GetString(document.Body.Span) : null;
    }

    private async Task WriteAsync(string? body)
    {
        DocumentChange change = body is null
            ? new DocumentChange.Delete(Collection, CommandWorld.Stream.Key)
            : new DocumentChange.Put(Collection, new Document(CommandWorld.Stream.Key, Encoding.UTF8.GetBytes(body), [], LogPosition.Start));
        (await _world.Inner.CommitAsync(Commit.For(CommandWorld.Tenant).Change(change), Token)).Demand();
    }

    private async Task<Added> LastAddedAsync()
    {
        var page = await _world.States.HistoryAsync(CommandWorld.Tenant, CommandWorld.Stream, StreamVersion.Of(13), 1, Token);
        return (Added)page.Entries[0].Event;
    }

    public sealed record Ping;

    [EventType("ping.pinged")]
    public sealed record Pinged;

    /// <summary>A value that has no constructor that JSON could use.</summary>
    public sealed record Hidden
    {
        private Hidden(ImmutableArray<int> values, int other) => (Values, Other) = (values, other);

        public static Hidden None { get; } = new([], 0);

        public ImmutableArray<int> Values { get; }

        public int Other { get; }
    }

    /// <summary>JSON makes nothing of it.</summary>
    [JsonConverter(typeof(NothingConverter))]
    public sealed record Nothing;

    private sealed class NothingConverter : JsonConverter<Nothing>
    {
        public override Nothing? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => null;

        public override void Write(Utf8JsonWriter writer, Nothing value, JsonSerializerOptions options) => writer.WriteNullValue();
    }

    private sealed class ForgetfulDecider : Decider<Ping, Pinged, Nothing>
    {
        public override string Category => "ping";

        public override Nothing InitialState { get; } = new();

        public override int SnapshotEvery => 1;

        public override Decision<Pinged> Decide(Ping command, Nothing state) => Accept(new Pinged());

        public override Nothing Evolve(Nothing state, Pinged @event) => state;
    }

    public sealed record Ratio(double Value);

    /// <summary>Divides by nothing, for which JSON has no number.</summary>
    private sealed class RatioDecider : Decider<Ping, Pinged, Ratio>
    {
        public override string Category => CommandWorld.Stream.Category;

        public override Ratio InitialState { get; } = new(1);

        public override int SnapshotEvery => 1;

        public override Decision<Pinged> Decide(Ping command, Ratio state) => Accept(new Pinged());

        public override Ratio Evolve(Ratio state, Pinged @event) => new(state.Value / 0);
    }

    private sealed class UnserialisableDecider : Decider<Ping, Pinged, Hidden>
    {
        public override string Category => "ping";

        public override Hidden InitialState => Hidden.None;

        public override int SnapshotEvery => 3;

        public override Decision<Pinged> Decide(Ping command, Hidden state) => Accept(new Pinged());

        public override Hidden Evolve(Hidden state, Pinged @event) => state;
    }
}
