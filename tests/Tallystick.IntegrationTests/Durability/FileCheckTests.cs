using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>What is looked at when a file is opened, and what isn't.</summary>
public sealed class FileCheckTests : IAsyncDisposable
{
    private static readonly TenantId Acme = TenantId.Parse("acme");

    private readonly StoreFile _file = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Fact]
    public async Task A_file_that_is_too_large_to_be_checked_in_full_is_opened_and_its_damage_shows_where_it_is_read()
    {
        await using (var sound = SqliteStore.Open(_file.Path))
        {
            var put = new DocumentChange.Put(new CollectionId("orders", 1), new Document("1", "{}"u8.ToArray(), [], LogPosition.Start));
            (await sound.CommitAsync(Commit.For(Acme).Change(put).Save("orders", LogPosition.Of(7)), Stop)).Demand();
        }

        var page = _file.Scalar("SELECT rootpage FROM sqlite_schema WHERE name='documents'");
        await using (var file = new FileStream(_file.Path, FileMode.Open))
        {
            file.Position = (page - 1) * 4096;
            file.Write(new byte[4096]);
        }

        Assert.Contains("is damaged", Assert.ThrowsAny<TallystickException>(() => _file.Open()).Message, StringComparison.Ordinal);

        // As if it were larger than the bound.
        await using var store = SqliteStore.Open(_file.Path, new SqliteStoreOptions { FullCheckBytesMax = 0 });
        Assert.Equal(LogPosition.Of(7), await store.ReadCheckpointAsync(Acme, "orders", Stop));
        var damaged = await Assert.ThrowsAsync<SqliteStoreException>(() => store.FindDocumentsAsync(Acme, "orders", 1, ["1"], Stop).AsTask());
        Assert.Contains("is damaged", damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_that_can_not_be_opened_leaves_no_file_open()
    {
        File.WriteAllText(_file.Path, new string('d', 100_000));
        for (var i = 0; i < 3; i++)
            Assert.Contains("no SQLite database", Assert.Throws<SqliteStoreException>(() => SqliteDatabase.OpenReader(_file.Path)).Message, StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
            Assert.DoesNotContain(Directory.GetFiles("/proc/self/fd"), file => new FileInfo(file).LinkTarget == _file.Path);
    }
}
