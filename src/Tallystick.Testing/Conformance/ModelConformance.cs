using System.Globalization;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>
/// Random commits and reads of two tenants against <see cref="ModelTenant"/>, from ten seeds that stay and from ten that are drawn anew (or
/// follow <see cref="ConformanceOptions.Seed"/>).
/// </summary>
internal sealed class ModelConformance : ConformanceArea
{
    private const int Steps = 300;

    private readonly Dictionary<TenantId, ModelTenant> _models = new() { [Acme] = new ModelTenant(), [Globex] = new ModelTenant() };

    [Conformance]
    [Row(1)]
    [Row(2)]
    [Row(3)]
    [Row(4)]
    [Row(5)]
    [Row(6)]
    [Row(7)]
    [Row(8)]
    [Row(9)]
    [Row(10)]
    public Task A_random_run_agrees_with_the_model(int seed) => RunAsync(UseSeed(seed));

    [Conformance]
    [Row(1)]
    [Row(2)]
    [Row(3)]
    [Row(4)]
    [Row(5)]
    [Row(6)]
    [Row(7)]
    [Row(8)]
    [Row(9)]
    [Row(10)]
    public Task A_random_run_with_a_new_seed_agrees_with_the_model(int run) => RunAsync(DrawSeed(run));

    private async Task RunAsync(SeededEntropy random)
    {
        var commits = new RandomCommits(random);
        for (var step = 0; step < Steps; step++)
        {
            var tenant = random.Next(3) == 0 ? Globex : Acme;
            Time.Now += TimeSpan.FromTicks(random.Next(-1000, 2000));
            if (random.Next(2) == 0)
                await CommitBothAsync(commits.Next(tenant, _models[tenant]), step);
            else
                await CompareOneAsync(tenant, random, commits);
            if (random.Next(100) == 0)
                await ReopenAsync();
        }

        await ReopenAsync();
        foreach (var tenant in _models.Keys)
        {
            for (var i = 0; i < 50; i++)
                await CompareOneAsync(tenant, random, commits);
            await CompareLogAsync(tenant, LogPosition.Start, Store.Limits.PageLengthMax, null);
        }
    }

    private async Task CommitBothAsync(Commit commit, int step)
    {
        var expected = _models[commit.Tenant].Commit(commit, Time.Now);
        var actual = await TryAsync(commit);
        Assert.True(TenantDump.Of(WithoutTime(expected)) == TenantDump.Of(WithoutTime(actual)), $"step {step}: expected {expected}, got {actual}");
    }

    private async Task CompareOneAsync(TenantId tenant, SeededEntropy random, RandomCommits draw)
    {
        var model = _models[tenant];
        switch (random.Next(9))
        {
            case 0:
                var head = await Store.ReadHeadAsync(tenant, Stop);
                Assert.Equal((model.Events.Count, model.Events.Count, model.Time), (head.Position.Value, head.Tree.Count, head.Time));
                break;
            case 1:
                var stream = draw.Stream();
                Assert.Equal(model.VersionOf(stream), (await Store.ReadStreamVersionAsync(tenant, stream, Stop)).Value);
                break;
            case 2:
                await CompareStreamAsync(tenant, draw.Stream(), random.Next(20), random.Next(1, 9), random.Next(2) == 0);
                break;
            case 3:
                await CompareLogAsync(
                    tenant, LogPosition.Of(random.Next(model.Events.Count + 3)), random.Next(1, 12), random.Next(4) == 0 ? null : draw.Query());
                break;
            case 4:
                await CompareLookupAsync(tenant, draw.Collection(), draw.Generation(), [draw.DocumentKey(), draw.DocumentKey(), draw.DocumentKey()]);
                break;
            case 5:
                await CompareQueryAsync(tenant, draw.Documents());
                break;
            case 6:
                var name = RandomCommits.Checkpoints[random.Next(RandomCommits.Checkpoints.Length)];
                Assert.Equal(model.Checkpoint(name), (await Store.ReadCheckpointAsync(tenant, name, Stop))?.Value);
                break;
            case 7:
                Assert.Equal(model.Leases(), (await Store.ReadLeasesAsync(tenant, new LeaseRead("", 100), Stop)).Select(lease => (lease.Name, lease.Owner, lease.Epoch)));
                break;
            default:
                var key = draw.Key();
                Assert.Equal(TenantDump.Of(model.Remembered(key)), TenantDump.Of(await Store.FindCommitAsync(tenant, key, Stop)));
                break;
        }
    }

    private async Task CompareStreamAsync(TenantId tenant, StreamId stream, int from, int count, bool forwards)
    {
        var all = _models[tenant].Events.Where(e => e.Stream == stream);
        var expected = (forwards ? all.Where(e => e.Version >= from) : all.Reverse().Where(e => e.Version <= from)).Take(count);
        var read = new StreamRead(stream, StreamVersion.Of(from), count, forwards ? ReadDirection.Forwards : ReadDirection.Backwards);
        AssertSame(expected, await Store.ReadStreamAsync(tenant, read, Stop));
    }

    private async Task CompareLogAsync(TenantId tenant, LogPosition after, int count, EventQuery? query)
    {
        var events = _models[tenant].Events;
        var matches = events.Where(e => e.Position > after.Value && ModelTenant.Matches(query, e)).ToList();

        var page = await Store.ReadLogAsync(tenant, new LogRead(after, count, query), Stop);

        AssertSame(matches.Take(count), page.Events);
        if (matches.Count < count)
            Assert.Equal(Math.Max(after.Value, events.Count), page.Through.Value);
        else
            Assert.InRange(page.Through.Value, matches[count - 1].Position, matches.Count > count ? matches[count].Position - 1 : events.Count);
    }

    private async Task CompareLookupAsync(TenantId tenant, string collection, int? generation, string[] keys)
    {
        var expected = keys.Select(key => _models[tenant].Find(collection, generation, key)).ToList();

        var found = await Store.FindDocumentsAsync(tenant, collection, generation, [.. keys], Stop);

        Assert.Equal(
            TenantDump.Of(new DocumentLookup(expected[0].Generation, [.. expected.Select(pair => pair.Document is null ? null : Sorted(pair.Document))])),
            TenantDump.Of(found with { Items = [.. found.Items.Select(document => document is null ? null : Sorted(document))] }));
    }

    private async Task CompareQueryAsync(TenantId tenant, DocumentQuery query)
    {
        List<string> keys = [];
        for (var (page, after) = ((DocumentPage?)null, (DocumentCursor?)null); page is null || after is not null; after = page.Next)
        {
            page = await Store.QueryDocumentsAsync(tenant, query with { After = after }, Stop);
            Assert.True(page.Next is null || page.Next != after, "each page ends beyond the one before");
            Assert.True(page.Next is null || page.Items.Length == query.Limit, "a page before the last is full");
            keys.AddRange(page.Items.Select(document => document.Key));
        }

        Assert.Equal(_models[tenant].Query(query), keys);
    }

    /// <summary>How long a lease is still held is known to the store's clock alone.</summary>
    private static CommitResult WithoutTime(CommitResult result) =>
        result is CommitResult.Refused { Reason: Refusal.LeaseHeld held } ? new CommitResult.Refused(held with { Remaining = TimeSpan.Zero }) : result;

    private static Document Sorted(Document document) =>
        document with { Index = [.. document.Index.OrderBy(entry => entry.Name, StringComparer.Ordinal)] };

    private static void AssertSame(IEnumerable<ModelEvent> expected, IEnumerable<RecordedEvent> actual) => Assert.Equal(
        expected.Select(e => Text(e.Position, e.Stream, e.Version, e.Event.Id, e.Event.Type, e.Event.SchemaVersion, e.Event.Tags, e.Time, e.Metadata, e.Event.Payload)),
        actual.Select(e => Text(e.Position.Value, e.Stream, e.Version.Value, e.Id, e.Type, e.SchemaVersion, e.Tags, e.Time, e.Metadata, e.Payload)));

    private static string Text(
        long position, StreamId stream, long version, Guid id, string type, int schemaVersion, IEnumerable<string> tags, DateTimeOffset time,
        EventMetadata metadata, ReadOnlyMemory<byte> payload) => string.Create(
            CultureInfo.InvariantCulture,
            $"{position} {stream} {version} {id} {type} {schemaVersion} {string.Join('|', tags)} {time:O} {metadata} {Convert.ToHexString(payload.Span)}");
}
