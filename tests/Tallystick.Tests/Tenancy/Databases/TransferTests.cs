using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using static Tallystick.Tests.Tenancy.TenancyWorld;

namespace Tallystick.Tests.Tenancy.Databases;

/// <summary>Tenants that are exported to a file, and files that become tenants.</summary>
public sealed class TransferTests : IAsyncDisposable
{
    private static readonly StreamId Stream = new("note", "1");
    private static readonly Placement Own = new Placement.Dedicated("own");

    private readonly Disks _disks = new();
    private readonly InMemoryStore _main = new();
    private readonly TenancyWorld _world;

    public TransferTests() => _world = new TenancyWorld(_main, app => _disks.Add(app));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task An_exported_tenant_becomes_another_with_the_same_log_and_both_are_recorded()
    {
        using var file = await ExportAsync();
        Assert.IsType<CommandResult.Accepted>(await _world.Tenants.ImportAsync(B, "Copy", file, Own, User("ann"), Token));
        var (here, there) = (await _main.ReadHeadAsync(A, Token), await _disks.Find("b")!.ReadHeadAsync(B, Token));
        Assert.Equal((here.Position, here.Tree.Root()), (there.Position, there.Tree.Root()));
        Assert.Equal("second", (await (await _world.Tenants.GetAsync(B, Token)).StateOf<Note>(Stream).NowAsync(Token)).State.Text);
        Assert.IsType<CommandResult.Accepted>(await WriteAsync(B, "third"));
        var described = await _world.Tenants.DescribeAsync(B, Token);
        Assert.Equal(("Copy", "ann", Own, TenantStatus.Active), (described!.Record.Name, described.CreatedBy, described.Record.Placement, described.Status));
        Assert.Equal(["a", "b"], (await _world.Tenants.ListAsync(LogPosition.Start, 10, Token)).Items.Select(item => item.Id.Value));
        var history = (await _world.PlatformLogAsync()).Events;
        Assert.Equal(
            ["tallystick.tenant-created", "tallystick.tenant-exported", "tallystick.tenant-import-begun", "tallystick.tenant-imported"], history.Select(e => e.Type));
        Assert.All(history.Skip(1), e => Assert.Equal("ann", e.Metadata.UserId));
    }

    [Fact]
    public async Task A_damaged_file_leaves_nothing_behind_and_the_import_can_be_repeated()
    {
        using var file = await ExportAsync();
        var bytes = file.ToArray();
        bytes[bytes.Length / 2] ^= 1;
        await Assert.ThrowsAsync<InvalidDataException>(() => _world.Tenants.ImportAsync(B, "Copy", new MemoryStream(bytes), Own, null, Token).AsTask());
        Assert.Null(await _world.Tenants.DescribeAsync(B, Token));
        Assert.Null(_disks.Find("b"));
        Assert.IsType<CommandResult.Accepted>(await _world.Tenants.ImportAsync(B, "Copy", file, null, null, Token));
        Assert.Equal(Placement.Main, (await _world.Tenants.DescribeAsync(B, Token))!.Record.Placement);
    }

    [Fact]
    public async Task A_tenant_whose_import_was_killed_cannot_be_used_and_is_imported_again_or_deleted()
    {
        using var file = await ExportAsync();
        // What is killed just before the catalog hears of its success: everything is there, and open.
        await _world.ReportAsync(B, new TenantCommand.BeginImport("Copy", Own, Guid.CreateVersion7()));
        var there = _disks.Open("b");
        await Tallystick.Tenancy.Moving.TenantImport.ReadAsync(file, there, B, null, null, Token);
        Assert.Equal(new TenantLookup.Unknown(B), await _world.Tenants.FindAsync(B, Token));
        await Assert.ThrowsAsync<TallystickException>(() => _world.Get<IStore>().ReadHeadAsync(B, Token).AsTask());
        Assert.Equal("tenant-importing", Assert.IsType<CommandResult.Rejected>(await _world.Tenants.ExecuteAsync(B, new TenantCommand.Suspend("x"), null, Token)).Rejection.Code);

        file.Position = 0;
        Assert.IsType<CommandResult.Accepted>(await _world.Tenants.ImportAsync(B, "Copy", file, Own, null, Token));
        Assert.Equal(2, (await there.ReadHeadAsync(B, Token)).Position.Value);
        Assert.Equal("second", (await (await _world.Tenants.GetAsync(B, Token)).StateOf<Note>(Stream).NowAsync(Token)).State.Text);
    }

    [Fact]
    public async Task A_tenant_that_exists_is_not_imported_over()
    {
        using var file = await ExportAsync();
        Assert.Equal("tenant-exists", Assert.IsType<CommandResult.Rejected>(await _world.Tenants.ImportAsync(A, "Copy", file, null, null, Token)).Rejection.Code);
        Assert.Equal("placement-unknown", Assert.IsType<CommandResult.Rejected>(
            await _world.Tenants.ImportAsync(B, "Copy", file, new Placement.Shared("nowhere"), null, Token)).Rejection.Code);
        Assert.Equal("tenant-unknown", Assert.IsType<CommandResult.Rejected>(await _world.Tenants.ExportAsync(B, System.IO.Stream.Null, null, Token)).Rejection.Code);
        await Assert.ThrowsAsync<ArgumentException>(() => _world.Tenants.ImportAsync(TenantId.Platform, "x", file, null, null, Token).AsTask());
    }

    private async Task<MemoryStream> ExportAsync()
    {
        await _world.NewTenantAsync(A);
        await WriteAsync(A, "first");
        await WriteAsync(A, "second");
        var file = new MemoryStream();
        Assert.IsType<CommandResult.Accepted>(await _world.Tenants.ExportAsync(A, file, User("ann"), Token));
        Assert.False((await _main.ReadTenantAsync(A, Token)).IsJournaling);
        file.Position = 0;
        return file;
    }

    private async Task<CommandResult> WriteAsync(TenantId tenant, string text) =>
        await (await _world.Tenants.GetAsync(tenant, Token)).ExecuteAsync(Stream, new NoteCommand.Write(text, "x"), Token);
}
