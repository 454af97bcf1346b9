using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Tenancy.Moving;
using static Tallystick.Tests.Tenancy.TenancyWorld;

namespace Tallystick.Tests.Tenancy.Databases;

/// <summary>Moves as the catalog asks for them: what a node does, what another takes up, and what operators see.</summary>
public sealed class MoverTests : IAsyncDisposable
{
    private static readonly StreamId Stream = new("note", "1");
    private static readonly Placement Own = new Placement.Dedicated("own");
    private static readonly Placement Shard = new Placement.Shared("eu-2");

    private readonly Disks _disks = new();
    private readonly InMemoryStore _main = new();
    private readonly TenancyWorld _world;

    public MoverTests() => _world = World();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("shared:main", "dedicated:own")]
    [InlineData("dedicated:own", "shared:eu-2")]
    [InlineData("shared:eu-2", "shared:main")]
    public async Task A_tenant_moves_and_its_old_copy_is_kept_until_the_move_is_confirmed(string from, string to)
    {
        await StartWithAsync(from, "before");
        await MoveAsync(to);
        Assert.Equal(to, (await RecordAsync()).Placement.ToString());
        await WriteAsync("after");
        await DemandProjectedAsync("after");
        Assert.Equal((1, TenantMove.MovedFence), await CopyAsync(from));
        Assert.Equal(1, (await RecordAsync()).Move!.Outcome!.Position);

        await TellAsync(new TenantCommand.ConfirmMove());
        await _world.CatalogTellsAsync(A, record => record.Move is { Step: MoveStep.Confirming });
        await _world.Time.WhenAwaitedAsync(Token).WaitAsync(Soon, Token);
        Assert.Equal((1, TenantMove.MovedFence), await CopyAsync(from));
        await WhenAsync(record => record.Move is null);
        Assert.Equal((0, null), await CopyAsync(from));
        Assert.True(from != "dedicated:own" || _disks.Find("a") is null);
        await DemandProjectedAsync("confirmed");
        Assert.Equal(4, (await StoreAt(to)!.ReadHeadAsync(A, Token)).Position.Value);
    }

    [Fact]
    public async Task An_undone_move_brings_everything_back_that_was_written_since()
    {
        await StartWithAsync("shared:main", "before");
        await MoveAsync("dedicated:own");
        await WriteAsync("there");
        await TellAsync(new TenantCommand.UndoMove());
        await WhenAsync(record => record.Move is null);
        Assert.Equal(Placement.Main, (await RecordAsync()).Placement);
        Assert.Null(_disks.Find("a"));
        Assert.Equal("there", (await (await _world.Tenants.GetAsync(A, Token)).StateOf<Note>(Stream).NowAsync(Token)).State.Text);
        await DemandProjectedAsync("back");
        Assert.Equal(["move-begun", "move-switched", "move-settled", "move-undoing-begun", "move-switched", "move-settled", "move-undone"], await HistoryAsync());
    }

    [Fact]
    public async Task A_move_that_cannot_be_done_is_tried_again_says_why_and_can_be_abandoned()
    {
        await StartWithAsync("shared:main", "before");
        _disks.Opening = _ => throw new TallystickException("No such disk.");
        await TellAsync(new TenantCommand.BeginMove(Shard));
        var work = await WorkAsync(work => work is { Failures: >= 2 });
        Assert.Equal("No such disk.", work.Failure);
        Assert.Equal("tenant-moving", Assert.IsType<CommandResult.Rejected>(await _world.Tenants.DeleteAsync(A, "gone", null, null, Token)).Rejection.Code);
        await DemandProjectedAsync("meanwhile");

        _disks.Opening = null;
        await TellAsync(new TenantCommand.AbandonMove());
        await WhenAsync(record => record.Move is null);
        Assert.Equal((Placement.Main, TenantStorage.None), ((await RecordAsync()).Placement, await _disks.Find("eu-2")!.ReadTenantAsync(A, Token)));
        Assert.Null((await _world.Tenants.DescribeAsync(A, Token))!.Work);
        await DemandProjectedAsync("stays");
    }

    [Fact]
    public async Task Abandoning_ends_a_mover_that_is_at_work()
    {
        await StartWithAsync("shared:main", "before");
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // A target that takes no events: the mover tries without end.
        _disks.Intercept = commit =>
        {
            if (commit.Adopted.IsEmpty)
                return null;
            reached.TrySetResult();
            throw new TallystickException("Down.", isTransient: true);
        };
        await TellAsync(new TenantCommand.BeginMove(Shard));
        await reached.Task.WaitAsync(Soon, Token);
        await TellAsync(new TenantCommand.AbandonMove());
        await WhenAsync(record => record.Move is null);
        Assert.Equal(TenantStorage.None, await _disks.Find("eu-2")!.ReadTenantAsync(A, Token));
        await DemandProjectedAsync("stays");
    }

    [Fact]
    public async Task What_a_node_has_left_at_any_step_another_takes_up()
    {
        foreach (var fails in (Func<Commit, bool>[])
        [
            commit => commit.Life is TenantChange.Fence, commit => !commit.Adopted.IsEmpty, commit => commit.Life is TenantChange.Unfence, commit => commit.Life is TenantChange.Journal,
            commit => commit.Life is TenantChange.Erase,
        ])
        {
            var disks = new Disks();
            var main = new InMemoryStore();
            var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using (var first = new TenancyWorld(main, app => disks.Add(app)))
            {
                await first.Runtime.StartAsync(Token);
                await CreateAsync(first, Own);
                await WriteAsync(first, "before");
                disks.Intercept = commit =>
                {
                    if (!fails(commit))
                        return null;
                    failed.TrySetResult();
                    throw new TallystickException("The process has died.", isTransient: true);
                };
                Assert.IsType<CommandResult.Accepted>(await first.Tenants.ExecuteAsync(A, new TenantCommand.BeginMove(Shard), null, Token));
                await Task.WhenAny(failed.Task, first.CatalogTellsAsync(A, record => record.Move is { Step: MoveStep.Settled })).WaitAsync(Soon, Token);
            }

            disks.Intercept = null;
            await using var second = new TenancyWorld(main, app => disks.Add(app));
            await second.Runtime.StartAsync(Token);
            await second.CatalogTellsAsync(A, record => record.Move is { Step: MoveStep.Settled }).WaitAsync(Soon, Token);
            await WriteAsync(second, "after");
            Assert.Equal(2, (await disks.Find("eu-2")!.ReadHeadAsync(A, Token)).Position.Value);
        }
    }

    [Fact]
    public async Task A_suspended_tenant_moves_and_stays_suspended()
    {
        await StartWithAsync("shared:main", "before");
        await TellAsync(new TenantCommand.Suspend("unpaid"));
        await MoveAsync("dedicated:own");
        Assert.Equal(new TenantLookup.Suspended(A), await _world.Tenants.FindAsync(A, Token));
        await TellAsync(new TenantCommand.Resume());
        await DemandProjectedAsync("paid");
    }

    [Fact]
    public async Task Only_the_library_says_that_a_step_of_a_move_is_done()
    {
        await StartWithAsync("shared:main", "before");
        await Assert.ThrowsAsync<ArgumentException>(() => _world.Tenants.ExecuteAsync(A, new TenantCommand.SwitchMove(), null, Token).AsTask());
        Assert.Equal("placement-unknown", Assert.IsType<CommandResult.Rejected>(
            await _world.Tenants.ExecuteAsync(A, new TenantCommand.BeginMove(new Placement.Shared("nowhere")), null, Token)).Rejection.Code);
        Assert.Equal("tenant-there", Assert.IsType<CommandResult.Rejected>(
            await _world.Tenants.ExecuteAsync(A, new TenantCommand.BeginMove(Placement.Main), null, Token)).Rejection.Code);
    }

    private TenancyWorld World() => new(_main, app => _disks.Add(app));

    private InMemoryStore? StoreAt(string place) => place switch { "shared:main" => _main, "shared:eu-2" => _disks.Find("eu-2"), _ => _disks.Find("a") };

    private async Task<(long Position, string? Fence)> CopyAsync(string place) =>
        StoreAt(place) is { } store && await store.ReadTenantAsync(A, Token) is var storage ? (storage.Position.Value, storage.Fence) : (0, null);

    private async Task StartWithAsync(string place, string text)
    {
        Assert.True(Placement.TryParse(place, out var placement));
        await _world.Runtime.StartAsync(Token);
        await CreateAsync(_world, placement);
        await DemandProjectedAsync(text);
    }

    private async Task MoveAsync(string place)
    {
        Assert.True(Placement.TryParse(place, out var placement));
        await TellAsync(new TenantCommand.BeginMove(placement));
        await _world.CatalogTellsAsync(A, record => record.Move is { Step: MoveStep.Settled }).WaitAsync(Soon, Token);
    }

    /// <summary>Waits for the catalog while time passes.</summary>
    private async Task WhenAsync(Func<TenantRecord, bool> wanted) => await WhileTimePassesAsync(_world.CatalogTellsAsync(A, wanted));

    private async Task<MoveWork> WorkAsync(Func<MoveWork, bool> wanted)
    {
        while (true)
        {
            if ((await _world.Tenants.DescribeAsync(A, Token))!.Work is { } work && wanted(work))
                return work;
            await _world.Time.WhenAwaitedAsync(Token).WaitAsync(Soon, Token);
            _world.Time.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }
    }

    private async Task WhileTimePassesAsync(Task done)
    {
        while (!done.IsCompleted)
        {
            await Task.WhenAny(done, _world.Time.WhenAwaitedAsync(Token)).WaitAsync(Soon, Token);
            if (!done.IsCompleted)
                _world.Time.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        await done;
    }

    private async Task<TenantRecord> RecordAsync() => (await _world.Tenants.DescribeAsync(A, Token))!.Record;

    private async Task<string[]> HistoryAsync() =>
    [
        .. (await _world.PlatformLogAsync()).Events.Select(e => e.Type).Where(type => type.Contains("-move-", StringComparison.Ordinal)).Select(type => type["tallystick.tenant-".Length..]),
    ];

    private async Task TellAsync(TenantCommand command) => Assert.IsType<CommandResult.Accepted>(await _world.Tenants.ExecuteAsync(A, command, User("ann"), Token));

    private Task<LogPosition> WriteAsync(string text) => WriteAsync(_world, text);

    private static async Task CreateAsync(TenancyWorld world, Placement placement) =>
        Assert.IsType<CommandResult.Accepted>(await world.Tenants.ExecuteAsync(A, new TenantCommand.Create("A", placement), null, Token));

    private static async Task<LogPosition> WriteAsync(TenancyWorld world, string text) => Assert.IsType<CommandResult.Accepted>(
        await (await world.Tenants.GetAsync(A, Token)).ExecuteAsync(Stream, new NoteCommand.Write(text, "x"), Token)).Position;

    private async Task DemandProjectedAsync(string text)
    {
        var position = await WriteAsync(text);
        var line = await (await _world.Tenants.GetAsync(A, Token)).ReadModels<NoteLine>().FindAsync("1", ReadFreshness.AtLeast(position), Token).AsTask().WaitAsync(Soon, Token);
        Assert.Equal(text, line.Value?.Text);
    }
}
