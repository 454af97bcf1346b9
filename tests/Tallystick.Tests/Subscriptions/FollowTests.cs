using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Testing.Time;
using Tallystick.Tests.Projections;

namespace Tallystick.Tests.Subscriptions;

/// <summary>Waiting for what a subscription appends.</summary>
public sealed class FollowTests
{
    [Fact]
    public async Task A_reader_waits_until_the_subscription_has_dealt_with_the_position_and_then_for_what_it_appended()
    {
        await using var world = new World();
        var catalog = new SubscriptionCatalog(world.Store, world.Serializer, [new Echo()], TimeProvider.System);
        var placed = await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(1));
        var following = catalog.FollowAsync(typeof(Echo), World.Acme, ReadFreshness.AtLeast(placed), world.Soon).AsTask();
        Assert.False(following.IsCompleted);

        await world.Host([], [new Echo()]).StartAsync(world.Soon);
        var freshness = await following;
        var echoed = (await world.LogAsync()).Single(e => e.Stream.Category == "echo");
        Assert.True(freshness.Position >= echoed.Position, $"{freshness.Position} is before {echoed.Position}");
        Assert.True(echoed.Position > placed);
    }

    [Fact]
    public async Task A_position_of_events_that_do_not_concern_the_subscription_needs_no_wait()
    {
        await using var world = new World();
        var catalog = new SubscriptionCatalog(world.Store, world.Serializer, [new Echo()], TimeProvider.System);
        var noise = await world.AppendAsync("1", new Noise(1), new Noise(2));
        Assert.Equal(noise, (await catalog.FollowAsync(typeof(Echo), World.Acme, ReadFreshness.AtLeast(noise), world.Soon)).Position);
        Assert.Equal(ReadFreshness.Any, await catalog.FollowAsync(typeof(Echo), World.Acme, ReadFreshness.Any, world.Soon));
    }

    [Fact]
    public async Task An_event_after_the_position_is_not_waited_for()
    {
        await using var world = new World();
        var catalog = new SubscriptionCatalog(world.Store, world.Serializer, [new Echo()], TimeProvider.System);
        var noise = await world.AppendAsync("1", new Noise(1));
        var later = await world.AppendAsync("1", new LineAdded(1));
        Assert.Equal(later, (await catalog.FollowAsync(typeof(Echo), World.Acme, ReadFreshness.AtLeast(noise), world.Soon)).Position);
    }

    [Fact]
    public async Task A_subscription_that_is_behind_at_the_deadline_is_named()
    {
        await using var world = new World();
        var time = new ManualTime();
        var catalog = new SubscriptionCatalog(world.Store, world.Serializer, [new Echo()], time);
        var added = await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(1));
        var following = catalog.FollowAsync(typeof(Echo), World.Acme, ReadFreshness.AtLeast(added, TimeSpan.FromSeconds(3)), world.Soon).AsTask();
        time.Advance(TimeSpan.FromSeconds(3));
        var behind = await Assert.ThrowsAsync<ReadModelBehindException>(() => following);
        Assert.Equal(("echo", added, LogPosition.Start), (behind.Projection, behind.Wanted, behind.Reached));
    }

    [Fact]
    public async Task A_subscription_that_is_not_registered_is_refused()
    {
        await using var world = new World();
        var catalog = new SubscriptionCatalog(world.Store, world.Serializer, [], TimeProvider.System);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => catalog.FollowAsync(typeof(Echo), World.Acme, ReadFreshness.Any, world.Soon).AsTask());
    }

    /// <summary>Answers each line by an event in a stream of its own.</summary>
    private sealed class Echo : Subscription
    {
        public Echo()
            : base("echo") => On<LineAdded>((line, context, _) => new(new Verdict.Complete(
                context.BeginCommit().Append(new StreamId("echo", "1"), ExpectedVersion.Any, context.NewEvent(new Echoed((int)line.Amount))))));
    }
}
