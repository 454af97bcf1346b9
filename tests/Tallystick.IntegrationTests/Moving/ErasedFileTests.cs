using System.Text;
using Tallystick.Events;
using Tallystick.IntegrationTests.Durability;
using Tallystick.Sqlite;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Tenancy.Moving;
using Tallystick.Testing.Conformance;

namespace Tallystick.IntegrationTests.Moving;

/// <summary>That an erased tenant is gone from the bytes of a SQLite file too.</summary>
public sealed class ErasedFileTests
{
    private static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly TenantId Globex = TenantId.Parse("globex");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(3)]
    [InlineData(50)]
    [InlineData(16_384)]
    public async Task Nothing_that_an_erased_tenant_ever_had_is_left_in_the_file_or_its_log(int tailEventsMax)
    {
        await using var file = new StoreFile();
        var store = file.Open(new SqliteStoreOptions { TailEventsMax = tailEventsMax, CheckpointPages = 50, Limits = new StoreLimits { ErasedRowsPerCommitMax = 100 } });
        foreach (var round in Enumerable.Range(1, 120))
        {
            foreach (var tenant in (TenantId[])[Acme, Globex])
                await WriteAsync(store, tenant, round);
        }

        var globex = await TenantDump.EverythingAsync(store, Globex, Stop);
        Assert.All(Secrets(Acme), secret => Assert.True(Count(file, secret) > 0, secret));

        await TenantErasure.RunAsync(store, Acme, null, Stop);

        Assert.All(Secrets(Acme), secret => Assert.Equal((secret, 0), (secret, Count(file, secret))));
        Assert.All(Secrets(Globex), secret => Assert.True(Count(file, secret) > 0, secret));
        Assert.Equal(globex, await TenantDump.EverythingAsync(store, Globex, Stop));
        await store.DisposeAsync();
        Assert.All(Secrets(Acme), secret => Assert.Equal((secret, 0), (secret, Count(file, secret))));
        using (var database = SqliteDatabase.OpenWriter(file.Path))
        {
            foreach (var table in (string[])["events", "chunks", "checkpoints", "commits", "journal", "collections"])
                Assert.Equal(0, database.Scalar($"SELECT count(*) FROM {table} WHERE tenant NOT IN (SELECT number FROM tenants)"));
            foreach (var table in (string[])["documents", "document_index"])
                Assert.Equal(0, database.Scalar($"SELECT count(*) FROM {table} WHERE collection NOT IN (SELECT id FROM collections)"));
            Assert.Equal("ok", database.ScalarText("PRAGMA integrity_check"));
        }

        var again = file.Open();
        Assert.Equal(globex, await TenantDump.EverythingAsync(again, Globex, Stop));
    }

    /// <summary>Whatever a tenant's rows have that names it.</summary>
    private static string[] Secrets(TenantId tenant) =>
        [$"payload-of-{tenant}", $"body-of-{tenant}", $"stream-of-{tenant}", $"tag-of-{tenant}", $"type-of-{tenant}", $"key-of-{tenant}", $"checkpoint-of-{tenant}", $"index-of-{tenant}", $"user-of-{tenant}"];

    private static async Task WriteAsync(SqliteStore store, TenantId tenant, int round)
    {
        var orders = new CollectionId("orders", 1);
        var id = TestEvents.Id((round * 2) + (tenant == Acme ? 0 : 1));
        (await store.CommitAsync(
            Commit.For(tenant)
                .Append(new StreamId("order", $"stream-of-{tenant}-{round}"), ExpectedVersion.NoStream,
                    new NewEvent(id, $"type-of-{tenant}", 1, TestEvents.Bytes($"payload-of-{tenant} {round} {new string('x', round * 60)}"), [$"tag-of-{tenant}"]))
                .From(new EventMetadata(UserId: $"user-of-{tenant}"))
                // Written over and over, deleted, and larger than a page: what it said before must be gone too.
                .Change(
                    new DocumentChange.Put(orders, TestEvents.Document($"{round % 7}", $"body-of-{tenant} {round} {new string('y', round * 90)}", ($"index-of-{tenant}", IndexValue.From($"index-of-{tenant} {round}")))),
                    new DocumentChange.Delete(orders, $"{(round + 3) % 7}"))
                .Save($"checkpoint-of-{tenant}-{round % 5}", LogPosition.Of(round))
                .Once(new IdempotencyKey($"key-of-{tenant} {round}")),
            Stop)).Demand();
        if (round == 60)
            await store.CommitAsync(Commit.For(tenant).Journal(on: true), Stop);
    }

    private static int Count(StoreFile file, string secret)
    {
        var wanted = Encoding.UTF8.GetBytes(secret);
        return file.Bytes().Values.Sum(bytes =>
        {
            var count = 0;
            for (var rest = bytes.AsSpan(); rest.IndexOf(wanted) is >= 0 and var at; rest = rest[(at + 1)..])
                count++;
            return count;
        });
    }
}
