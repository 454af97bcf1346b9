using System.Collections.Immutable;
using System.Text;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>Folds given events by the real engine, through a store, and reads the documents as the application does.</summary>
internal sealed class ProjectionFold
{
    private readonly SpecificationLog _log;
    private readonly Projection _projection;
    private readonly ReadModelCatalog _readModels;
    private LogPosition _head;

    private ProjectionFold(Projection projection, SpecificationLog log)
    {
        (_projection, _log) = (projection, log);
        _readModels = new ReadModelCatalog(log.Store, log.Serializer, [projection], log.Clock);
    }

    /// <summary>Folds all events in batches of at most so many.</summary>
    /// <exception cref="CheckFailedException">The projection stopped at an event.</exception>
    public static async Task<ProjectionFold> RunAsync(Projection projection, SpecificationLog log, IEnumerable<GivenEvents> given, int batchLength)
    {
        var fold = new ProjectionFold(projection, log);
        foreach (var events in given)
            fold._head = await log.AppendAsync(events);
        var options = new SubscriptionOptions
        {
            Time = log.Clock, RetriesMax = 0, LiveBatchLength = batchLength, CatchUpPageLength = batchLength, CatchUpBatchLength = batchLength,
        };
        await using var host = new SubscriptionHost(log.Store, log.Serializer, [projection], [], options);
        host.AddTenant(SpecificationLog.Tenant);
        await host.StartAsync(CancellationToken.None);
        var status = await host.WaitForStatusAsync(
            SpecificationLog.Tenant, projection.Name,
            one => one.State == SubscriptionState.Stopped || one.RebuildFailure is not null || IsDone(one, fold._head), CancellationToken.None);
        if ((status.Failure ?? status.RebuildFailure) is not { } failure)
            return fold;
        var recorded = (await log.Store.ReadLogAsync(SpecificationLog.Tenant, new LogRead(LogPosition.Of(failure.Position.Value - 1), 1), CancellationToken.None)).Events[0];
        throw new CheckFailedException(
            $"The projection stops at an event: {failure.Error}\n  The event is {CSharpText.Brief(log.Serializer.Deserialize(recorded), typeof(object))}\n"
            + $"  version {recorded.Version} of stream {recorded.Stream}, position {recorded.Position}");
    }

    public async Task<(TDocument? Value, ImmutableArray<string> Keys)> FindAsync<TDocument>(string key, string? collection)
        where TDocument : class
    {
        var models = For<TDocument>(collection);
        var found = (await models.FindAsync(key)).Value;
        return (found, found is null ? [.. (await AllAsync(models.Query())).Select(one => one.Key)] : []);
    }

    public Task<ImmutableArray<KeyValuePair<string, TDocument>>> AllAsync<TDocument>(
        string? collection, Func<ReadModelQuery<TDocument>, ReadModelQuery<TDocument>> query)
        where TDocument : class => AllAsync(query(For<TDocument>(collection).Query()));

    /// <summary>Every document of every collection, as it is stored: to compare two folds.</summary>
    public async Task<ImmutableSortedDictionary<string, string>> DumpAsync()
    {
        var documents = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var collection in _projection.Collections)
        {
            var query = new DocumentQuery(collection.Name);
            while (true)
            {
                var page = await _log.Store.QueryDocumentsAsync(SpecificationLog.Tenant, query, CancellationToken.None);
                foreach (var document in page.Items)
                    documents.Add($"{collection.Name}/{document.Key}", Encoding.UTF8.GetString(document.Body.Span));
                if (page.Next is null)
                    break;
                query = query with { After = page.Next };
            }
        }

        return documents.ToImmutable();
    }

    private static bool IsDone(SubscriptionStatus status, LogPosition head) =>
        status is { State: SubscriptionState.Live, Rebuild: null } && status.Position >= head;

    private static async Task<ImmutableArray<KeyValuePair<string, TDocument>>> AllAsync<TDocument>(ReadModelQuery<TDocument> query)
        where TDocument : class
    {
        var all = ImmutableArray.CreateBuilder<KeyValuePair<string, TDocument>>();
        ReadModelPage<TDocument> page;
        do
        {
            page = await query.PageAsync();
            all.AddRange(page.Items.Select(one => KeyValuePair.Create(one.Key, one.Value!)));
            query = query.After(page.Next);
        }
        while (page.Next is not null);
        return all.DrainToImmutable();
    }

    private ReadModels<TDocument> For<TDocument>(string? collection)
        where TDocument : class
    {
        try
        {
            return _readModels.For<TDocument>(SpecificationLog.Tenant, collection);
        }
        catch (InvalidOperationException error)
        {
            throw new CheckFailedException(error.Message, error);
        }
    }
}
