using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Tallystick.IntegrationTests.Orders;

namespace Tallystick.IntegrationTests.Nodes;

/// <summary>Orders that were placed through whichever node, what was answered, and the demands on what there is in the end.</summary>
internal sealed class OrderBook(NodeGroup nodes, int seed)
{
    private static readonly string[] Tenants = ["acme", "globex"];

    private readonly ConcurrentDictionary<(string Tenant, int Customer), ConcurrentQueue<string>> _orders = new();
    private readonly Dictionary<string, string> _tokens = [];
    private readonly Lock _lock = new();
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Gets the tokens, which all nodes accept, before any node is in trouble.</summary>
    public async Task SignInAsync()
    {
        foreach (var tenant in Tenants)
            _tokens[tenant] = (await nodes[0]!.AsAsync(tenant)).Token;
    }

    /// <summary>Places one order after the other, until it is cancelled. Each is repeated with its key, on another node, until it is answered.</summary>
    public async Task PlaceOrdersAsync(int customer, CancellationToken cancellationToken)
    {
        var random = new Random(HashCode.Combine(seed, customer));
        for (var number = 0; !cancellationToken.IsCancellationRequested; number++)
        {
            var tenant = Tenants[random.Next(Tenants.Length)];
            var name = CustomerName(customer);
            await DemandAsync(tenant, random, caller => caller.PostAsync("/orders", new
            {
                customerId = "demo",
                currency = "EUR",
                lines = new[] { new { sku = name, quantity = 1, unitPrice = 1.0 } },
            }, ("Idempotency-Key", $"{name}-{number}")), 201, answer =>
            {
                _orders.GetOrAdd((tenant, customer), _ => new()).Enqueue(answer.Id);
                Acknowledge();
            });
        }
    }

    /// <summary>Waits until so many orders have been acknowledged.</summary>
    public Task AcknowledgedAsync(int count, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_count >= count)
                return Task.CompletedTask;
            var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((count, waiting));
            return waiting.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Every order that was acknowledged is listed once, whatever node is asked, and for each one was told exactly once.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in Tenants)
        {
            var placed = _orders.Where(pair => pair.Key.Tenant == tenant).SelectMany(pair => pair.Value).Order(StringComparer.Ordinal).ToArray();
            Assert.Equal(placed.Length, placed.Distinct().Count());
            for (var node = 0; node < nodes.Count; node++)
            {
                var caller = new Caller(nodes[node]!, _tokens[tenant], tenant);
                // An order of its own, whose position everything before has to be shown at.
                var position = (await caller.PlaceAsync("demo")).Position;
                var listed = await AllAsync(caller, "/orders?customerId=demo&limit=100", position, "id");
                Assert.Empty(placed.Except(listed));
                Assert.Equal(listed.Count, listed.Distinct().Count());
                var told = await AllAsync(caller, "/notifications/demo?limit=100", position, "orderId");
                Assert.Equal(listed.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    private static async Task<List<string>> AllAsync(Caller caller, string path, string position, string member)
    {
        var all = new List<string>();
        for (string? after = null; ;)
        {
            var page = await FreshAsync(caller, after is null ? path : $"{path}&after={Uri.EscapeDataString(after)}", position);
            all.AddRange(page["items"]!.AsArray().Select(item => (string)item![member]!));
            after = (string?)page["next"];
            if (after is null)
                return all;
        }
    }

    /// <summary>A read model may be behind for longer than one request waits, when its work has just moved to another node.</summary>
    private static async Task<JsonObject> FreshAsync(Caller caller, string path, string position)
    {
        for (var attempt = 1; ; attempt++)
        {
            var answer = await caller.GetAsync(path, ("At-Least-Position", position));
            if ((int)answer.Status != 503 || attempt == 10)
                return answer.Is(200).Json;
        }
    }

    private async Task DemandAsync(string tenant, Random random, Func<Caller, Task<Answer>> call, int status, Action<Answer> answered)
    {
        // Not cancelled in the middle: an order that is acknowledged while the load ends counts as well.
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            if (nodes[random.Next(nodes.Count)] is not { } client)
            {
                await Task.Delay(20, TestContext.Current.CancellationToken);
                continue;
            }

            try
            {
                var answer = await call(new Caller(client, _tokens[tenant], tenant));
                if ((int)answer.Status == status)
                {
                    answered(answer);
                    return;
                }

                // Only what says that it may be tried again.
                Assert.True((int)answer.Status is 503 or 504 or 429, $"{(int)answer.Status}: {answer.Text}");
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException or ObjectDisposedException)
            {
                // The node was killed, or is paused.
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"An order was never answered: {string.Create(CultureInfo.InvariantCulture, $"tenant {tenant}")}.");
    }

    private void Acknowledge()
    {
        lock (_lock)
        {
            _count++;
            _waiting.RemoveAll(waiting => waiting.Count <= _count && waiting.Reached.TrySetResult());
        }
    }

    private static string CustomerName(int customer) => string.Create(CultureInfo.InvariantCulture, $"sku-{customer}");
}
