using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>Files that can't be opened: a clear message, an untouched file, a free lock.</summary>
public sealed class RefusedStartTests : IAsyncDisposable
{
    private static readonly TenantId Acme = TenantId.Parse("acme"), Globex = TenantId.Parse("globex");

    private static readonly SortedDictionary<string, (string Says, Action<StoreFile> Spoil)> Files = new(StringComparer.Ordinal)
    {
        ["a text file"] = ("is no database", file => File.WriteAllText(file.Path, "Dear diary")),
        ["a text file of one byte"] = ("is no database", file => File.WriteAllText(file.Path, "D")),
        ["a longer text file"] = ("is no database", file => File.WriteAllText(file.Path, new string('d', 100_000))),
        ["another application's database"] = ("another application", file => Replace(file, "CREATE TABLE cats(name TEXT)")),
        ["another application's database in its own log"] = ("another application", file => Replace(file, "PRAGMA journal_mode=WAL; CREATE TABLE cats(name TEXT); INSERT INTO cats VALUES('Tom')", keepWal: true)),
        ["a newer schema"] = ("a newer one has written it", file => file.Sql("PRAGMA user_version=99")),
        ["a newer schema that is only in the log"] = ("a newer one has written it", file => InLog(file, "PRAGMA user_version=99")),
        ["a negative schema"] = ("is damaged", file => file.Sql("PRAGMA user_version=-7")),
        ["a schema that was forgotten"] = ("is damaged", file => file.Sql("PRAGMA user_version=0")),
        ["a file cut to 50 bytes"] = ("is damaged", file => Cut(file, 50)),
        ["a file cut to a page"] = ("is damaged", file => Cut(file, 4096)),
        ["a file cut to half a page"] = ("is damaged", file => Cut(file, 2048)),
        ["a file without its last page"] = ("is damaged", file => Cut(file, new FileInfo(file.Path).Length - 4096)),
        ["another first byte"] = ("is no database", file => file.Change(0, b => (byte)(b ^ 1))),
        ["another page size"] = ("is ", file => file.Change(16, _ => 3)),
        ["a schema page of zeros"] = ("is ", file => Zero(file, 100, 3996)),
        ["an inner page of zeros"] = ("is damaged", file => Zero(file, 4 * 4096, 4096)),
        ["an event's type altered in the tail"] = ("position 30", file => file.Sql("UPDATE events SET type='order.cancelled' WHERE seq=30")),
        ["an event's user altered in the tail"] = ("position 30", file => file.Sql("UPDATE events SET user='mallory' WHERE seq=30")),
        ["an event's stream that is no stream"] = ("position 30", file => file.Sql("UPDATE events SET stream='No Stream' WHERE seq=30")),
        ["an event's position altered in the tail"] = ("is damaged", file => file.Sql("UPDATE events SET position=31 WHERE seq=30")),
        ["an event's tree nodes altered in the tail"] = ("is damaged", file => file.Sql("UPDATE events SET hashes=substr(hashes, 1, 64) || zeroblob(length(hashes)-64) WHERE seq=32")),
        ["an event's tree nodes removed in the tail"] = ("is damaged", file => file.Sql("UPDATE events SET hashes=substr(hashes, 1, 64) WHERE seq=32")),
        ["an event's hashes removed in the tail"] = ("is damaged", file => file.Sql("UPDATE events SET hashes=x'' WHERE seq=30")),
        ["an event's id cut in the tail"] = ("is damaged", file => file.Sql("UPDATE events SET id=x'01' WHERE seq=30")),
        ["an event removed from the tail"] = ("position 31", file => file.Sql("DELETE FROM events WHERE seq=30")),
        ["an event of a tenant that isn't there"] = ("is damaged", file => file.Sql("UPDATE events SET tenant=77 WHERE seq=30")),
        ["an impossible time in the tail"] = ("is damaged", file => file.Sql("UPDATE events SET time=-5 WHERE seq=30")),
        ["a tenant's head beside its tree"] = ("is damaged", file => file.Sql("UPDATE tenants SET position=position+1")),
        ["a tenant's head that is cut"] = ("is damaged", file => file.Sql("UPDATE tenants SET frontier=x'0001'")),
        ["a tenant without a name"] = ("is damaged", file => file.Sql("UPDATE tenants SET id='No Name' WHERE number=1")),
    };

    private readonly StoreFile _file = new();
    private readonly TestEvents _make = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names() => [.. Files.Keys];

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Refused_with_a_clear_message_and_left_as_it_was(string what)
    {
        await FillAsync();
        var sound = _file.Bytes();
        Files[what].Spoil(_file);
        var before = _file.Bytes();

        for (var attempt = 0; attempt < 2; attempt++)
        {
            var refused = Assert.ThrowsAny<TallystickException>(() => _file.Open());
            Assert.Contains(_file.Path, refused.Message, StringComparison.Ordinal);
            Assert.Contains(Files[what].Says, refused.Message, StringComparison.Ordinal);
            Assert.EndsWith(".", refused.Message, StringComparison.Ordinal);
            Same(before, _file.Bytes());
        }

        foreach (var file in _file.Folder.GetFiles())
            file.Delete();
        foreach (var (name, bytes) in sound)
            File.WriteAllBytes(Path.Combine(_file.Folder.FullName, name), bytes);
        await using var store = _file.Open();
        Assert.Equal(40, (await store.ReadHeadAsync(Acme, Stop)).Position.Value);
    }

    [Trait("Speed", "Slow")]
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_that_is_damaged_anywhere_gives_our_errors_only_and_never_a_log_that_passes_for_whole(bool isIndexed)
    {
        var seed = Environment.GetEnvironmentVariable("TALLYSTICK_SEED") is { Length: > 0 } given ? int.Parse(given, null) : Random.Shared.Next();
        TestContext.Current.TestOutputHelper!.WriteLine($"TALLYSTICK_SEED={seed}");
        var random = new Random(seed);
        await FillAsync();
        if (isIndexed)
        {
            _file.AllowFlush();
            await _file.Open().DisposeAsync();
        }

        string sound;
        await using (var store = _file.Open())
            sound = await LogsAsync(store);
        var bytes = File.ReadAllBytes(_file.Path);
        var offsets = Enumerable.Range(0, 108).Concat(Enumerable.Range(0, 250).Select(_ => random.Next(bytes.Length)));
        var outcomes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var offset in offsets)
        {
            var spoilt = (byte[])bytes.Clone();
            spoilt[offset] ^= (byte)random.Next(1, 256);
            File.WriteAllBytes(_file.Path, spoilt);
            File.Delete(_file.Path + "-wal");
            var outcome = await OutcomeAsync(sound, offset);
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }

        TestContext.Current.TestOutputHelper!.WriteLine(string.Join(", ", outcomes.Select(pair => $"{pair.Key}: {pair.Value}")));
        File.WriteAllBytes(_file.Path, bytes);
    }

    [Fact]
    public async Task Payloads_outside_the_tail_are_not_read_at_start_but_verifying_finds_what_was_altered()
    {
        await FillAsync();
        _file.AllowFlush();
        await _file.Open().DisposeAsync();
        _file.Sql("UPDATE events SET payload=x'7b7d', type='order.lost' WHERE seq=7");

        await using var store = _file.Open();

        var verified = await LogVerifier.VerifyAsync(store, Acme, null, Stop);
        Assert.Equal([7, 7], verified.Findings.Take(2).Select(finding => finding.Position.Value));
        Assert.Equal(["payload", "header"], verified.Findings.Take(2).Select(finding => finding.Problem.Split(": its ")[1].Split(' ')[0]));
    }

    [Theory]
    [InlineData(7, 1_000_000)]
    [InlineData(7, 2)]
    [InlineData(40, 41)]
    [InlineData(1, 0)]
    public async Task Verifying_ends_whatever_position_an_event_was_given(int seq, long position)
    {
        await FillAsync();
        _file.AllowFlush();
        await _file.Open().DisposeAsync();
        _file.Sql($"UPDATE events SET position={position} WHERE seq={seq}");
        await using var store = _file.Open();

        var verified = await Task.Run(async () => await LogVerifier.VerifyAsync(store, Acme, null, Stop), Stop).WaitAsync(TimeSpan.FromSeconds(30), Stop);

        Assert.False(verified.IsIntact);
    }

    [Fact]
    public async Task A_log_that_someone_deleted_takes_the_newest_commits_with_it_and_leaves_a_consistent_beginning()
    {
        // A file alone can't tell that its -wal is missing: only a head that was exported before shows it.
        var store = _file.Open();
        await PlaceAsync(store, 25);
        store.Writer.Use(database => database.Checkpoint(waits: true));
        await PlaceAsync(store, 25);
        Assert.NotEqual(0, _file.WalBytes());
        var withoutLog = _file.Path + "-copy";
        File.Copy(_file.Path, withoutLog);
        await store.DisposeAsync();
        Assert.Equal(0, _file.WalBytes());
        File.Move(withoutLog, _file.Path, overwrite: true);

        await using var reopened = _file.Open();

        Assert.Equal(25, (await reopened.ReadHeadAsync(Acme, Stop)).Position.Value);
        Assert.True((await LogVerifier.VerifyAsync(reopened, Acme, null, Stop)).IsIntact);
        await PlaceAsync(reopened, 1);
        Assert.Equal(26, (await reopened.ReadHeadAsync(Acme, Stop)).Position.Value);
    }

    [Fact]
    public async Task A_file_that_another_process_owns_is_refused_until_that_one_dies()
    {
        await using var owner = ChildProcess.Start("hold", _file.Path);
        await owner.UntilAsync("ready", Stop);

        var refused = Assert.Throws<TallystickException>(() => _file.Open());
        Assert.Contains($"{_file.Path} is owned by process {owner.Id}.", refused.Message, StringComparison.Ordinal);
        await owner.KillAsync();

        Assert.True(File.Exists(_file.Path + ".lock"));
        await PlaceAsync(_file.Open(), 1);
    }

    [Fact]
    public async Task Where_locks_have_no_effect_nothing_is_opened()
    {
        await using var child = ChildProcess.StartWithoutLocks("open", _file.Path);

        Assert.Equal(3, await child.EndAsync());
        Assert.Contains("can't be locked", Assert.Single(child.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UPDATE documents SET entries=x'ffff0000'", "FindDocumentsAsync")]
    [InlineData("UPDATE commits SET streams='nonsense'", "FindCommitAsync")]
    [InlineData("UPDATE commits SET first=-1", "FindCommitAsync")]
    [InlineData("UPDATE checkpoints SET position=-1", "ReadCheckpointAsync")]
    [InlineData("UPDATE tenants SET position=-1", "ReadHeadAsync")]
    [InlineData("UPDATE events SET time=-1", "ReadStreamAsync")]
    [InlineData("UPDATE events SET id=x''", "ReadStreamAsync")]
    [InlineData("UPDATE chunks SET seqs=x'00ffffffff07'", "ReadStreamAsync")]
    [InlineData("UPDATE chunks SET seqs=x'ffffffffffffffff7f01'", "ReadStreamAsync")]
    [InlineData("UPDATE chunks SET seqs=x'ff'", "ReadStreamAsync")]
    [InlineData("UPDATE chunks SET first=-5", "ReadStreamAsync")]
    [InlineData("DELETE FROM events", "ReadStreamAsync")]
    public async Task Damage_outside_the_tail_shows_where_it_is_read_as_an_error_of_ours(string damage, string operation)
    {
        var store = _file.Open();
        await TenantCalls.FillAsync(store, Acme, 3, Stop);
        await store.DisposeAsync();
        _file.Sql(damage);
        store = _file.Open();

        var error = await Assert.ThrowsAnyAsync<TallystickException>(() => TenantCalls.Get(operation)(store, Acme, Stop));

        Assert.Contains("damaged", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_open_in_this_process_is_refused_by_any_of_its_names()
    {
        var store = _file.Open();
        var link = Path.Combine(_file.Folder.FullName, "link.db");
        File.CreateSymbolicLink(link, _file.Path);

        foreach (var path in new[] { _file.Path, link, Path.Combine(_file.Folder.FullName, "..", _file.Folder.Name, "store.db") })
            Assert.Contains($"{_file.Path} is owned by process {Environment.ProcessId}, which is this one", Assert.Throws<TallystickException>(() => SqliteStore.Open(path)).Message, StringComparison.Ordinal);
        await store.DisposeAsync();
        await PlaceAsync(_file.Open(), 1);
    }

    [Fact]
    public async Task An_empty_file_and_a_missing_folder_are_a_new_store()
    {
        File.WriteAllBytes(_file.Path, []);
        await PlaceAsync(_file.Open(), 1);
        var deep = Path.Combine(_file.Folder.FullName, "a", "b", "store.db");
        await using var store = SqliteStore.Open(deep);
        await PlaceAsync(store, 1);
        Assert.True(File.Exists(deep));
    }

    [Fact]
    public void A_folder_and_a_path_below_a_file_are_refused()
    {
        Assert.Contains("is a folder", Assert.Throws<TallystickException>(() => SqliteStore.Open(_file.Folder.FullName)).Message, StringComparison.Ordinal);
        var plain = Path.Combine(_file.Folder.FullName, "plain");
        File.WriteAllText(plain, "x");
        var below = Path.Combine(plain, "store.db");
        Assert.Contains(below, Assert.Throws<TallystickException>(() => SqliteStore.Open(below)).Message, StringComparison.Ordinal);
        Assert.Equal(["plain"], _file.Folder.GetFileSystemInfos().Select(entry => entry.Name));
    }

    [Theory]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead, "file")]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute, "folder")]
    public async Task What_may_not_be_written_is_refused(UnixFileMode mode, string what)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "These are permissions of Unix.");
        const UnixFileMode Everyone = (UnixFileMode)511;
        await FillAsync();
        foreach (var file in _file.Folder.GetFiles())
            File.SetUnixFileMode(file.FullName, Everyone);
        _file.Folder.UnixFileMode = Everyone;
        File.Delete(_file.Path + ".lock");
        if (what == "file")
            File.SetUnixFileMode(_file.Path, mode);
        else
            _file.Folder.UnixFileMode = mode;
        var before = _file.Bytes();

        await using var child = ChildProcess.StartAsNobody("open", _file.Path);
        Assert.Equal(3, await child.EndAsync());

        var line = Assert.Single(child.Lines);
        Assert.Contains(_file.Path, line, StringComparison.Ordinal);
        Assert.Contains("Check the permissions", line, StringComparison.Ordinal);
        Same(before, _file.Bytes());
        _file.Folder.UnixFileMode = Everyone;
    }

    [Fact]
    public void Options_out_of_range_are_refused_before_the_file_is_touched()
    {
        SqliteStoreOptions[] wrong =
        [
            new() { GroupCommitMax = 0 }, new() { TailEventsMax = 0 }, new() { StreamVersionsCached = -1 }, new() { ReadConnectionsMax = 0 },
            new() { CheckpointPages = 0 }, new() { Limits = StoreLimits.Default with { CommitQueueLength = 0 } },
            new() { CommitQueueTimeout = TimeSpan.FromTicks(-1) }, new() { CommitQueueTimeout = TimeSpan.MaxValue },
        ];

        Assert.All(wrong, options => Assert.Contains("SqliteStoreOptions.", Assert.Throws<ArgumentException>(() => _file.Open(options)).Message, StringComparison.Ordinal));
        Assert.Empty(_file.Folder.GetFiles());
    }

    private async Task FillAsync()
    {
        await _file.Open().DisposeAsync();
        _file.RefuseFlush();
        await using var store = _file.Open();
        await PlaceAsync(store, 40);
        (await store.CommitAsync(Commit.For(Globex).Append(new StreamId("order", "1"), ExpectedVersion.Any, _make.Many(60)), Stop)).Demand();
    }

    private async Task PlaceAsync(SqliteStore store, int events)
    {
        for (var n = 0; n < events; n++)
        {
            (await store.CommitAsync(
                Commit.For(Acme).Append(new StreamId("order", $"{n % 3}"), ExpectedVersion.Any, _make.Event("order.placed", $"{n}", "a:1")).From(new EventMetadata(UserId: "ann")),
                Stop)).Demand();
        }
    }

    private async Task<string> OutcomeAsync(string sound, int offset)
    {
        try
        {
            await using var store = _file.Open();
            foreach (var tenant in new[] { Acme, Globex })
            {
                if (!(await LogVerifier.VerifyAsync(store, tenant, null, Stop)).IsIntact)
                    return "found by verifying";
            }

            // A tenant whose name was altered is another one: its log is whole, and the one asked for is missing.
            var logs = await LogsAsync(store);
            Assert.True(logs == sound || logs.Length < sound.Length, $"a change at {offset} gave another log that passes for whole");
            return logs == sound ? "same log" : "a shorter log";
        }
        catch (TallystickException)
        {
            return "refused";
        }
        catch (Exception error) when (error is not Xunit.Sdk.XunitException)
        {
            throw new InvalidOperationException($"A change at {offset} gave {error.GetType()}.", error);
        }
    }

    private static async Task<string> LogsAsync(SqliteStore store) =>
        TenantDump.Of((await store.ReadLogAsync(Acme, new LogRead(default, 1000), Stop)).Events)
        + TenantDump.Of((await store.ReadLogAsync(Globex, new LogRead(default, 1000), Stop)).Events);

    private static void Same(Dictionary<string, byte[]> before, Dictionary<string, byte[]> after)
    {
        // An empty log beside a file means the same as none.
        Assert.Equal(before.Where(pair => pair.Value.Length > 0).Select(pair => pair.Key).Order(), after.Where(pair => pair.Value.Length > 0).Select(pair => pair.Key).Order());
        Assert.All(before, pair => Assert.True(pair.Value.Length == 0 || pair.Value.AsSpan().SequenceEqual(after[pair.Key]), $"{pair.Key} was changed"));
    }

    private static void Replace(StoreFile file, string sql, bool keepWal = false)
    {
        File.Delete(file.Path);
        using var database = SqliteDatabase.OpenWriter(file.Path);
        database.KeepWalOnClose(keepWal);
        database.Run(sql);
    }

    private static void InLog(StoreFile file, string sql)
    {
        using var database = SqliteDatabase.OpenWriter(file.Path);
        database.KeepWalOnClose(true);
        database.Run(sql);
    }

    private static void Cut(StoreFile file, long length)
    {
        using var stream = new FileStream(file.Path, FileMode.Open);
        stream.SetLength(length);
    }

    private static void Zero(StoreFile file, long from, int count)
    {
        using var stream = new FileStream(file.Path, FileMode.Open);
        stream.Position = from;
        stream.Write(new byte[count]);
    }
}
