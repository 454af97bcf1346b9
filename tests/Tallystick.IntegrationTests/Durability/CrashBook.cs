using System.Globalization;
using System.Text;
using System.Text.Json;
using Tallystick.Audit;
using Tallystick.Crasher;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>What children have acknowledged over all rounds, and the demands on a store that holds it.</summary>
public sealed class CrashBook
{
    private readonly List<Acknowledgement> _acknowledged = [];

    public int Count => _acknowledged.Count;

    /// <summary>How many rows of the projection were compared with a fresh fold.</summary>
    public int RowsCompared { get; private set; }

    public void Add(IEnumerable<string> lines) =>
        _acknowledged.AddRange(lines.Where(line => line.StartsWith(Acknowledgement.Prefix, StringComparison.Ordinal)).Select(Acknowledgement.Parse));

    /// <summary>Holds a store to everything that was promised.</summary>
    public async Task CheckAsync(IStore store, CancellationToken cancellationToken)
    {
        foreach (var tenant in Load.Tenants)
        {
            var log = await ReadLogAsync(store, tenant, cancellationToken);
            CheckOrder(log);
            CheckWhole(log);
            var verified = await LogVerifier.VerifyAsync(store, tenant, null, cancellationToken);
            Assert.True(verified.IsIntact, string.Join('\n', verified.Findings));
            Assert.Equal(log.Count, verified.Position.Value);
            CheckAcknowledged(tenant, log);
            await CheckStreamsAsync(store, tenant, log, cancellationToken);
            await CheckKeysAsync(store, tenant, log, cancellationToken);
            await CheckLedgersAsync(store, tenant, log, cancellationToken);
            await CheckProjectionAsync(store, tenant, log, cancellationToken);
            CheckSeats(log);
        }
    }

    private static async Task<List<RecordedEvent>> ReadLogAsync(IStore store, TenantId tenant, CancellationToken cancellationToken)
    {
        var log = new List<RecordedEvent>();
        for (var through = LogPosition.Start; ;)
        {
            var page = await store.ReadLogAsync(tenant, new LogRead(through, store.Limits.PageLengthMax), cancellationToken);
            log.AddRange(page.Events);
            if (page.Through == through)
                return log;
            through = page.Through;
        }
    }

    private static void CheckOrder(List<RecordedEvent> log)
    {
        var versions = new Dictionary<StreamId, long>();
        for (var i = 0; i < log.Count; i++)
        {
            Assert.Equal(i + 1, log[i].Position.Value);
            var version = versions[log[i].Stream] = versions.GetValueOrDefault(log[i].Stream) + 1;
            Assert.Equal(version, log[i].Version.Value);
        }

        Assert.Equal(log.Count, log.Select(e => e.Id).Distinct().Count());
    }

    /// <summary>No commit is cut, none is stored twice: each one's events are neighbours, and there are as many as it says.</summary>
    private static void CheckWhole(List<RecordedEvent> log)
    {
        var seen = new HashSet<string>();
        for (var i = 0; i < log.Count;)
        {
            var (name, _, of) = Place(log[i]);
            Assert.True(seen.Add(name), $"commit {name} is stored twice");
            for (var n = 0; n < of; n++)
                Assert.Equal((name, n, of), i + n < log.Count ? Place(log[i + n]) : ("the log's end", n, of));
            i += of;
        }
    }

    private void CheckAcknowledged(TenantId tenant, List<RecordedEvent> log)
    {
        foreach (var ack in _acknowledged.Where(ack => ack.Tenant == tenant.Value))
        {
            Assert.True(ack.Last <= log.Count, $"acknowledged commit {ack.Commit} ended at {ack.Last}, but the log ends at {log.Count}");
            var stored = log.GetRange((int)ack.First - 1, (int)(ack.Last - ack.First + 1));
            Assert.Equal(ack.Streams, stored.GroupBy(e => e.Stream).Select(stream => $"{stream.Key}={stream.Last().Version}"));
            if (!ack.IsReplay)
                Assert.Equal(ack.Events, stored.Select(e => e.Id));
        }
    }

    private static async Task CheckStreamsAsync(IStore store, TenantId tenant, List<RecordedEvent> log, CancellationToken cancellationToken)
    {
        foreach (var stream in log.GroupBy(e => e.Stream))
        {
            var last = stream.Last();
            Assert.Equal(last.Version, await store.ReadStreamVersionAsync(tenant, stream.Key, cancellationToken));
            var read = await store.ReadStreamAsync(tenant, new StreamRead(stream.Key, last.Version, 3, ReadDirection.Backwards), cancellationToken);
            Assert.Equal(stream.Reverse().Take(3).Select(e => e.Id), read.Select(e => e.Id));
        }

        var counted = await store.ReadLogAsync(tenant, new LogRead(LogPosition.Start, store.Limits.PageLengthMax, EventQuery.Tagged("group:7")), cancellationToken);
        Assert.Equal(log.Where(e => e.Tags.Contains("group:7")).Select(e => e.Id), counted.Events.Select(e => e.Id));
    }

    /// <summary>A key's acknowledgements agree, and the key replays exactly that; a repetition stores nothing.</summary>
    private async Task CheckKeysAsync(IStore store, TenantId tenant, List<RecordedEvent> log, CancellationToken cancellationToken)
    {
        var byKey = _acknowledged.Where(ack => ack.Tenant == tenant.Value && ack.Key.Length > 0).GroupBy(ack => ack.Key);
        foreach (var key in byKey)
        {
            var remembered = (await store.FindCommitAsync(tenant, key.Key, cancellationToken))?.Result;
            Assert.NotNull(remembered);
            Assert.All(key, ack => Assert.Equal((ack.First, ack.Last), (remembered.FirstPosition.Value, remembered.Position.Value)));
            Assert.True(key.Count(ack => !ack.IsReplay) <= 1, $"key {key.Key} was new twice");
        }

        foreach (var key in byKey.TakeLast(5))
        {
            var again = Commit.For(tenant)
                .Append(new StreamId("again", "1"), ExpectedVersion.Any, GroupTotals.Serializer.Serialize(new Ignored("again", 0, 1, null)))
                .Once(new IdempotencyKey(key.Key));
            var result = (await store.CommitAsync(again, cancellationToken)).Demand();
            Assert.Equal((true, key.First().First, key.First().Last), (result.IsReplay, result.FirstPosition.Value, result.Position.Value));
        }

        // Also of the commits that nobody was told of: the key is there exactly if the events are.
        foreach (var e in log.Where(e => e.Stream.Category == "keyed"))
        {
            var remembered = await store.FindCommitAsync(tenant, $"own {Place(e).Name}", cancellationToken);
            Assert.Equal(e.Position, remembered?.Result.Position);
        }

        Assert.Equal(log.Count, (await store.ReadHeadAsync(tenant, cancellationToken)).Position.Value);
    }

    /// <summary>Events, document and checkpoint came in the same commits, so all three tell the same number.</summary>
    private static async Task CheckLedgersAsync(IStore store, TenantId tenant, List<RecordedEvent> log, CancellationToken cancellationToken)
    {
        var ledgers = log.Where(e => e.Stream.Category == "ledger").GroupBy(e => e.Stream).ToList();
        foreach (var ledger in ledgers)
        {
            var name = ledger.Key.ToString();
            Assert.Equal(ledger.Count(), (await store.ReadCheckpointAsync(tenant, name, cancellationToken))?.Value);
            var found = (await store.FindDocumentsAsync(tenant, "ledgers", null, [name], cancellationToken)).Items[0];
            Assert.Equal(ledger.Count().ToString(CultureInfo.InvariantCulture), Encoding.UTF8.GetString(found!.Body.Span));
            Assert.Equal(IndexValue.From(ledger.Count()), Assert.Single(found.Index).Value);
            var query = new DocumentQuery("ledgers") { Equal = [new IndexEntry("count", IndexValue.From(ledger.Count()))] };
            Assert.Contains(name, (await store.QueryDocumentsAsync(tenant, query, cancellationToken)).Items.Select(document => document.Key));
        }

        var all = await store.QueryDocumentsAsync(tenant, new DocumentQuery("ledgers") { OrderBy = "count" }, cancellationToken);
        Assert.Equal(ledgers.Count, all.Items.Length);
    }

    private async Task CheckProjectionAsync(IStore store, TenantId tenant, List<RecordedEvent> log, CancellationToken cancellationToken)
    {
        var page = await store.QueryDocumentsAsync(tenant, new DocumentQuery("group-totals") { Limit = 1000 }, cancellationToken);
        if (await store.ReadCheckpointAsync(tenant, "group-totals", cancellationToken) is not { } checkpoint || page.Generation == 0)
        {
            Assert.Empty(page.Items);
            return;
        }

        var fold = new SortedDictionary<string, GroupTotal>(StringComparer.Ordinal);
        foreach (var e in log.Where(e => e.Position <= checkpoint && e.Type == "load.counted"))
        {
            var counted = (Counted)GroupTotals.Serializer.Deserialize(e);
            fold[counted.Group] = GroupTotals.Next(fold.GetValueOrDefault(counted.Group), counted, e.Position.Value);
        }

        RowsCompared += fold.Count;
        Assert.Equal(
            fold.Select(pair => $"{pair.Key} {pair.Value}"),
            page.Items.Select(item => $"{item.Key} {JsonSerializer.Deserialize<GroupTotal>(item.Body.Span, GroupTotals.Serializer.Options)}"));
    }

    private static void CheckSeats(List<RecordedEvent> log)
    {
        var seats = log.SelectMany(e => e.Tags).Where(tag => tag.StartsWith("seat:", StringComparison.Ordinal)).ToList();
        Assert.Equal(seats.Distinct().Count(), seats.Count);
    }

    private static (string Name, int Index, int Of) Place(RecordedEvent e)
    {
        using var json = JsonDocument.Parse(e.Payload);
        return (json.RootElement.GetProperty("commit").GetString()!, json.RootElement.GetProperty("index").GetInt32(), json.RootElement.GetProperty("of").GetInt32());
    }
}
