using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using static Tallystick.Tests.Tenancy.TenancyWorld;

namespace Tallystick.Tests.Tenancy;

/// <summary>What a tenant may use. The clock stands still unless a test moves it.</summary>
public sealed class LimitTests : IAsyncDisposable
{
    private static readonly StreamId Stream = new("note", "1");

    private readonly TenancyWorld _world = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_tenant_gives_as_many_commands_as_it_may_and_is_told_when_to_come_again()
    {
        var (a, b) = (await _world.NewTenantAsync(A), await _world.NewTenantAsync(B));
        await SetAsync(A, new TenantLimits(CommandsPerSecond: 4));
        for (var i = 0; i < 4; i++)
            Assert.IsType<CommandResult.Accepted>(await WriteAsync(a));
        Assert.Equal(new CommandResult.TooMany(4, TimeSpan.FromMilliseconds(250)), await WriteAsync(a));
        Assert.Equal(4, (await _world.Store.ReadHeadAsync(A, Token)).Position.Value);
        for (var i = 0; i < 20; i++)
            Assert.IsType<CommandResult.Accepted>(await WriteAsync(b));

        _world.Time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.IsType<CommandResult.Accepted>(await WriteAsync(a));
        Assert.IsType<CommandResult.TooMany>(await WriteAsync(a));
        _world.Time.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 4; i++)
            Assert.IsType<CommandResult.Accepted>(await WriteAsync(a));
        Assert.IsType<CommandResult.TooMany>(await WriteAsync(a));
    }

    [Fact]
    public async Task A_limit_below_one_lets_a_command_through_from_time_to_time()
    {
        var a = await _world.NewTenantAsync(A);
        await SetAsync(A, new TenantLimits(CommandsPerSecond: 0.1));
        Assert.IsType<CommandResult.Accepted>(await WriteAsync(a));
        Assert.Equal(TimeSpan.FromSeconds(10), Assert.IsType<CommandResult.TooMany>(await WriteAsync(a)).RetryAfter);
        _world.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.IsType<CommandResult.Accepted>(await WriteAsync(a));
    }

    [Fact]
    public async Task Limits_that_another_node_sets_hold_here_from_the_next_look_up_on()
    {
        await using var other = new TenancyWorld(_world.Store);
        await _world.NewTenantAsync(A);
        await other.Tenants.ExecuteAsync(A, new TenantCommand.SetLimits(new TenantLimits(CommandsPerSecond: 1, QueueShare: 7)), null, Token);
        var a = await _world.Tenants.GetAsync(A, Token);
        Assert.IsType<CommandResult.Accepted>(await WriteAsync(a));
        Assert.IsType<CommandResult.TooMany>(await WriteAsync(a));
        Assert.Equal(7, _world.Get<TenantShares>().Of(A));
        Assert.Equal(1, _world.Get<TenantShares>().Of(B));
    }

    [Fact]
    public async Task Tenants_without_limits_of_their_own_have_the_applications()
    {
        await using var world = new TenancyWorld(
            configure: app => app.ConfigureTenants(options => options with { Limits = new TenantLimits(CommandsPerSecond: 1, QueueShare: 2) }));
        var (a, b) = (await world.NewTenantAsync(A), await world.NewTenantAsync(B));
        await world.Tenants.ExecuteAsync(A, new TenantCommand.SetLimits(new TenantLimits(CommandsPerSecond: 2)), null, Token);
        Assert.IsType<CommandResult.Accepted>(await WriteAsync(a));
        Assert.IsType<CommandResult.Accepted>(await WriteAsync(a));
        Assert.IsType<CommandResult.TooMany>(await WriteAsync(a));
        Assert.IsType<CommandResult.Accepted>(await WriteAsync(b));
        Assert.IsType<CommandResult.TooMany>(await WriteAsync(b));
        Assert.Equal((2, 2), (world.Get<TenantShares>().Of(A), world.Get<TenantShares>().Of(B)));
        Assert.Throws<ArgumentException>(() => new TenantOptions { Limits = new TenantLimits(QueueShare: 0) }.Check());
    }

    [Fact]
    public async Task A_tenant_that_has_stored_as_much_as_it_may_stores_no_more_until_it_may()
    {
        var (a, b) = (await _world.NewTenantAsync(A), await _world.NewTenantAsync(B));
        var once = new CommandConditions(IdempotencyKey: new IdempotencyKey("once"));
        Assert.IsType<CommandResult.Accepted>(await a.ExecuteAsync(Stream, new NoteCommand.Write("x", "y"), once, Token));
        var stored = (await _world.Store.ReadTenantAsync(A, Token)).StoredBytes;
        await SetAsync(A, new TenantLimits(StoredBytes: stored));

        Assert.Equal(new CommandResult.StorageFull(stored, stored), await WriteAsync(a));
        Assert.True(Assert.IsType<CommandResult.Accepted>(await a.ExecuteAsync(Stream, new NoteCommand.Write("x", "y"), once, Token)).IsReplay);
        var added = a.BeginCommit().Append(Stream, ExpectedVersion.Any, a.NewEvent(new NoteEvent.Erased()));
        var error = await Assert.ThrowsAsync<LimitExceededException>(() => a.CommitAsync(added, Token).AsTask());
        Assert.Equal((nameof(TenantLimits.StoredBytes), stored, stored), (error.Limit, error.Value, error.Maximum));
        Assert.IsType<CommitResult.Committed>(await a.CommitAsync(a.BeginCommit().Change(new DocumentChange.Delete(new CollectionId("own", 1), "1")), Token));
        Assert.Equal(stored, (await _world.Store.ReadTenantAsync(A, Token)).StoredBytes);
        Assert.IsType<CommandResult.Accepted>(await WriteAsync(b));

        await SetAsync(A, new TenantLimits(StoredBytes: stored + 1));
        Assert.IsType<CommandResult.Accepted>(await WriteAsync(a));
        Assert.IsType<CommandResult.StorageFull>(await WriteAsync(a));
    }

    private async Task SetAsync(TenantId tenant, TenantLimits limits) =>
        Assert.IsType<CommandResult.Accepted>(await _world.Tenants.ExecuteAsync(tenant, new TenantCommand.SetLimits(limits), null, Token));

    private static ValueTask<CommandResult> WriteAsync(Tenant tenant) => tenant.ExecuteAsync(Stream, new NoteCommand.Write("x", "y"), Token);
}
