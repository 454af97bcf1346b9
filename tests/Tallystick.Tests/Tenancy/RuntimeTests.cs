using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Stores;
using Tallystick.Tests.Commands;
using Tallystick.Tests.Subscriptions;
using static Tallystick.Tests.Tenancy.TenancyWorld;

namespace Tallystick.Tests.Tenancy;

/// <summary>A running application follows the catalog of tenants. The clock stands still unless a test moves it.</summary>
public sealed class RuntimeTests : IAsyncDisposable
{
    private readonly FaultyStore _store = new(new InMemoryStore(new StoreOptions { Entropy = new SeededEntropy(1) }));
    private readonly TenancyWorld _world;

    public RuntimeTests() => _world = new TenancyWorld(_store);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _store.Before = null;
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task A_tenant_created_while_running_is_projected_by_a_signal()
    {
        await _world.Runtime.StartAsync(Token);
        await DemandProjectedAsync(await _world.NewTenantAsync(A));
        await DemandProjectedAsync(await _world.NewTenantAsync(B));
    }

    [Fact]
    public async Task A_tenant_created_by_another_node_is_projected_too()
    {
        await using var other = new TenancyWorld(_store);
        await _world.Runtime.StartAsync(Token);
        await DemandProjectedAsync(await other.NewTenantAsync(A));
        Assert.Empty(other.Get<SubscriptionHost>().Status(A));
    }

    [Fact]
    public async Task Tenants_that_exist_already_are_projected_from_the_start_also_suspended_ones()
    {
        var tenant = await _world.NewTenantAsync(A);
        await _world.Tenants.ExecuteAsync(A, new TenantCommand.Suspend("x"), null, Token);
        await _world.Runtime.StartAsync(Token);
        await _world.Runtime.StartAsync(Token);
        await DemandProjectedAsync(tenant);
        Assert.Equal(2, _world.Get<SubscriptionHost>().Status(A).Length);
    }

    [Fact]
    public async Task A_store_that_fails_for_a_time_only_delays_a_new_tenant()
    {
        _store.Before = call => call.Operation == StoreOperation.WaitForPosition ? throw new TallystickException("Down.", isTransient: true) : ValueTask.CompletedTask;
        await _world.Runtime.StartAsync(Token);
        for (var i = 0; i < 3; i++)
        {
            await _world.Time.WhenAwaitedAsync(Token).WaitAsync(Soon, Token);
            _world.Time.Advance(TimeSpan.FromSeconds(1));
        }

        await _world.Time.WhenAwaitedAsync(Token).WaitAsync(Soon, Token);
        _store.Before = null;
        var tenant = await _world.NewTenantAsync(A);
        Assert.Empty(_world.Get<SubscriptionHost>().Status(A));
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await DemandProjectedAsync(tenant);
    }

    [Fact]
    public async Task A_store_that_fails_at_the_start_fails_the_start_which_can_be_repeated()
    {
        var tenant = await _world.NewTenantAsync(A);
        _store.Before = call => call.Operation == StoreOperation.ReadLog ? throw new TallystickException("Down.", isTransient: true) : ValueTask.CompletedTask;
        Assert.True((await Assert.ThrowsAsync<TallystickException>(() => _world.Runtime.StartAsync(Token))).IsTransient);
        _store.Before = null;
        await _world.Runtime.StartAsync(Token);
        await DemandProjectedAsync(tenant);
    }

    [Fact]
    public async Task A_start_that_is_cancelled_can_be_repeated()
    {
        var tenant = await _world.NewTenantAsync(A);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _world.Runtime.StartAsync(new CancellationToken(canceled: true)));
        await _world.Runtime.StartAsync(Token);
        await DemandProjectedAsync(tenant);
    }

    [Fact]
    public async Task Stopping_ends_everything_and_may_be_asked_again()
    {
        await _world.Runtime.StopAsync(Token);
        await using var other = new TenancyWorld(_store);
        await other.Runtime.StartAsync(Token);
        var tenant = await other.NewTenantAsync(A);
        await tenant.ExecuteAsync(new StreamId("note", "1"), new NoteCommand.Write("x", "y"), Token);
        await tenant.ReadModels<NoteLine>().FindAsync("1", ReadFreshness.AtLeast(LogPosition.Of(1)), Token).AsTask().WaitAsync(Soon, Token);

        await other.Runtime.StopAsync(Token);
        Assert.All(other.Get<SubscriptionHost>().Status(A), status => Assert.Equal(SubscriptionState.Ended, status.State));
        await other.Runtime.StopAsync(Token);
        await other.NewTenantAsync(B);
        Assert.Empty(other.Get<SubscriptionHost>().Status(B));
        await other.Runtime.DisposeAsync();
        await other.Runtime.DisposeAsync();
    }

    [Fact]
    public async Task Stopping_heeds_its_deadline_and_still_tells_everything_to_end()
    {
        var hangs = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var following = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var tenant = await _world.NewTenantAsync(A);
        var first = 1;
        _store.Before = async call =>
        {
            if (call.Operation != StoreOperation.WaitForPosition || Interlocked.Exchange(ref first, 0) == 0)
                return;
            following.SetResult();
            await hangs.Task; // A store that doesn't heed its token.
        };
        await _world.Runtime.StartAsync(Token);
        await following.Task.WaitAsync(Soon, Token);
        using var deadline = new CancellationTokenSource();
        var stopping = _world.Runtime.StopAsync(deadline.Token);
        await deadline.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopping);
        hangs.SetResult();
        await _world.Get<SubscriptionHost>().WaitForStatusAsync(A, NoteList.ListName, status => status.State == SubscriptionState.Ended, Token).WaitAsync(Soon, Token);
        Assert.Equal(A, tenant.Id);
    }

    [Fact]
    public async Task A_host_starts_and_stops_it()
    {
        var hosted = Assert.Single(_world.Get<IEnumerable<IHostedService>>());
        await hosted.StartAsync(Token);
        await DemandProjectedAsync(await _world.NewTenantAsync(A));
        await hosted.StopAsync(Token);
        Assert.All(_world.Get<SubscriptionHost>().Status(A), status => Assert.Equal(SubscriptionState.Ended, status.State));
    }

    private static async Task DemandProjectedAsync(Tenant tenant)
    {
        var result = await tenant.ExecuteAsync(new StreamId("note", "1"), new NoteCommand.Write("text", "ann"), Token);
        var position = Assert.IsType<CommandResult.Accepted>(result).Position;
        var line = await tenant.ReadModels<NoteLine>().FindAsync("1", ReadFreshness.AtLeast(position), Token).AsTask().WaitAsync(Soon, Token);
        Assert.Equal("text", line.Value?.Text);
    }
}
