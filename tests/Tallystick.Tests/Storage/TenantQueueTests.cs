using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;

namespace Tallystick.Tests.Storage;

/// <summary>Who is served when, by counts alone.</summary>
public sealed class TenantQueueTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private static readonly TenantId A = TenantId.Parse("a");
    private static readonly TenantId B = TenantId.Parse("b");
    private static readonly TenantId C = TenantId.Parse("c");

    private readonly TenantShares _shares = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_tenants_items_come_in_the_order_in_which_they_were_put()
    {
        var queue = new TenantQueue<string>(100, _shares);
        foreach (var item in (string[])["a1", "a2", "b1", "a3", "b2"])
            Assert.True(queue.TryEnqueue(item[0] == 'a' ? A : B, item));
        Assert.Equal(["a1", "b1", "a2", "b2", "a3"], Take(queue, 100));
        Assert.Equal((0, 0), (queue.Count, Take(queue, 1).Count));
    }

    [Fact]
    public void One_that_floods_delays_another_by_one_item_a_turn()
    {
        var queue = new TenantQueue<string>(5000, _shares);
        for (var i = 0; i < 1000; i++)
            queue.TryEnqueue(A, "a");
        for (var i = 0; i < 10; i++)
            queue.TryEnqueue(B, "b");
        Assert.Equal(10, Take(queue, 20).Count(item => item == "b"));
        Assert.All(Take(queue, 990), item => Assert.Equal("a", item));
    }

    [Fact]
    public void A_tenant_is_served_as_often_as_its_share_says()
    {
        _shares.Set(B, 3);
        var queue = new TenantQueue<string>(5000, _shares);
        for (var i = 0; i < 500; i++)
        {
            queue.TryEnqueue(A, "a");
            queue.TryEnqueue(B, "b");
            queue.TryEnqueue(C, "c");
        }

        var taken = Take(queue, 500);
        Assert.Equal((100, 300, 100), (taken.Count(item => item == "a"), taken.Count(item => item == "b"), taken.Count(item => item == "c")));
    }

    [Fact]
    public void What_costs_more_uses_up_more_turns()
    {
        var queue = new TenantQueue<string>(5000, _shares);
        for (var i = 0; i < 1000; i++)
        {
            queue.TryEnqueue(A, "a", cost: 10);
            queue.TryEnqueue(B, "b");
        }

        Assert.InRange(Take(queue, 550).Count(item => item == "a"), 49, 51);
    }

    [Fact]
    public async Task A_full_queue_lets_in_who_has_less_than_a_share_and_makes_the_others_wait()
    {
        var queue = new TenantQueue<string>(8, _shares);
        for (var i = 0; i < 8; i++)
            Assert.True(queue.TryEnqueue(A, "a"));
        Assert.False(queue.TryEnqueue(A, "a"));
        var waits = queue.EnqueueAsync(A, "late", 1, Token).AsTask();

        Assert.True(queue.TryEnqueue(B, "b"));
        for (var i = 0; i < 3; i++)
            Assert.True(queue.TryEnqueue(B, "b"));
        Assert.False(queue.TryEnqueue(B, "b"));
        Assert.True(queue.TryEnqueue(C, "c"));
        Assert.False(waits.IsCompleted);
        Assert.Equal(13, queue.Count);

        Take(queue, 5);
        Assert.False(waits.IsCompleted);
        Take(queue, 1);
        await waits.WaitAsync(Deadline, Token);
        Assert.Equal("late", Take(queue, 100)[^1]);
    }

    [Fact]
    public void The_bound_is_twice_the_capacity_and_one_for_each_tenant()
    {
        var queue = new TenantQueue<int>(10, _shares);
        for (var tenant = 0; tenant < 50; tenant++)
        {
            for (var i = 0; i < 20; i++)
                queue.TryEnqueue(TenantId.Parse($"t{tenant}"), i);
        }

        Assert.InRange(queue.Count, 20, 20 + 50);
    }

    [Fact]
    public async Task Who_waits_for_a_place_is_let_in_in_turn_and_never_overtaken_by_its_own()
    {
        var queue = new TenantQueue<string>(1, _shares);
        queue.TryEnqueue(C, "c");
        queue.TryEnqueue(A, "a1");
        queue.TryEnqueue(B, "b1");
        Task[] waiting =
        [
            queue.EnqueueAsync(A, "a2", 1, Token).AsTask(), queue.EnqueueAsync(A, "a3", 1, Token).AsTask(),
            queue.EnqueueAsync(A, "a4", 1, Token).AsTask(), queue.EnqueueAsync(B, "b2", 1, Token).AsTask(),
        ];
        var taken = new List<string>();
        while (taken.Count < 7)
        {
            Assert.Single(Take(queue, 1));
            taken.Add(_last!);
        }

        await Task.WhenAll(waiting).WaitAsync(Deadline, Token);
        Assert.Equal(["a1", "a2", "a3", "a4"], taken.Where(item => item[0] == 'a'));
        Assert.True(taken.IndexOf("b2") < taken.IndexOf("a3"), string.Join(' ', taken));
    }

    [Fact]
    public async Task Who_gives_up_waiting_never_comes_into_the_line_and_leaves_nothing_behind()
    {
        var queue = new TenantQueue<string>(1, _shares);
        queue.TryEnqueue(A, "a1");
        using var cancelled = new CancellationTokenSource();
        var givesUp = Enumerable.Range(0, 10).Select(_ => queue.EnqueueAsync(A, "never", 1, cancelled.Token).AsTask()).ToArray();
        var waits = queue.EnqueueAsync(A, "a2", 1, Token).AsTask();
        await cancelled.CancelAsync();
        foreach (var task in givesUp)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.WaitAsync(Deadline, Token));
        Assert.Equal(["a1"], Take(queue, 10));
        await waits.WaitAsync(Deadline, Token);
        Assert.Equal(["a2"], Take(queue, 10));
    }

    [Fact]
    public async Task A_closed_queue_fails_who_waits_and_still_gives_what_is_in_line()
    {
        var queue = new TenantQueue<string>(1, _shares);
        queue.TryEnqueue(A, "a1");
        var waits = queue.EnqueueAsync(A, "a2", 1, Token).AsTask();
        queue.Close();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waits.WaitAsync(Deadline, Token));
        Assert.Throws<ObjectDisposedException>(() => queue.TryEnqueue(B, "b1"));
        Assert.Equal(["a1"], Take(queue, 10));
    }

    [Fact]
    public void The_consumer_is_woken_once_for_each_time_that_the_queue_was_empty()
    {
        var woken = 0;
        var queue = new TenantQueue<string>(10, _shares, () => woken++);
        queue.TryEnqueue(A, "a1");
        queue.TryEnqueue(B, "b1");
        Assert.Equal(1, woken);
        Take(queue, 10);
        queue.TryEnqueue(A, "a2");
        Assert.Equal(2, woken);
    }

    [Fact]
    public async Task Whatever_many_callers_do_nothing_is_lost_doubled_or_out_of_its_tenants_order()
    {
        var seed = Environment.GetEnvironmentVariable("TALLYSTICK_SEED") is { } text ? long.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : Random.Shared.NextInt64();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        const int Each = 2000;
        using var wake = new SemaphoreSlim(0);
        var queue = new TenantQueue<(TenantId Tenant, int Number)>(7, _shares, () => wake.Release());
        TenantId[] tenants = [A, B, C];
        var producers = tenants.Select((tenant, index) => Task.Run(
            async () =>
            {
                var random = new SeededEntropy(seed + index);
                for (var i = 0; i < Each; i++)
                    await queue.EnqueueAsync(tenant, (tenant, i), random.Next(1, 5), Token);
            },
            Token)).ToArray();
        var taken = new List<(TenantId Tenant, int Number)>();
        while (taken.Count < Each * tenants.Length)
        {
            if (queue.Take(taken, 3) == 0)
                Assert.True(await wake.WaitAsync(Deadline, Token), $"seed {seed}: the consumer wasn't woken after {taken.Count}.");
        }

        await Task.WhenAll(producers).WaitAsync(Deadline, Token);
        foreach (var tenant in tenants)
            Assert.Equal(Enumerable.Range(0, Each), taken.Where(item => item.Tenant == tenant).Select(item => item.Number));
    }

    private string? _last;

    private List<string> Take(TenantQueue<string> queue, int max)
    {
        var taken = new List<string>();
        Assert.Equal(queue.Take(taken, max), taken.Count);
        _last = taken.LastOrDefault();
        return taken;
    }
}
