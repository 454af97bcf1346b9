using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using static Tallystick.Tests.Tenancy.TenancyWorld;

namespace Tallystick.Tests.Tenancy.Databases;

/// <summary>Projections and subscriptions of tenants whose databases come and go, and the end of a tenant.</summary>
public sealed class PlacedRunnersTests : IAsyncDisposable
{
    private static readonly StreamId Stream = new("note", "1");
    private static readonly Placement Own = new Placement.Dedicated("own");
    private static readonly Placement Shard = new Placement.Shared("eu-2");

    private readonly Disks _disks = new();
    private readonly InMemoryStore _main = new();
    private readonly TenancyWorld _world;

    public PlacedRunnersTests() => _world = World();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private SubscriptionHost Host => _world.Get<SubscriptionHost>();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Projections_run_while_a_database_is_open_and_end_before_it_is_closed()
    {
        await _world.Runtime.StartAsync(Token);
        await CreateAsync(_world, A, Own);
        await DemandProjectedAsync(_world, A, "first");
        Assert.Equal(2, Host.Status(A).Length);

        await AdvanceUntilClosedAsync();
        Assert.Empty(Host.Status(A));

        await DemandProjectedAsync(_world, A, "second");
        Assert.Equal(2, _disks.OpenedTimes("a"));
    }

    [Fact]
    public async Task What_was_behind_in_a_closed_database_catches_up_after_the_start()
    {
        await CreateAsync(_world, A, Own);
        await CreateAsync(_world, B, Shard);
        foreach (var tenant in (TenantId[])[A, B])
            await WriteAsync(_world, tenant, "while nothing ran");
        await using var later = World();
        await later.Runtime.StartAsync(Token);
        foreach (var (name, tenant) in new[] { ("a", A), ("eu-2", B) })
            await _disks.Find(name)!.WaitForCheckpointAsync(tenant, NoteList.ListName, LogPosition.Of(1), Token).AsTask().WaitAsync(Soon, Token);
    }

    [Fact]
    public async Task A_database_in_which_a_projection_is_behind_is_not_closed()
    {
        await _world.Runtime.StartAsync(Token);
        await CreateAsync(_world, A, Own);
        await DemandProjectedAsync(_world, A, "x");
        await Host.WaitForStatusAsync(A, NoteList.ListName, status => status.State == SubscriptionState.Live && status.Position.Value == 1, Token).WaitAsync(Soon, Token);
        _disks.Intercept = commit => commit.Documents.IsEmpty && commit.Checkpoints.IsEmpty ? null : throw new TallystickException("Down.", isTransient: true);
        await WriteAsync(_world, A, "y");
        await Host.WaitForStatusAsync(A, NoteList.ListName, status => status.State == SubscriptionState.Retrying, Token).WaitAsync(Soon, Token);

        _world.Time.Advance(TimeSpan.FromMinutes(5));
        await Host.WaitForStatusAsync(A, NoteList.ListName, status => status.State == SubscriptionState.Retrying, Token).WaitAsync(Soon, Token);
        Assert.Equal(1, _disks.OpenNow);
        Assert.Equal(2, Host.Status(A).Length);
    }

    [Fact]
    public async Task A_moved_tenants_projections_go_on_at_the_new_place()
    {
        await _world.Runtime.StartAsync(Token);
        await CreateAsync(_world, A, Own);
        await DemandProjectedAsync(_world, A, "here");
        await TellAsync(_world, A, new TenantCommand.BeginMove(Shard));
        await _world.CatalogTellsAsync(A, record => record.Move is { Step: MoveStep.Settled }).WaitAsync(Soon, Token);
        await DemandProjectedAsync(_world, A, "there");
        Assert.NotNull(await _disks.Find("eu-2")!.ReadCheckpointAsync(A, NoteList.ListName, Token));
    }

    [Theory]
    [InlineData("dedicated:own")]
    [InlineData("shared:eu-2")]
    [InlineData("shared:main")]
    public async Task A_deleted_tenant_is_erased_after_its_time_of_grace_and_not_before(string place)
    {
        Assert.True(Placement.TryParse(place, out var placement));
        await _world.Runtime.StartAsync(Token);
        await CreateAsync(_world, A, placement);
        await CreateAsync(_world, B, placement);
        await DemandProjectedAsync(_world, A, "secret");
        await DemandProjectedAsync(_world, B, "kept");
        await _world.Tenants.DeleteAsync(A, "left", TimeSpan.FromDays(3), User("ann"), Token);
        await _world.Tenants.DeleteAsync(B, "mistake", TimeSpan.FromDays(3), User("ann"), Token);

        _world.Time.Advance(TimeSpan.FromDays(3) - TimeSpan.FromTicks(1));
        await TellAsync(_world, B, new TenantCommand.Restore());
        Assert.Equal(TenantStatus.Deleted, (await _world.Tenants.DescribeAsync(A, Token))!.Status);
        var store = placement == Placement.Main ? _main : _disks.Find(placement == Shard ? "eu-2" : "a")!;
        Assert.NotEqual(LogPosition.Start, (await store.ReadHeadAsync(A, Token)).Position);
        var erased = ErasedAsync(A);
        _world.Time.Advance(TimeSpan.FromTicks(1));
        await erased.WaitAsync(Soon, Token);

        Assert.Equal(TenantStatus.Erased, (await _world.Tenants.DescribeAsync(A, Token))!.Status);
        Assert.Equal(new TenantLookup.Unknown(A), await _world.Tenants.FindAsync(A, Token));
        if (placement == Own)
            Assert.Null(_disks.Find("a"));
        else
            Assert.Equal(TenantStorage.None, await store.ReadTenantAsync(A, Token));
        Assert.Empty(Host.Status(A));
        if (placement != Placement.Main)
            await Assert.ThrowsAsync<TallystickException>(() => _world.Get<IStore>().ReadHeadAsync(A, Token).AsTask());
        Assert.Equal("tenant-exists", Assert.IsType<CommandResult.Rejected>(
            await _world.Tenants.ExecuteAsync(A, new TenantCommand.Create("Again"), null, Token)).Rejection.Code);
        await DemandProjectedAsync(_world, B, "still there");
    }

    [Fact]
    public async Task An_erasure_that_was_interrupted_is_taken_up_by_whoever_starts_next()
    {
        await CreateAsync(_world, A, Own);
        await WriteAsync(_world, A, "secret");
        await _world.Tenants.DeleteAsync(A, "left", TimeSpan.Zero, null, Token);
        await TellAsync(_world, A, new TenantCommand.BeginErasure(_world.Time.GetUtcNow()));
        Assert.Equal("tenant-erasing", Assert.IsType<CommandResult.Rejected>(
            await _world.Tenants.ExecuteAsync(A, new TenantCommand.Restore(), null, Token)).Rejection.Code);
        var erased = ErasedAsync(A);
        await using var later = World();
        await later.Runtime.StartAsync(Token);
        await erased.WaitAsync(Soon, Token);
        Assert.Null(_disks.Find("a"));
    }

    [Fact]
    public async Task An_erasure_that_fails_is_tried_again()
    {
        await _world.Runtime.StartAsync(Token);
        await CreateAsync(_world, A, Shard);
        await WriteAsync(_world, A, "secret");
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _disks.Intercept = commit => commit.Life is null ? null : Fail();
        await _world.Tenants.DeleteAsync(A, "left", TimeSpan.Zero, null, Token);
        await failed.Task.WaitAsync(Soon, Token);
        _disks.Intercept = null;
        var erased = ErasedAsync(A);
        while (!erased.IsCompleted)
        {
            await Task.WhenAny(erased, _world.Time.WhenAwaitedAsync(Token)).WaitAsync(Soon, Token);
            _world.Time.Advance(TimeSpan.FromSeconds(30));
            await Task.Yield();
        }

        Assert.Equal(TenantStorage.None, await _disks.Find("eu-2")!.ReadTenantAsync(A, Token));

        CommitResult Fail()
        {
            failed.TrySetResult();
            throw new TallystickException("Down.", isTransient: true);
        }
    }

    private TenancyWorld World() => new(_main, app => _disks.Add(app));

    /// <summary>Completes when the catalog says that a tenant is erased.</summary>
    private async Task ErasedAsync(TenantId tenant)
    {
        var after = LogPosition.Start;
        while (true)
        {
            var page = await _main.ReadLogAsync(TenantId.Platform, new LogRead(after, 100), Token);
            if (page.Events.Any(e => e.Type == "tallystick.tenant-erased" && e.Stream.Key == tenant.Value))
                return;
            after = page.Through;
            await _main.WaitForPositionAsync(TenantId.Platform, after.Next(), Token);
        }
    }

    private async Task AdvanceUntilClosedAsync()
    {
        await _world.Time.WhenAwaitedAsync(Token).WaitAsync(Soon, Token);
        var closed = _disks.WhenClosed;
        while (!closed.IsCompleted)
        {
            _world.Time.Advance(TimeSpan.FromMinutes(5));
            await Task.WhenAny(closed, _world.Time.WhenAwaitedAsync(Token)).WaitAsync(Soon, Token);
        }
    }

    private static async Task CreateAsync(TenancyWorld world, TenantId tenant, Placement placement) =>
        Assert.IsType<CommandResult.Accepted>(await world.Tenants.ExecuteAsync(tenant, new TenantCommand.Create($"Tenant {tenant}", placement), null, Token));

    private static async Task TellAsync(TenancyWorld world, TenantId tenant, TenantCommand command) =>
        Assert.IsType<CommandResult.Accepted>(await world.Tenants.ExecuteAsync(tenant, command, null, Token));

    private static async Task<LogPosition> WriteAsync(TenancyWorld world, TenantId tenant, string text) => Assert.IsType<CommandResult.Accepted>(
        await (await world.Tenants.GetAsync(tenant, Token)).ExecuteAsync(Stream, new NoteCommand.Write(text, "x"), Token)).Position;

    private static async Task DemandProjectedAsync(TenancyWorld world, TenantId tenant, string text)
    {
        var position = await WriteAsync(world, tenant, text);
        var models = (await world.Tenants.GetAsync(tenant, Token)).ReadModels<NoteLine>();
        var line = await models.FindAsync("1", ReadFreshness.AtLeast(position), Token).AsTask().WaitAsync(Soon, Token);
        Assert.Equal(text, line.Value?.Text);
    }
}
