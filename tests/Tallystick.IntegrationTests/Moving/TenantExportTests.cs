using System.Text;
using System.Text.RegularExpressions;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.IntegrationTests.Durability;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Tenancy.Moving;
using Tallystick.Testing.Conformance;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Stores;
using Tallystick.Testing.Time;

namespace Tallystick.IntegrationTests.Moving;

/// <summary>A tenant in a file: written while it is in use, read under its own id or another, refused when it is damaged.</summary>
public sealed partial class TenantExportTests
{
    private static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly TenantId Other = TenantId.Parse("other");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(StoreKind.Memory, StoreKind.Sqlite)]
    [InlineData(StoreKind.Sqlite, StoreKind.Memory)]
    public async Task An_imported_tenant_is_the_exported_one_byte_for_byte_under_the_same_or_another_id(StoreKind from, StoreKind to)
    {
        await using var world = new MovingWorld(from, to, SeededEntropy.NewSeed());
        await world.FillAsync(80);
        await world.Source.CommitAsync(Commit.For(Acme).Append(new StreamId("odd", "1"), ExpectedVersion.Any, Odd()), Stop);
        await world.Source.CommitAsync(Commit.For(Acme).Change(new DocumentChange.Put(
            new CollectionId("orders", 1), new Document("odd \"\n\0".TrimEnd('\0'), new byte[] { 0xC3, 0x28, 0 }, [new IndexEntry("ü", IndexValue.From("\u2028"))], LogPosition.Of(3)))), Stop);
        var expected = await TenantDump.ContentAsync(world.Source, Acme, Stop);
        using var file = new MemoryStream();

        var exported = await TenantExport.WriteAsync(world.Source, Acme, file, null, Stop);
        foreach (var id in (TenantId[])[Acme, Other])
        {
            file.Position = 0;
            var imported = await TenantImport.ReadAsync(file, world.Target, id, null, null, Stop);

            Assert.Equal(exported, imported);
            Assert.Equal(expected, await TenantDump.ContentAsync(world.Target, id, Stop));
            Assert.True((await LogVerifier.VerifyAsync(world.Target, id, null, Stop)).IsIntact);
            Assert.False((await world.Target.ReadTenantAsync(id, Stop)).IsFenced);
            Assert.True((await world.Target.CommitAsync(Commit.For(id).Once(new IdempotencyKey("once", "print")), Stop)).Demand().IsReplay);
        }

        Assert.Equal(expected, await TenantDump.ContentAsync(world.Source, Acme, Stop));
        Assert.False((await world.Source.ReadTenantAsync(Acme, Stop)).IsJournaling);
    }

    [Fact]
    public async Task An_export_of_a_tenant_in_use_has_all_of_one_moment()
    {
        var seed = SeededEntropy.NewSeed();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await using var world = new MovingWorld(StoreKind.Memory, StoreKind.Memory, seed);
        await world.FillAsync(60);
        var writing = true;
        var busy = new FaultyStore(world.Source) { Before = async _ => await world.WriteAsync(writing ? 2 : 0) };
        string? atCut = null;
        busy.After = async call =>
        {
            // The moment: when the sizes are read after the documents.
            if (call.Operation == StoreOperation.ReadTenant && busy.CallsOf(StoreOperation.ReadRemembered).Length > 0)
                atCut ??= await TenantDump.ContentAsync(world.Source, Acme, Stop);
        };
        using var file = new MemoryStream();

        await TenantExport.WriteAsync(busy, Acme, file, null, Stop);
        writing = false;
        file.Position = 0;
        await TenantImport.ReadAsync(file, world.Target, Other, null, null, Stop);

        Assert.Equal(atCut, await TenantDump.ContentAsync(world.Target, Other, Stop));
        Assert.NotEqual(atCut, await TenantDump.ContentAsync(world.Source, Acme, Stop));
    }

    public static TheoryData<string, string> Damages => new()
    {
        { "a flipped bit in a payload", "payload was altered" },
        { "a flipped bit in a document", "digest" },
        { "a flipped bit in a checkpoint", "digest" },
        { "a flipped bit in the end's root", "but the file's end says" },
        { "two events swapped", "follows position" },
        { "two documents swapped", "digest" },
        { "an event left out", "follows position" },
        { "a checkpoint left out", "records" },
        { "a line said twice", "records" },
        { "no end", "cut off" },
        { "cut in a line", "cut off in the middle" },
        { "something after the end", "something follows" },
        { "a record of an unknown kind", "isn't known" },
        { "not JSON", "at line 3" },
        { "version 2", "version 2 of the format" },
        { "another file", "no exported tenant" },
        { "an empty file", "empty" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task A_damaged_file_is_refused_with_a_reason_and_nothing_of_it_is_kept(string damage, string says)
    {
        var lines = await ExportedLinesAsync();
        // Each event is adopted before the end is read.
        var store = new InMemoryStore(new StoreOptions { Limits = new StoreLimits { EventsPerCommitMax = 3 } });
        await TenantCalls.FillAsync(store, Other, 1, Stop);
        var other = await TenantDump.EverythingAsync(store, Other, Stop);

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => ImportAsync(Damage(lines, damage), store, Acme));

        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Equal(TenantStorage.None, await store.ReadTenantAsync(Acme, Stop));
        Assert.Equal(other, await TenantDump.EverythingAsync(store, Other, Stop));
        await ImportAsync(string.Join('\n', lines), store, Acme);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_file_with_any_one_byte_altered_is_refused()
    {
        var seed = SeededEntropy.NewSeed();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new SeededEntropy(seed);
        var bytes = Encoding.UTF8.GetBytes(string.Join('\n', await ExportedLinesAsync()));
        for (var i = 0; i < 400; i++)
        {
            var at = random.Next(bytes.Length - 1);
            var damaged = bytes.ToArray();
            damaged[at] ^= (byte)(1 << random.Next(8));
            var store = new InMemoryStore();
            using var file = new MemoryStream(damaged);
            await Assert.ThrowsAnyAsync<Exception>(() => TenantImport.ReadAsync(file, store, Acme, null, null, Stop).AsTask());
            Assert.Equal(TenantStorage.None, await store.ReadTenantAsync(Acme, Stop));
        }
    }

    [Fact]
    public async Task A_tenant_is_not_imported_onto_another_and_a_half_import_is_begun_again()
    {
        var file = string.Join('\n', await ExportedLinesAsync());
        var store = new InMemoryStore();
        await TenantCalls.FillAsync(store, Acme, 1, Stop);
        var before = await TenantDump.EverythingAsync(store, Acme, Stop);

        await Assert.ThrowsAsync<InvalidOperationException>(() => ImportAsync(file, store, Acme));
        Assert.Equal(before, await TenantDump.EverythingAsync(store, Acme, Stop));

        for (var killAt = 1; ; killAt++)
        {
            var calls = 0;
            var dead = false;
            ValueTask Step(StoreCall call)
            {
                dead |= ++calls == killAt;
                return dead ? throw new KilledException() : ValueTask.CompletedTask;
            }

            var killed = new FaultyStore(store) { Before = Step, After = Step };
            try
            {
                await ImportAsync(file, killed, Other);
                Assert.True(killAt > 20, $"{killAt}");
                break;
            }
            catch (KilledException)
            {
                Assert.True(killAt < 500);
            }

            if (await store.ReadTenantAsync(Other, Stop) is { IsFenced: false, IsErasing: false, Position.Value: > 0 })
                await TenantErasure.RunAsync(store, Other, null, Stop);
        }

        Assert.False((await store.ReadTenantAsync(Other, Stop)).IsFenced);
    }

    /// <summary>A file of each version of the format, as the code of that version wrote it. Every later version must read it; the files never change.</summary>
    [Fact]
    public async Task A_file_of_version_1_is_read()
    {
        var store = new InMemoryStore();
        await using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Golden", "tenant-v1.jsonl"));

        var imported = await TenantImport.ReadAsync(file, store, Acme, null, null, Stop);

        Assert.Equal(("acme", 6), (imported.Tenant, imported.Position.Value));
        Assert.Equal(
            await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Golden", "tenant-v1.txt"), Stop), await TenantDump.ContentAsync(store, Acme, Stop));
        Assert.True((await LogVerifier.VerifyAsync(store, Acme, null, Stop)).IsIntact);
    }

    [Fact(Explicit = true)]
    public async Task Write_the_file_of_the_present_version()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "../../../Golden");
        await File.WriteAllTextAsync(Path.Combine(folder, $"tenant-v{TenantFile.FormatVersion}.jsonl"), string.Join('\n', await ExportedLinesAsync()), Stop);
        var store = await FilledAsync();
        await File.WriteAllTextAsync(Path.Combine(folder, $"tenant-v{TenantFile.FormatVersion}.txt"), await TenantDump.ContentAsync(store, Acme, Stop), Stop);
    }

    private static string Damage(string[] lines, string damage)
    {
        var events = Places(lines, "event");
        var documents = Places(lines, "document");
        var checkpoints = Places(lines, "checkpoint");
        lines = [.. lines];
        switch (damage)
        {
            case "a flipped bit in a payload": lines = Replace(lines, events[2], "of-acme", "of-acmd"); break;
            case "a flipped bit in a document": lines = Replace(lines, documents[1], "of-acme", "of-acmd"); break;
            case "a flipped bit in a checkpoint": lines = Replace(lines, checkpoints[0], "\"position\":", "\"position\":1"); break;
            case "a flipped bit in the end's root": lines = Replace(lines, lines.Length - 2, Root().Match(lines[^2]).Value, "\"root\":\"" + new string('0', 64)); break;
            case "two events swapped": (lines[events[1]], lines[events[2]]) = (lines[events[2]], lines[events[1]]); break;
            case "two documents swapped": (lines[documents[0]], lines[documents[1]]) = (lines[documents[1]], lines[documents[0]]); break;
            case "an event left out": lines = [.. lines[..events[3]], .. lines[(events[3] + 1)..]]; break;
            case "a checkpoint left out": lines = [.. lines[..checkpoints[0]], .. lines[(checkpoints[0] + 1)..]]; break;
            case "a line said twice": lines = [.. lines[..checkpoints[0]], lines[checkpoints[0]], .. lines[checkpoints[0]..]]; break;
            case "no end": lines = [.. lines[..^2], ""]; break;
            case "cut in a line": return string.Join('\n', lines)[..^100];
            case "something after the end": lines = [.. lines[..^1], lines[1], ""]; break;
            case "a record of an unknown kind": lines[2] = """{"plugin":{"name":"x"}}"""; break;
            case "not JSON": lines[2] = lines[2][..^1]; break;
            case "version 2": lines[0] = lines[0].Replace("\"version\":1", "\"version\":2", StringComparison.Ordinal); break;
            case "another file": return "SQLite format 3\0\n";
            default: return "";
        }

        return string.Join('\n', lines);
    }

    private static string[] Replace(string[] lines, int at, string old, string with)
    {
        Assert.Contains(old, lines[at], StringComparison.Ordinal);
        lines[at] = lines[at].Replace(old, with, StringComparison.Ordinal);
        return lines;
    }

    private static int[] Places(string[] lines, string kind) =>
        [.. Enumerable.Range(0, lines.Length).Where(i => lines[i].StartsWith($"{{\"{kind}\"", StringComparison.Ordinal))];

    private static async Task ImportAsync(string text, IStore store, TenantId tenant)
    {
        using var file = new MemoryStream(Encoding.UTF8.GetBytes(text));
        await TenantImport.ReadAsync(file, store, tenant, null, null, Stop);
    }

    /// <summary>The lines of an exported tenant, the last of them empty.</summary>
    private static async Task<string[]> ExportedLinesAsync()
    {
        using var file = new MemoryStream();
        await TenantExport.WriteAsync(await FilledAsync(), Acme, file, null, Stop);
        return Encoding.UTF8.GetString(file.ToArray()).Split('\n');
    }

    private static async Task<InMemoryStore> FilledAsync()
    {
        var store = new InMemoryStore(new StoreOptions { Time = new ManualTime(), Entropy = new SeededEntropy(1) });
        await TenantCalls.FillAsync(store, Acme, 2, Stop);
        return store;
    }

    private static NewEvent Odd() => new(TestEvents.Id(77), "odd.happened", 3, new byte[] { 0xFF, 0xFE, 0, (byte)'"' }, ["🦊", "a\"b"]);

    [GeneratedRegex("\"root\":\"[0-9a-f]{64}")]
    private static partial Regex Root();
}
