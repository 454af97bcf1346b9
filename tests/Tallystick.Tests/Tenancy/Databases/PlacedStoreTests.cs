using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;
using static Tallystick.Tests.Tenancy.TenancyWorld;

namespace Tallystick.Tests.Tenancy.Databases;

/// <summary>Where calls go, and which databases are open. The clock stands still unless a test moves it.</summary>
public sealed class PlacedStoreTests : IAsyncDisposable
{
    private static readonly StreamId Stream = new("note", "1");
    private static readonly Placement Own = new Placement.Dedicated("own");
    private static readonly Placement Shard = new Placement.Shared("eu-2");

    private readonly Disks _disks = new();
    private readonly InMemoryStore _main = new();
    private readonly TenancyWorld _world;

    public PlacedStoreTests() => _world = new TenancyWorld(_main, app => _disks.Add(app).ConfigureTenants(options => options with
    {
        Place = _ => Own, OpenDatabasesMax = 3, OpenTimeout = TimeSpan.FromSeconds(30), DatabaseIdleTimeout = TimeSpan.FromMinutes(5),
    }));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IStore Store => _world.Get<IStore>();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_tenants_data_is_where_it_is_placed_and_nowhere_else()
    {
        await CreateAsync(A, Own);
        await CreateAsync(B, Shard);
        await CreateAsync(TenantId.Parse("c"), Placement.Main);
        foreach (var tenant in (string[])["a", "b", "c"])
            await WriteAsync(TenantId.Parse(tenant), tenant);

        Assert.Equal(["a", "eu-2"], _disks.Names);
        foreach (var (store, present) in new (IStore, string)[] { (_disks.Find("a")!, "a"), (_disks.Find("eu-2")!, "b"), (_main, "c") })
        {
            foreach (var tenant in (string[])["a", "b", "c"])
                Assert.Equal(tenant == present ? 1 : 0, (await store.ReadHeadAsync(TenantId.Parse(tenant), Token)).Position.Value);
        }

        Assert.Equal("a", (await (await _world.Tenants.GetAsync(A, Token)).StateOf<Note>(Stream).NowAsync(Token)).State.Text);
    }

    [Fact]
    public async Task A_database_is_opened_once_however_many_come_first()
    {
        await CreateAsync(A, Own);
        using var together = new Barrier(8);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            async () =>
            {
                together.SignalAndWait(Soon, Token);
                await Store.ReadHeadAsync(A, Token);
            },
            Token)));
        Assert.Equal(1, _disks.OpenedTimes("a"));
    }

    [Fact]
    public async Task A_database_that_cannot_be_opened_fails_its_callers_and_is_tried_again()
    {
        await CreateAsync(A, Own);
        _disks.Opening = _ => throw new TallystickException("No such disk.");
        Assert.Equal("No such disk.", (await Assert.ThrowsAsync<TallystickException>(() => Store.ReadHeadAsync(A, Token).AsTask())).Message);
        _disks.Opening = null;
        Assert.Equal(LogPosition.Start, (await Store.ReadHeadAsync(A, Token)).Position);
    }

    [Fact]
    public async Task An_unknown_tenant_is_refused_before_anything_is_made_for_it()
    {
        foreach (var call in new Func<Task>[]
        {
            () => Store.ReadHeadAsync(A, Token).AsTask(), () => CommitAsync(A), () => Store.WaitForPositionAsync(A, LogPosition.Of(1), Token).AsTask(),
        })
        {
            Assert.Contains("There is no tenant 'a'", (await Assert.ThrowsAsync<TallystickException>(call)).Message, StringComparison.Ordinal);
        }

        await Assert.ThrowsAsync<ArgumentException>(() => Store.ReadHeadAsync(default, Token).AsTask());
        Assert.Empty(_disks.Names);
        Assert.Equal(LogPosition.Start, (await _main.ReadHeadAsync(A, Token)).Position);
    }

    [Fact]
    public async Task A_database_is_closed_after_idling_and_opened_again_with_all_that_it_had()
    {
        await CreateAsync(A, Own);
        await WriteAsync(A, "before");
        await AdvanceUntilClosedAsync(TimeSpan.FromMinutes(5));
        Assert.Equal((0, 1), (_disks.OpenNow, _disks.OpenedTimes("a")));
        Assert.Equal("before", (await (await _world.Tenants.GetAsync(A, Token)).StateOf<Note>(Stream).NowAsync(Token)).State.Text);
        Assert.Equal((1, 2), (_disks.OpenNow, _disks.OpenedTimes("a")));
    }

    [Fact]
    public async Task A_database_is_not_closed_while_somebody_waits_for_a_signal_there()
    {
        await CreateAsync(A, Own);
        await CreateAsync(B, Own);
        var waits = Store.WaitForPositionAsync(A, LogPosition.Of(1), Token).AsTask();
        await WriteAsync(B, "b");
        await AdvanceUntilClosedAsync(TimeSpan.FromMinutes(6));
        Assert.Equal((1, 1, 1), (_disks.OpenNow, _disks.OpenedTimes("a"), _disks.OpenedTimes("b")));
        await WriteAsync(A, "now");
        await waits.WaitAsync(Soon, Token);
    }

    [Fact]
    public async Task No_more_are_open_than_may_be_and_the_least_recently_used_goes_first()
    {
        foreach (var name in (string[])["t1", "t2", "t3", "t4"])
            await CreateAsync(TenantId.Parse(name), Own);
        foreach (var name in (string[])["t1", "t2", "t3", "t1", "t4", "t1", "t3"])
            await Store.ReadHeadAsync(TenantId.Parse(name), Token);
        Assert.Equal((3, 3), (_disks.OpenMost, _disks.OpenNow));
        Assert.Equal((1, 1, 1, 1), (_disks.OpenedTimes("t1"), _disks.OpenedTimes("t2"), _disks.OpenedTimes("t3"), _disks.OpenedTimes("t4")));
        await Store.ReadHeadAsync(TenantId.Parse("t2"), Token);
        Assert.Equal((3, 2), (_disks.OpenMost, _disks.OpenedTimes("t2")));
    }

    [Fact]
    public async Task Who_finds_all_in_use_waits_for_one_and_fails_as_transient_if_none_becomes_free()
    {
        using var done = new CancellationTokenSource();
        var waits = new List<Task>();
        foreach (var name in (string[])["t1", "t2", "t3", "t4"])
            await CreateAsync(TenantId.Parse(name), Own);
        foreach (var name in (string[])["t1", "t2", "t3"])
            waits.Add(Store.WaitForPositionAsync(TenantId.Parse(name), LogPosition.Of(1), done.Token).AsTask());
        var late = Store.ReadHeadAsync(TenantId.Parse("t4"), Token).AsTask();
        await _world.Time.WhenAwaitedAsync(Token).WaitAsync(Soon, Token);
        _world.Time.Advance(TimeSpan.FromSeconds(30));
        var error = await Assert.ThrowsAsync<TallystickException>(() => late.WaitAsync(Soon, Token));
        Assert.True(error.IsTransient);
        Assert.Contains("OpenDatabasesMax", error.Message, StringComparison.Ordinal);

        var next = Store.ReadHeadAsync(TenantId.Parse("t4"), Token).AsTask();
        await done.CancelAsync();
        await next.WaitAsync(Soon, Token);
        Assert.Equal(3, _disks.OpenMost);
        foreach (var wait in waits)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait.WaitAsync(Soon, Token));
    }

    [Fact]
    public async Task Many_callers_of_more_tenants_than_may_be_open_lose_nothing()
    {
        var tenants = Enumerable.Range(0, 12).Select(i => TenantId.Parse($"t{i}")).ToArray();
        foreach (var tenant in tenants)
            await CreateAsync(tenant, Own);
        await _world.Runtime.StartAsync(Token);
        await Task.WhenAll(tenants.Select((tenant, i) => Task.Run(
            async () =>
            {
                for (var turn = 0; turn < 30; turn++)
                    Assert.IsType<CommandResult.Accepted>(await WriteAsync(tenant, $"{turn}"));
            },
            Token))).WaitAsync(Soon, Token);
        Assert.InRange(_disks.OpenMost, 1, 3);
        foreach (var tenant in tenants)
            Assert.Equal(30, (await _disks.Find(tenant.Value)!.ReadStreamVersionAsync(tenant, Stream, Token)).Value);
    }

    [Fact]
    public async Task A_commit_that_meets_a_fence_waits_for_the_move_and_is_made_at_the_new_place()
    {
        await CreateAsync(A, Own);
        await WriteAsync(A, "before");
        await TellAsync(A, new TenantCommand.BeginMove(Shard));
        await _disks.Find("a")!.CommitAsync(Commit.For(A).Fence("moving"), Token);
        await _disks.Open("eu-2").DisposeAsync();

        var waits = CommitAsync(A);
        Assert.False(waits.IsCompleted);
        await _disks.Find("eu-2")!.CommitAsync(Commit.For(A).Adopt((await _disks.Find("a")!.ReadLogAsync(A, new LogRead(default, 10), Token)).Events), Token);
        await _world.ReportAsync(A, new TenantCommand.SwitchMove());

        Assert.Equal(2, Assert.IsType<CommitResult.Committed>(await waits.WaitAsync(Soon, Token)).Position.Value);
        Assert.Equal(2, (await _disks.Find("eu-2")!.ReadHeadAsync(A, Token)).Position.Value);
        Assert.Equal(1, (await _disks.Find("a")!.ReadHeadAsync(A, Token)).Position.Value);
    }

    [Fact]
    public async Task A_fence_that_stands_too_long_is_told_to_the_caller()
    {
        await CreateAsync(A, Own);
        await TellAsync(A, new TenantCommand.BeginMove(Shard));
        await Store.CommitAsync(Commit.For(A).Fence("moving"), Token);
        var waits = CommitAsync(A);
        await _world.Time.WhenAwaitedAsync(Token).WaitAsync(Soon, Token);
        _world.Time.Advance(TimeSpan.FromSeconds(10));
        var error = await Assert.ThrowsAsync<TallystickException>(() => waits.WaitAsync(Soon, Token));
        Assert.True(error.IsTransient);
        Assert.Contains("FenceTimeout", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("moving")]
    [InlineData("copy 7")]
    public async Task A_fence_that_an_overtaken_mover_has_left_is_lifted_by_whoever_meets_it(string fence)
    {
        await CreateAsync(A, Own);
        await Store.CommitAsync(Commit.For(A).Fence(fence), Token);
        Assert.IsType<CommitResult.Committed>(await CommitAsync(A).WaitAsync(Soon, Token));
    }

    [Fact]
    public async Task Who_waits_for_a_position_is_woken_where_the_tenant_has_moved_to()
    {
        await CreateAsync(A, Own);
        var waits = Store.WaitForPositionAsync(A, LogPosition.Of(1), Token).AsTask();
        await TellAsync(A, new TenantCommand.BeginMove(Shard));
        await _world.ReportAsync(A, new TenantCommand.SwitchMove());
        await WriteAsync(A, "there");
        await waits.WaitAsync(Soon, Token);
        Assert.Equal(1, (await _disks.Find("eu-2")!.ReadHeadAsync(A, Token)).Position.Value);
    }

    [Fact]
    public async Task Two_tenants_with_the_same_ids_in_files_of_their_own_see_nothing_of_each_other()
    {
        await CreateAsync(A, Own);
        await CreateAsync(B, Own);
        await WriteAsync(A, "text-of-a");
        await WriteAsync(B, "text-of-b");
        Assert.Equal("text-of-a", (await (await _world.Tenants.GetAsync(A, Token)).StateOf<Note>(Stream).NowAsync(Token)).State.Text);
        Assert.Equal("text-of-b", (await (await _world.Tenants.GetAsync(B, Token)).StateOf<Note>(Stream).NowAsync(Token)).State.Text);
        Assert.Equal(LogPosition.Start, (await _disks.Find("a")!.ReadHeadAsync(B, Token)).Position);
        Assert.Equal(LogPosition.Start, (await _disks.Find("b")!.ReadHeadAsync(A, Token)).Position);
    }

    private async Task CreateAsync(TenantId tenant, Placement placement) =>
        Assert.IsType<CommandResult.Accepted>(await _world.Tenants.ExecuteAsync(tenant, new TenantCommand.Create($"Tenant {tenant}", placement), null, Token));

    private async Task TellAsync(TenantId tenant, TenantCommand command) =>
        Assert.IsType<CommandResult.Accepted>(await _world.Tenants.ExecuteAsync(tenant, command, null, Token));

    private async Task<CommandResult> WriteAsync(TenantId tenant, string text) =>
        await (await _world.Tenants.GetAsync(tenant, Token)).ExecuteAsync(Stream, new NoteCommand.Write(text, "x"), Token);

    private async Task<CommitResult> CommitAsync(TenantId tenant)
    {
        var serializer = _world.Get<EventSerializer>();
        return await Store.CommitAsync(Commit.For(tenant).Append(Stream, ExpectedVersion.Any, serializer.Serialize(new NoteEvent.Written("x", "y"))), Token);
    }

    private async Task AdvanceUntilClosedAsync(TimeSpan by)
    {
        await _world.Time.WhenAwaitedAsync(Token).WaitAsync(Soon, Token);
        var closed = _disks.WhenClosed;
        _world.Time.Advance(by);
        await closed.WaitAsync(Soon, Token);
    }
}
