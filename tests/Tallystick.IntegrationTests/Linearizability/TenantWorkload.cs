using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Linearizability;

namespace Tallystick.IntegrationTests.Linearizability;

[EventType("counted")]
public sealed record Counted(int Number);

public sealed record StreamCount(string Id, long Events);

/// <summary>A read model of how many events each stream has.</summary>
public sealed class StreamCounts : Projection<StreamCount>
{
    public StreamCounts()
        : base("stream-counts", version: 1) => Upsert<Counted>(
            (_, at) => at.Stream.Key, (present, _, at) => new StreamCount(at.Stream.Key, (present?.Events ?? 0) + 1));
}

/// <summary>Real threads that call one tenant of a store at the same time, with few names, so that they meet each other often.</summary>
/// <param name="seed">Decides what is called; when, the threads decide.</param>
public sealed class TenantWorkload(int seed)
{
    private const int Clients = 6;
    private const int CallsPerClient = 60;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly string[] Streams = ["1", "2", "3"];
    private static readonly string[] Tags = ["a", "b"];

    private readonly HistoryRecorder<TenantCall, TenantAnswer> _recorder = new();
    private readonly EventSerializer _serializer = new(new EventTypes([typeof(Counted)], []), new IdGenerator(TimeProvider.System, Entropy.System));
    private long _token;

    /// <summary>Runs all clients to their end.</summary>
    /// <param name="stores">What the clients call, in turn; all on the same data.</param>
    /// <param name="projected">What the projection works on: the same data.</param>
    /// <param name="projectionStops">Whether the projection stops before the clients begin.</param>
    /// <param name="stop">Ends the test.</param>
    public async Task<History<TenantCall, TenantAnswer>> RunAsync(IReadOnlyList<IStore> stores, IStore projected, bool projectionStops, CancellationToken stop)
    {
        var projection = new StreamCounts();
        await using var host = new SubscriptionHost(projected, _serializer, [projection], []);
        host.AddTenant(Acme);
        await host.StartAsync(stop);
        var counts = stores.Select(store => new ReadModelCatalog(store, _serializer, [projection]).For<StreamCount>(Acme)).ToArray();
        // Waits until the read model is there at all, so that from then on a read is late or early by its token alone.
        await counts[0].FindAsync(Streams[0], ReadFreshness.AtLeast(LogPosition.Start, Deadline), stop);
        if (projectionStops)
            await host.StopAsync(stop);
        using var start = new Barrier(Clients);
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait(stop);
                return RunClientAsync(client, stores[client % stores.Count], counts[client % stores.Count], stop);
            },
            stop, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap())).WaitAsync(Deadline, stop);
        return _recorder.ToHistory();
    }

    private async Task RunClientAsync(int client, IStore store, ReadModels<StreamCount> counts, CancellationToken stop)
    {
        var random = new Random(unchecked((seed * 1_000) + client));
        var versions = new Dictionary<string, long>();
        var lastPosition = 0L;
        for (var i = 0; i < CallsPerClient; i++)
        {
            var call = NextCall(random, versions, lastPosition);
            TenantAnswer answer;
            try
            {
                // A store that can be lost says so: as transient where nothing has happened, and otherwise nobody knows.
                answer = await _recorder.RunAsync(
                    client, call, () => CallAsync(store, counts, call, stop), static error => error is TallystickException { IsTransient: true });
            }
            catch (TallystickException lost) when (store.IsShared && (lost.IsTransient || lost.Message.Contains("is unknown", StringComparison.Ordinal)))
            {
                continue;
            }

            if (call is TenantCall.Append append && answer is TenantAnswer.Committed committed)
            {
                versions[append.Stream] = committed.Version;
                lastPosition = committed.Last;
                Interlocked.Exchange(ref _token, Math.Max(Interlocked.Read(ref _token), committed.Last));
            }
            else if (call is TenantCall.Append refused && answer is TenantAnswer.WrongVersion wrong)
            {
                versions[refused.Stream] = wrong.Actual;
            }
        }
    }

    private TenantCall NextCall(Random random, Dictionary<string, long> versions, long lastPosition)
    {
        var stream = Streams[random.Next(Streams.Length)];
        var tag = Tags[random.Next(Tags.Length)];
        return random.Next(20) switch
        {
            < 2 => new TenantCall.Append(stream, null, tag, random.Next(1, 3), null, null),
            < 6 => new TenantCall.Append(stream, versions.GetValueOrDefault(stream), tag, 1, null, null),
            < 8 => new TenantCall.Append(stream, null, tag, 1, (tag, lastPosition), null),
            8 => new TenantCall.Append(stream, null, tag, 1, (tag, Interlocked.Read(ref _token)), null),
            < 11 => new TenantCall.Append(stream, null, tag, 1, null, $"key {random.Next(20)}"),
            < 14 => new TenantCall.ReadVersion(stream),
            < 15 => new TenantCall.ReadHead(),
            < 16 => new TenantCall.Find($"key {random.Next(20)}"),
            _ => new TenantCall.Count(stream, Interlocked.Read(ref _token)),
        };
    }

    private async ValueTask<TenantAnswer> CallAsync(IStore store, ReadModels<StreamCount> counts, TenantCall call, CancellationToken stop)
    {
        // A store in memory is so fast that its callers would hardly meet.
        await Task.Yield();
        switch (call)
        {
            case TenantCall.Append append:
                return AnswerOf(await store.CommitAsync(CommitOf(append), stop));
            case TenantCall.ReadVersion read:
                return new TenantAnswer.Number((await store.ReadStreamVersionAsync(Acme, new StreamId("order", read.Stream), stop)).Value);
            case TenantCall.Find find:
                return await store.FindCommitAsync(Acme, find.Key, stop) is { } found ? AnswerOf(found.Result) : new TenantAnswer.Unknown();
            case TenantCall.Count count:
                var document = await counts.FindAsync(count.Stream, ReadFreshness.AtLeast(LogPosition.Of(count.Token), Deadline), stop);
                return new TenantAnswer.Number(document.Value?.Events ?? 0);
            default:
                return new TenantAnswer.Number((await store.ReadHeadAsync(Acme, stop)).Position.Value);
        }
    }

    private Commit CommitOf(TenantCall.Append append)
    {
        var expected = append.Expected is { } version ? ExpectedVersion.Exactly(version) : ExpectedVersion.Any;
        ImmutableArray<NewEvent> events =
            [.. Enumerable.Range(0, append.Events).Select(number => _serializer.Serialize(new Counted(number)) with { Tags = [append.Tag] })];
        var commit = Commit.For(Acme).Append(new StreamId("order", append.Stream), expected, events);
        if (append.NoneAfter is { } none)
            commit = commit.Require(EventQuery.Tagged(none.Tag), LogPosition.Of(none.Position));
        return append.Key is { } key ? commit.Once(new IdempotencyKey(key)) : commit;
    }

    private static TenantAnswer AnswerOf(CommitResult result) => result switch
    {
        CommitResult.Committed done => new TenantAnswer.Committed(
            done.FirstPosition.Value, done.Position.Value, done.Streams[0].Version.Value, done.IsReplay),
        CommitResult.Refused { Reason: Refusal.WrongVersion wrong } => new TenantAnswer.WrongVersion(wrong.Actual.Value),
        CommitResult.Refused { Reason: Refusal.QueryMatched } => new TenantAnswer.Matched(),
        _ => throw new InvalidOperationException($"Not expected here: {result}"),
    };
}
