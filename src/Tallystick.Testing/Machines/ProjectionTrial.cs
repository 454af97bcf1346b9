using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Machines;

/// <summary>The rows that a projection came to; or why it didn't.</summary>
internal sealed record TrialResult(SortedDictionary<string, TrialRow> Rows, string? Problem)
{
    /// <summary>How the rows of another result differ from these; empty if they are the same to the last byte.</summary>
    public string DifferenceTo(TrialResult other)
    {
        if (Rows.Count == other.Rows.Count && Rows.All(row => other.Rows.TryGetValue(row.Key, out var same) && same.Stored == row.Value.Stored))
            return "";
        var difference = Difference.Between(Parts(this), Parts(other));
        return (difference.IsEmpty ? Difference.Between(Stored(this), Stored(other)) : difference).ToString();

        static object Parts(TrialResult result) => result.Rows.ToDictionary(row => row.Key, row => new { row.Value.Document, row.Value.UpToEvent });
        static object Stored(TrialResult result) => result.Rows.ToDictionary(row => row.Key, row => row.Value.Stored);
    }
}

/// <summary>A row.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Document">The document.</param>
/// <param name="UpToEvent">The last event that changed it.</param>
/// <param name="Stored">Everything that is stored of it, as text.</param>
internal sealed record TrialRow(string Key, object? Document, long UpToEvent, string Stored);

/// <summary>Lets the engine itself deliver events to a projection in one way, and reads what came of it.</summary>
internal sealed class ProjectionTrial(Func<Projection> make, EventSerializer serializer, Delivery delivery, ImmutableArray<StoryEvent> events)
{
    public static readonly TenantId Tenant = TenantId.Parse("properties");

    private readonly StoryTime _time = new();
    private int _commits;

    public async Task<TrialResult> RunAsync()
    {
        await using var store = new InMemoryStore(new StoreOptions { Time = _time, Entropy = new SeededEntropy(1) });
        var (appended, problem) = (0, (string?)null);
        SubscriptionHost? host = null;
        UnreliableStore? unreliable = null;
        foreach (var stop in delivery.Stops)
        {
            while (appended < stop)
                await AppendAsync(store, appended++);
            for (var arrived = false; !arrived && problem is null;)
            {
                if (host is null)
                    (host, unreliable) = await StartAsync(store);
                (arrived, problem) = await ArriveAsync(host, unreliable!, appended);
                if (arrived && !delivery.RestartsAtStops && problem is null)
                    continue;
                await host.StopAsync(CancellationToken.None);
                host = null;
            }
        }

        if (host is not null && problem is null && delivery.Kind == DeliveryKind.Rebuild)
            problem = await RebuildAsync(host, appended);
        if (host is not null)
            await host.StopAsync(CancellationToken.None);
        return new TrialResult(await RowsAsync(store), problem);
    }

    private async Task AppendAsync(InMemoryStore store, int number)
    {
        _time.SetToEvent(number);
        var commit = Commit.For(Tenant).Append(events[number].Stream, ExpectedVersion.Any, events[number].Stored);
        (await store.CommitAsync(commit, CancellationToken.None)).Demand();
    }

    private async Task<(SubscriptionHost Host, UnreliableStore Store)> StartAsync(InMemoryStore store)
    {
        var unreliable = new UnreliableStore(store, delivery.Fates, () => _commits++);
        // Only a process that has died must not try again; its clock's timers never ring.
        var delay = delivery.Kind == DeliveryKind.Restarts ? TimeSpan.FromHours(1) : TimeSpan.Zero;
        var options = new SubscriptionOptions
        {
            LiveBatchLength = delivery.PageLength, CatchUpPageLength = delivery.PageLength, CatchUpBatchLength = delivery.BatchLength,
            CachedDocumentsMax = delivery.CachedDocumentsMax, RetriesMax = 0, RetryDelayFirst = delay, RetryDelayMax = delay,
            Time = _time, Entropy = new SeededEntropy(2),
        };
        var host = new SubscriptionHost(unreliable, serializer, [make()], [], options);
        host.AddTenant(Tenant);
        await host.StartAsync(CancellationToken.None);
        return (host, unreliable);
    }

    /// <summary>Waits until all events are dealt with, or the process has died, or the projection has given up.</summary>
    private static async Task<(bool Arrived, string? Problem)> ArriveAsync(SubscriptionHost host, UnreliableStore store, int appended)
    {
        var name = host.Status(Tenant)[0].Name;
        var waiting = host.WaitForStatusAsync(Tenant, name, status => HasEnded(status) || IsAt(status, appended), CancellationToken.None);
        await Task.WhenAny(waiting, store.Died);
        if (store.Died.IsCompleted)
            return (false, null);
        var status = await waiting;
        return (true, status.State == SubscriptionState.Live ? null : ProblemOf(status));
    }

    private static async Task<string?> RebuildAsync(SubscriptionHost host, int appended)
    {
        var name = host.Status(Tenant)[0].Name;
        await host.RebuildAsync(Tenant, name, CancellationToken.None);
        var status = await host.WaitForStatusAsync(
            Tenant, name, status => HasEnded(status) || status.RebuildFailure is not null || (IsAt(status, appended) && status.Rebuild is null), CancellationToken.None);
        return status.State == SubscriptionState.Live && status.RebuildFailure is null ? null : ProblemOf(status);
    }

    private static bool IsAt(SubscriptionStatus status, int position) => status.State == SubscriptionState.Live && status.Position.Value >= position;

    private static bool HasEnded(SubscriptionStatus status) =>
        status.State is SubscriptionState.Stopped or SubscriptionState.Superseded or SubscriptionState.Ended;

    private static string ProblemOf(SubscriptionStatus status) => (status.Failure ?? status.RebuildFailure) is { } failure
        ? string.Create(CultureInfo.InvariantCulture, $"it stopped at event {failure.Position}, {failure.EventType}: {failure.Error}")
        : $"it is {status.State}";

    private async Task<SortedDictionary<string, TrialRow>> RowsAsync(InMemoryStore store)
    {
        var rows = new SortedDictionary<string, TrialRow>(StringComparer.Ordinal);
        foreach (var collection in make().Collections)
        {
            var query = new DocumentQuery(collection.Name) { Limit = store.Limits.PageLengthMax };
            for (DocumentCursor? after = null; ;)
            {
                var page = await store.QueryDocumentsAsync(Tenant, query with { After = after }, CancellationToken.None);
                foreach (var row in page.Items)
                    rows.Add($"{collection.Name} {row.Key}", RowOf(row, collection.DocumentType));
                if ((after = page.Next) is null)
                    break;
            }
        }

        return rows;
    }

    private static TrialRow RowOf(Document row, Type type)
    {
        var json = Encoding.UTF8.GetString(row.Body.Span);
        return new TrialRow(
            row.Key, JsonSerializer.Deserialize(json, type, EventSerializer.DefaultOptions), row.Position.Value,
            $"{json} {string.Concat(row.Index.Select(entry => $"{entry.Name}={entry.Value} "))}@{row.Position}");
    }
}
