using Tallystick.Events;
using Tallystick.IntegrationTests.Durability;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Tenancy.Moving;
using Tallystick.Testing.Conformance;

namespace Tallystick.IntegrationTests.Moving;

/// <summary>A tenant of 100,000 events and 20,000 documents that is written to all the time.</summary>
public sealed class LargeMoveTests
{
    private static readonly TenantId Acme = TenantId.Parse("acme");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Times are printed and not demanded; what is demanded is how little is left to be done behind the fence.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_large_tenant_moves_while_writers_wait_only_for_the_last_few_changes()
    {
        await using var from = new StoreFile();
        await using var to = new StoreFile();
        var (source, target) = (from.Open(), to.Open());
        await FillAsync(source, events: 100_000, documents: 20_000);
        using var done = new CancellationTokenSource();
        var placement = source; // Where writers go.
        var acknowledged = 0;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var longest = TimeSpan.Zero;
        var writers = Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; !done.IsCancellationRequested; i++)
            {
                var began = watch.Elapsed;
                var commit = Commit.For(Acme)
                    .Append(new StreamId("order", $"{writer}-{i % 100}"), ExpectedVersion.Any, new NewEvent(Guid.CreateVersion7(), "order.paid", 1, "{}"u8.ToArray(), []))
                    .Change(new DocumentChange.Put(new CollectionId("orders", 1), TestEvents.Document($"{writer}-{i % 50}", $"{i}")));
                while (await Volatile.Read(ref placement).CommitAsync(commit, Stop) is CommitResult.Refused { Reason: Refusal.Fenced })
                    await Task.Yield();
                Interlocked.Increment(ref acknowledged);
                var took = watch.Elapsed - began;
                lock (done)
                    longest = took > longest ? took : longest;
            }
        }, Stop)).ToArray();

        var began = watch.Elapsed;
        var result = await new TenantMove(source, target, Acme).RunAsync(
            _ =>
            {
                Volatile.Write(ref placement, target);
                return ValueTask.CompletedTask;
            },
            Stop);
        var took = watch.Elapsed - began;
        await done.CancelAsync();
        await Task.WhenAll(writers);

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{result.Events} events, {result.Documents} documents in {took.TotalSeconds:0.00} s; {acknowledged} commits meanwhile; writers waited {result.FencedFor.TotalMilliseconds:0} ms, the longest commit took {longest.TotalMilliseconds:0} ms");
        Assert.Equal(100_000 + acknowledged, (await target.ReadHeadAsync(Acme, Stop)).Position.Value);
        Assert.True((await Audit.LogVerifier.VerifyAsync(target, Acme, null, Stop)).IsIntact);
    }

    private static async Task FillAsync(SqliteStore store, int events, int documents)
    {
        var payload = TestEvents.Bytes($$"""{"customer":"{{new string('c', 60)}}","total":12345}""");
        for (var n = 0; n < events; n += 1000)
        {
            var batch = Enumerable.Range(n, 1000).Select(i => new NewEvent(TestEvents.Id(i), "order.placed", 1, payload, [$"customer:{i % 997}"])).ToArray();
            (await store.CommitAsync(Commit.For(Acme).Append(new StreamId("order", $"batch-{n}"), ExpectedVersion.NoStream, [.. batch]), Stop)).Demand();
        }

        for (var n = 0; n < documents; n += 1000)
        {
            (await store.CommitAsync(
                Commit.For(Acme).Change([.. Enumerable.Range(n, 1000).Select(i => new DocumentChange.Put(
                    new CollectionId("orders", 1), TestEvents.Document($"{i}", new string('d', 300), ("customer", IndexValue.From(i % 997)))))]),
                Stop)).Demand();
        }
    }
}
