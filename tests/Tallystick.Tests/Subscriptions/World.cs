using System.Collections.Immutable;
using System.Text;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Tests.Projections;

namespace Tallystick.Tests.Subscriptions;

/// <summary>A store with a shop in it, hosts over it, and a deadline for everything that a test awaits.</summary>
public sealed class World : IAsyncDisposable
{
    public static readonly TenantId Acme = TenantId.Parse("acme");
    public static readonly TenantId Umbrella = TenantId.Parse("umbrella");

    /// <summary>No delay before a retry.</summary>
    public static readonly SubscriptionOptions Impatient = new() { RetryDelayFirst = TimeSpan.Zero, RetryDelayMax = TimeSpan.Zero };

    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(120));
    private readonly List<SubscriptionHost> _hosts = [];

    public World() => Serializer = new EventSerializer(
        new EventTypes([typeof(OrderPlaced), typeof(LineAdded), typeof(OrderConfirmed), typeof(OrderCancelled), typeof(Noise), typeof(Echoed)], []),
        new IdGenerator(TimeProvider.System, Entropy.System));

    public IStore Store { get; } = new InMemoryStore();

    public EventSerializer Serializer { get; }

    /// <summary>Ends a test that would hang.</summary>
    public CancellationToken Soon => _deadline.Token;

    public async Task<LogPosition> AppendAsync(TenantId tenant, string order, params object[] events)
    {
        var commit = Commit.For(tenant).Append(new StreamId("order", order), ExpectedVersion.Any, events.Select(Serializer.Serialize).ToImmutableArray());
        return (await Store.CommitAsync(commit, Soon)).Demand().Position;
    }

    public Task<LogPosition> AppendAsync(string order, params object[] events) => AppendAsync(Acme, order, events);

    /// <summary>Appends a mixed history of some orders, the same for the same seed.</summary>
    public async Task<LogPosition> AppendHistoryAsync(int orders, int seed = 1, string prefix = "o")
    {
        var last = LogPosition.Start;
        for (var i = 0; i < orders; i++)
            last = await AppendAsync(prefix + i, new OrderPlaced($"c{i % 3}", i));
        for (var i = 0; i < orders * 3; i++)
        {
            var order = prefix + ((i * 7 + seed) % orders);
            last = await AppendAsync(order, (i % 4) switch
            {
                0 => new OrderConfirmed(),
                1 => new Noise(i),
                _ => new LineAdded(i + 1),
            });
        }

        return await AppendAsync(prefix + "0", new OrderCancelled());
    }

    public SubscriptionHost Host(Projection projection, SubscriptionOptions? options = null, IStore? store = null) =>
        Host([projection], [], options, store);

    public SubscriptionHost Host(
        IEnumerable<Projection> projections, IEnumerable<Subscription> subscriptions, SubscriptionOptions? options = null, IStore? store = null)
    {
        var host = new SubscriptionHost(store ?? Store, Serializer, projections, subscriptions, options ?? Impatient);
        host.AddTenant(Acme);
        _hosts.Add(host);
        return host;
    }

    public async Task<SubscriptionHost> StartAsync(Projection projection, SubscriptionOptions? options = null, IStore? store = null)
    {
        var host = Host(projection, options, store);
        await host.StartAsync(Soon);
        return host;
    }

    public Task<SubscriptionStatus> ReachesAsync(SubscriptionHost host, string name, LogPosition position, TenantId? tenant = null) =>
        host.WaitForStatusAsync(tenant ?? Acme, name, status => status.State == SubscriptionState.Live && status.Position >= position, Soon);

    public Task<SubscriptionStatus> IsAsync(SubscriptionHost host, string name, SubscriptionState state) =>
        host.WaitForStatusAsync(Acme, name, status => status.State == state, Soon);

    public ReadModels<T> Models<T>(Projection projection, TimeProvider? time = null, IStore? store = null, TenantId? tenant = null)
        where T : class =>
        new ReadModelCatalog(store ?? Store, Serializer, [projection], time).For<T>(tenant ?? Acme);

    /// <summary>The active documents of a collection as text, with their index values and positions.</summary>
    public async Task<string> RowsAsync(string collection, TenantId? tenant = null)
    {
        var page = await Store.QueryDocumentsAsync(tenant ?? Acme, new DocumentQuery(collection) { Limit = Store.Limits.PageLengthMax }, Soon);
        Assert.Null(page.Next);
        return Text(page.Items);
    }

    public async Task<string> RowsAsync(string collection, int generation)
    {
        var query = new DocumentQuery(collection) { Generation = generation, Limit = Store.Limits.PageLengthMax };
        return Text((await Store.QueryDocumentsAsync(Acme, query, Soon)).Items);
    }

    /// <summary>The whole log of a tenant.</summary>
    public async Task<ImmutableArray<RecordedEvent>> LogAsync(TenantId? tenant = null) =>
        (await Store.ReadLogAsync(tenant ?? Acme, new LogRead(LogPosition.Start, Store.Limits.PageLengthMax), Soon)).Events;

    /// <summary>What <see cref="OrderSummaries"/> must hold: a plain fold of the log, without the engine.</summary>
    public async Task<string> ExpectedOrdersAsync(Func<RecordedEvent, bool>? leaveOut = null)
    {
        var orders = new SortedDictionary<string, (OrderSummary Order, LogPosition At)>(StringComparer.Ordinal);
        foreach (var recorded in await LogAsync())
        {
            if (leaveOut?.Invoke(recorded) == true || Serializer.Types.Find(recorded.Type) is null)
                continue;
            var key = recorded.Stream.Key;
            var present = orders.GetValueOrDefault(key).Order;
            var next = Serializer.Deserialize(recorded) switch
            {
                OrderPlaced e => new OrderSummary(key, e.Customer, OrderStatus.Draft, e.Total),
                LineAdded e => present! with { Total = present.Total + e.Amount },
                OrderConfirmed => present! with { Status = OrderStatus.Confirmed },
                OrderCancelled => null,
                _ => present,
            };
            if (next is null)
                orders.Remove(key);
            else if (next != present)
                orders[key] = (next, recorded.Position);
        }

        return string.Join('\n', orders.Select(pair => $"{pair.Key} {pair.Value.Order}"));
    }

    /// <summary>The rows of <see cref="OrderSummaries"/> in the same form.</summary>
    public async Task<string> OrdersAsync(string collection = "order-summaries")
    {
        var page = await Store.QueryDocumentsAsync(Acme, new DocumentQuery(collection) { Limit = Store.Limits.PageLengthMax }, Soon);
        return string.Join('\n', page.Items.OrderBy(item => item.Key, StringComparer.Ordinal).Select(item =>
            $"{item.Key} {System.Text.Json.JsonSerializer.Deserialize<OrderSummary>(item.Body.Span, EventSerializer.DefaultOptions)}"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.StopAsync(CancellationToken.None);
        await Store.DisposeAsync();
        _deadline.Dispose();
    }

    private static string Text(ImmutableArray<Document> items) => string.Join('\n', items.Select(item =>
        $"{item.Key} {Encoding.UTF8.GetString(item.Body.Span)} {string.Join(' ', item.Index.Select(entry => $"{entry.Name}={entry.Value}"))} @{item.Position}"));
}
