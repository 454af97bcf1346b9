using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Stores;
using Tallystick.Tests.Audit;

namespace Tallystick.Tests.Commands;

public sealed class StateReaderTests
{
    private readonly CommandWorld _world = new(new CounterDecider(snapshotEvery: 2), new CommandOptions { ReadPageLength = 3 });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_loaded_state_is_current_also_when_another_node_appended()
    {
        await _world.Do(new Add(1));
        await _world.AppendBehindAsync(new Added(10));
        Assert.Equal(new StreamState<Counter>(new Counter(11, false), StreamVersion.Of(2)), await LoadAsync());
        Assert.Equal(new StreamState<Counter>(new Counter(11, false), StreamVersion.Of(2)), await LoadAsync());
    }

    [Fact]
    public async Task A_load_that_is_overtaken_by_a_command_takes_the_newer_state_and_folds_nothing_again()
    {
        await _world.Do(new Add(1));
        _world.Store.Inject(StoreFault.Afterwards(async _ => await _world.Do(new Add(10))).On(StoreOperation.ReadStreamVersion));
        Assert.Equal(new StreamState<Counter>(new Counter(11, false), StreamVersion.Of(2)), await LoadAsync());
        Assert.Empty(_world.StreamReads);
    }

    [Fact]
    public async Task A_cached_state_is_forgotten_when_the_log_was_restored_to_before_it()
    {
        await _world.Do(new Add(1));
        _world.Processor.Cache.Put(CommandWorld.Tenant, CommandWorld.Stream, new StreamState<object>(new Counter(99, false), StreamVersion.Of(9)));

        Assert.Equal(new StreamState<Counter>(new Counter(1, false), StreamVersion.Of(1)), await LoadAsync());

        await _world.AppendBehindAsync(new Added(10));
        Assert.Equal(new StreamState<Counter>(new Counter(11, false), StreamVersion.Of(2)), await LoadAsync());
    }

    [Theory]
    [InlineData(0, "version 2 after version 0")]
    [InlineData(1, "version 3 after version 1")]
    [InlineData(2, "nothing after version 2")]
    public async Task A_state_is_never_folded_over_a_hole_in_its_stream(int missing, string found)
    {
        await _world.AppendBehindAsync(new Added(1), new Added(2), new Added(3));
        var log = (await _world.Inner.ReadLogAsync(CommandWorld.Tenant, new LogRead(LogPosition.Start, 10), Token)).Events;
        var head = await _world.Inner.ReadHeadAsync(CommandWorld.Tenant, Token);
        var deciders = Deciders.Of(new CounterDecider());
        var reader = new CommandProcessor(
            new TamperedStore(_world.Inner, log.RemoveAt(missing), head), deciders, _world.NewSerializer(deciders), _world.Options).States;

        var error = await Assert.ThrowsAsync<TallystickException>(() => reader.LoadAsync<Counter>(CommandWorld.Tenant, CommandWorld.Stream, Token).AsTask());

        Assert.Contains(found, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_history_ends_when_it_has_enough_bytes()
    {
        var world = new CommandWorld(limits: new StoreLimits { PageBytesMax = 40 });
        for (var i = 0; i < 20; i++)
            await world.Do(new Add(1));
        var versions = new List<long>();
        for (StreamVersion? from = StreamVersion.None; from is { } next;)
        {
            var page = await world.States.HistoryAsync(CommandWorld.Tenant, CommandWorld.Stream, next, 100, Token);
            Assert.InRange(page.Entries.Length, 1, 10);
            versions.AddRange(page.Entries.Select(entry => entry.Recorded.Version.Value));
            from = page.Next;
        }

        Assert.Equal(Enumerable.Range(1, 20).Select(version => (long)version), versions);
    }

    [Fact]
    public async Task A_stream_without_events_has_the_initial_state_and_takes_no_place_in_the_cache()
    {
        Assert.Equal(new StreamState<Counter>(new Counter(0, false), StreamVersion.None), await LoadAsync());
        Assert.Equal(0, _world.Processor.Cache.Count);
    }

    [Fact]
    public async Task The_state_at_every_version_is_the_fold_of_the_first_events()
    {
        for (var i = 1; i <= 8; i++)
            await _world.Do(new Add(i));
        for (var version = 0; version <= 8; version++)
        {
            var state = await _world.States.AtAsync<Counter>(CommandWorld.Tenant, CommandWorld.Stream, StreamVersion.Of(version), Token);
            Assert.Equal(new StreamState<Counter>(new Counter(version * (version + 1) / 2, false), StreamVersion.Of(version)), state);
        }

        var error = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await _world.States.AtAsync<Counter>(CommandWorld.Tenant, CommandWorld.Stream, StreamVersion.Of(9), Token));
        Assert.Contains("version 8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_state_at_a_time_has_the_events_up_to_that_time()
    {
        var start = _world.Time.Now;
        foreach (var (minutes, by) in new[] { (1, 1), (1, 2), (3, 4), (5, 8) })
        {
            _world.Time.Now = start.AddMinutes(minutes);
            await _world.Do(new Add(by));
        }

        foreach (var (minutes, expected) in new[] { (0, 0), (1, 3), (2, 3), (3, 7), (4, 7), (5, 15), (99, 15) })
        {
            var state = await _world.States.AtAsync<Counter>(CommandWorld.Tenant, CommandWorld.Stream, start.AddMinutes(minutes), Token);
            Assert.Equal(expected, state.State.Value);
        }
    }

    [Fact]
    public async Task The_past_is_read_from_the_log_alone()
    {
        for (var i = 0; i < 6; i++)
            await _world.Do(new Add(1));
        _world.Processor.Cache.Put(CommandWorld.Tenant, CommandWorld.Stream, new(new Counter(777, false), StreamVersion.Of(6)));
        var documentReads = _world.DocumentReads;

        Assert.Equal(6, (await _world.States.AtAsync<Counter>(CommandWorld.Tenant, CommandWorld.Stream, StreamVersion.Of(6), Token)).State.Value);
        Assert.Equal(documentReads, _world.DocumentReads);
    }

    [Fact]
    public async Task History_gives_each_event_with_the_state_before_and_after()
    {
        foreach (var by in new[] { 1, 2, 3, 4, 5, 6, 7 })
            await _world.Do(new Add(by));

        var page = await _world.States.HistoryAsync(CommandWorld.Tenant, CommandWorld.Stream, StreamVersion.Of(3), 4, Token);

        Assert.Equal([3L, 4, 5, 6], page.Entries.Select(entry => entry.Recorded.Version.Value));
        Assert.Equal([3, 4, 5, 6], page.Entries.Select(entry => ((Added)entry.Event).By));
        Assert.Equal([3L, 6, 10, 15], page.Entries.Select(entry => ((Counter)entry.Before).Value));
        Assert.Equal([6L, 10, 15, 21], page.Entries.Select(entry => ((Counter)entry.After).Value));
        Assert.Equal(StreamVersion.Of(7), page.Next);

        var last = await _world.States.HistoryAsync(CommandWorld.Tenant, CommandWorld.Stream, page.Next ?? default, 4, Token);
        Assert.Equal(28, ((Counter)Assert.Single(last.Entries).After).Value);
        Assert.Null(last.Next);
    }

    [Fact]
    public async Task History_beyond_the_end_is_empty_and_its_length_is_bounded()
    {
        await _world.Do(new Add(1));
        Assert.Empty((await History(StreamVersion.Of(2), 10)).Entries);
        Assert.Single((await History(StreamVersion.None, 10)).Entries);
        Assert.Single((await History(StreamVersion.None, _world.Inner.Limits.PageLengthMax)).Entries);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await History(StreamVersion.None, 0));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await History(StreamVersion.None, 10_001));

        ValueTask<HistoryPage> History(StreamVersion from, int count) =>
            _world.States.HistoryAsync(CommandWorld.Tenant, CommandWorld.Stream, from, count, Token);
    }

    [Fact]
    public async Task A_state_of_another_type_or_an_unknown_category_is_misuse()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await _world.States.LoadAsync<string>(CommandWorld.Tenant, CommandWorld.Stream, Token));
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await _world.States.LoadAsync<object>(CommandWorld.Tenant, new StreamId("order", "1"), Token));
        Assert.IsType<Counter>((await _world.States.LoadAsync<object>(CommandWorld.Tenant, CommandWorld.Stream, Token)).State);
    }

    [Fact]
    public async Task An_event_that_belongs_to_another_decider_is_named()
    {
        var foreign = new NewEvent(Guid.Empty, "alien.landed", 1, "{}"u8.ToArray(), []);
        await _world.Inner.CommitAsync(Commit.For(CommandWorld.Tenant).Append(CommandWorld.Stream, ExpectedVersion.Any, foreign), Token);
        var unknown = await Assert.ThrowsAsync<EventFormatException>(async () => await LoadAsync());
        Assert.Contains("alien.landed", unknown.Message, StringComparison.Ordinal);

        var serializer = new EventSerializer(
            new EventTypes([typeof(Added), typeof(Closed), typeof(Landed)], []), new IdGenerator(_world.Time, new SeededEntropy(9)));
        var processor = new CommandProcessor(_world.Store, Deciders.Of(new CounterDecider()), serializer);
        var wrong = await Assert.ThrowsAsync<EventFormatException>(
            async () => await processor.States.LoadAsync<Counter>(CommandWorld.Tenant, CommandWorld.Stream, Token));
        Assert.Contains("CounterDecider", wrong.Message, StringComparison.Ordinal);
    }

    private ValueTask<StreamState<Counter>> LoadAsync() => _world.States.LoadAsync<Counter>(CommandWorld.Tenant, CommandWorld.Stream, Token);

    [EventType("alien.landed")]
    public sealed record Landed;
}
