using System.Globalization;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Time;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>Many tenants in one file, whose events lie between each other's in every table and every piece of the index.</summary>
public sealed class ManyTenantsTests : IAsyncDisposable
{
    private const int Tenants = 200;

    private readonly StoreFile _file = new();
    private readonly TestEvents _make = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Trait("Speed", "Slow")]
    [Fact]
    public async Task Random_work_of_200_tenants_through_many_flushes_and_reopenings_is_as_in_the_in_memory_store()
    {
        const int Steps = 8000;
        var seed = Environment.GetEnvironmentVariable("TALLYSTICK_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        TestContext.Current.TestOutputHelper!.WriteLine($"TALLYSTICK_SEED={seed}");
        var random = new SeededEntropy(seed);
        var draw = new RandomCommits(random);
        var time = new ManualTime();
        var options = new SqliteStoreOptions { Time = time, Entropy = new SeededEntropy(seed), TailEventsMax = 150, StreamVersionsCached = 100, CheckpointPages = 50 };
        await using var oracle = new InMemoryStore(new StoreOptions { Time = time, Entropy = new SeededEntropy(seed) });
        var store = _file.Open(options);
        var models = Enumerable.Range(0, Tenants).Select(_ => new ModelTenant()).ToArray();
        for (var step = 0; step < Steps; step++)
        {
            // A few tenants have most of the work.
            var number = random.Next(1 + random.Next(Tenants));
            var tenant = Tenant(number);
            time.Now += TimeSpan.FromTicks(random.Next(-1000, 2000));
            if (random.Next(3) > 0)
            {
                var commit = draw.Next(tenant, models[number]);
                models[number].Commit(commit, time.Now);
                Assert.Equal(TenantDump.Of(await oracle.CommitAsync(commit, Stop)), TenantDump.Of(await store.CommitAsync(commit, Stop)));
            }
            else
                await CompareReadAsync(oracle, store, tenant, draw, random);
            if (random.Next(Steps / 5) > 0)
                continue;
            await store.DisposeAsync();
            store = _file.Open(options);
        }

        for (var number = 0; number < Tenants; number++)
        {
            Assert.Equal(await TenantDump.OfAsync(oracle, Tenant(number), Stop), await TenantDump.OfAsync(store, Tenant(number), Stop));
            for (var n = 0; n < 5; n++)
                await CompareReadAsync(oracle, store, Tenant(number), draw, random);
        }
    }

    [Fact]
    public async Task A_tenants_events_between_those_of_a_thousand_others_are_read_whole_in_every_way()
    {
        const int Others = 1000, Events = 400;
        var store = _file.Open(new SqliteStoreOptions { TailEventsMax = 250 });
        var acme = TenantId.Parse("acme");
        var others = Enumerable.Range(0, Others).Select(n => TenantId.Parse($"other-{n}")).ToArray();
        for (var n = 0; n < Events; n++)
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(
                async () => (await store.CommitAsync(
                    Commit.For(i == 0 ? acme : others[((n * 7) + i) % Others]).Append(new StreamId("order", $"{n % 3}"), ExpectedVersion.Any, _make.Event($"type.{n % 5}", $"{n}", $"tag:{n % 4}")),
                    Stop)).Demand(),
                Stop)));
        }

        var log = (await store.ReadLogAsync(acme, new LogRead(default, 10_000), Stop)).Events;
        Assert.Equal(Enumerable.Range(0, Events).Select(n => $"{n}"), log.Select(e => System.Text.Encoding.UTF8.GetString(e.Payload.Span)));
        Assert.True((await LogVerifier.VerifyAsync(store, acme, null, Stop)).IsIntact);
        foreach (var stream in log.GroupBy(e => e.Stream))
        {
            var backwards = await store.ReadStreamAsync(acme, new StreamRead(stream.Key, StreamVersion.Of(long.MaxValue), 10_000, ReadDirection.Backwards), Stop);
            Assert.Equal(stream.Reverse().Select(e => e.Id), backwards.Select(e => e.Id));
            var middle = await store.ReadStreamAsync(acme, new StreamRead(stream.Key, StreamVersion.Of(70), 5, ReadDirection.Backwards), Stop);
            Assert.Equal([70, 69, 68, 67, 66], middle.Select(e => e.Version.Value));
        }

        var matching = await store.ReadLogAsync(acme, new LogRead(LogPosition.Of(100), 10_000, EventQuery.Tagged("tag:1").OfType("type.3").OfType("type.4")), Stop);
        Assert.Equal(log.Skip(100).Where(e => e.Tags.Contains("tag:1") && e.Type is "type.3" or "type.4" && e.Tags.Contains("tag:1")).Select(e => e.Id), matching.Events.Select(e => e.Id));
        foreach (var other in others.Where((_, n) => n % 50 == 0))
            Assert.True((await LogVerifier.VerifyAsync(store, other, null, Stop)).IsIntact);
    }

    private static async Task CompareReadAsync(IStore oracle, IStore store, TenantId tenant, RandomCommits draw, SeededEntropy random)
    {
        Func<IStore, Task<string>> read = random.Next(6) switch
        {
            0 => Log(new LogRead(LogPosition.Of(random.Next(30)), random.Next(1, 20), draw.Query())),
            1 => Stream(new StreamRead(draw.Stream(), StreamVersion.Of(random.Next(20)), random.Next(1, 9), ReadDirection.Backwards)),
            2 => Stream(new StreamRead(draw.Stream(), StreamVersion.Of(random.Next(20)), random.Next(1, 9))),
            3 => Documents(draw.Documents()),
            4 => Remembered(draw.Key()),
            _ => async s => TenantDump.Of(await s.ReadHeadAsync(tenant, Stop)) + await s.ReadCheckpointAsync(tenant, "a", Stop),
        };
        Assert.Equal(await read(oracle), await read(store));

        Func<IStore, Task<string>> Log(LogRead what) => async s => TenantDump.Of((await s.ReadLogAsync(tenant, what, Stop)).Events);
        Func<IStore, Task<string>> Stream(StreamRead what) => async s => TenantDump.Of(await s.ReadStreamAsync(tenant, what, Stop));
        Func<IStore, Task<string>> Documents(DocumentQuery what) => async s => TenantDump.Of(await s.QueryDocumentsAsync(tenant, what, Stop));
        Func<IStore, Task<string>> Remembered(string key) => async s => TenantDump.Of(await s.FindCommitAsync(tenant, key, Stop));
    }

    private static TenantId Tenant(int number) => TenantId.Parse($"tenant-{number}");
}
