using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>
/// What a projection makes of events: given events, then documents. The events go through a store (in memory, unless another is named) and are
/// folded by the engine that runs in production; documents are read, and queried by index, as the application reads them. Each step gives a
/// new value, so that specifications can share their beginning.
/// </summary>
/// <remarks>
/// Checked with every expectation, as a failure of its own: folding the events one by one gives the same documents as folding them in one batch.
/// </remarks>
public sealed class ProjectionSpecification
{
    private readonly Func<Projection> _make;
    private readonly Story _story;
    private readonly ImmutableArray<GivenEvents> _given;
    private readonly ImmutableArray<Upcaster> _upcasters;
    private readonly Func<StoreOptions, IStore>? _open;
    private readonly DateTimeOffset _time;
    private readonly EventMetadata _metadata;

    internal ProjectionSpecification(Func<Projection> make, string opening)
        : this(make, Story.Of(opening), [], [], null, SpecificationClock.Start, EventMetadata.None)
    {
    }

    private ProjectionSpecification(
        Func<Projection> make, Story story, ImmutableArray<GivenEvents> given, ImmutableArray<Upcaster> upcasters, Func<StoreOptions, IStore>? open,
        DateTimeOffset time, EventMetadata metadata) =>
        (_make, _story, _given, _upcasters, _open, _time, _metadata) = (make, story, given, upcasters, open, time, metadata);

    /// <summary>Reads older shapes of events too, by these upcasters.</summary>
    public ProjectionSpecification With(params Upcaster[] upcasters) => new(
        _make, _story.With(Story.Call("With", upcasters.Select(upcaster => $"new {CSharpText.TypeName(upcaster.GetType())}()"))), _given,
        [.. _upcasters, .. upcasters], _open, _time, _metadata);

    /// <summary>Goes through another store than the one in memory; each expectation opens a new one, which must be empty, and disposes it.</summary>
    /// <param name="open">Opens it, with the specification's clock in the options.</param>
    public ProjectionSpecification On(Func<StoreOptions, IStore> open) => new(_make, _story.With(".On(…)"), _given, _upcasters, open, _time, _metadata);

    /// <summary>The events that follow are stored at this time. At first it is midnight (UTC) of 1 January 2026.</summary>
    public ProjectionSpecification At(DateTimeOffset time) =>
        new(_make, _story.With(Story.Call("At", CSharpText.Of(time))), _given, _upcasters, _open, time, _metadata);

    /// <summary>The events that follow carry this metadata. At first there is none.</summary>
    public ProjectionSpecification From(EventMetadata metadata) =>
        new(_make, _story.With(Story.Call("From", CSharpText.Of(metadata))), _given, _upcasters, _open, _time, metadata);

    /// <summary>These events have happened in a stream.</summary>
    /// <param name="stream">The stream, such as <c>order-42</c>.</param>
    /// <param name="events">The events, in their order.</param>
    public ProjectionSpecification Given(string stream, params object[] events) => new(
        _make, _story.With(Story.Call("Given", Story.Values(events).Prepend(CSharpText.Of(stream)))),
        _given.Add(new GivenEvents(GivenEvents.Parse(stream, "Given"), _time, _metadata, [.. events])), _upcasters, _open, _time, _metadata);

    /// <summary>There is a document, equal to this one part by part.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="expected">The document.</param>
    /// <param name="collection">The collection's stored name; needed only if several have documents of this type.</param>
    /// <exception cref="CheckFailedException">There is none, or another.</exception>
    public ProjectionSpecification ThenDocument<TDocument>(string key, TDocument expected, string? collection = null)
        where TDocument : class
    {
        var call = Story.Call("ThenDocument", [CSharpText.Of(key), CSharpText.Of(expected, typeof(TDocument))]);
        var (actual, keys) = Fold(call, fold => fold.FindAsync<TDocument>(key, collection));
        if (actual is null)
            throw _story.Failure(call, $"A document with the key \"{key}\" was expected, but there is none. {Listing(keys)}");
        var difference = Difference.Between(expected, actual);
        return difference.IsEmpty ? Continued(call) : throw _story.Failure(
            call, $"Another document was expected under the key \"{key}\".\n{CSharpText.Indented(difference.ToString(), "  ")}",
            Story.Call("ThenDocument", [CSharpText.Of(key), CSharpText.Of(actual, typeof(TDocument))]));
    }

    /// <summary>There is no document with this key.</summary>
    /// <exception cref="CheckFailedException">There is one.</exception>
    public ProjectionSpecification ThenNoDocument<TDocument>(string key, string? collection = null)
        where TDocument : class
    {
        var call = Story.Call($"ThenNoDocument<{CSharpText.TypeName(typeof(TDocument))}>", CSharpText.Of(key));
        return Fold(call, fold => fold.FindAsync<TDocument>(key, collection)).Value is { } actual
            ? throw _story.Failure(call, $"No document with the key \"{key}\" was expected, but there is {CSharpText.Brief(actual, typeof(TDocument))}")
            : Continued(call);
    }

    /// <summary>There are exactly these documents of a type, in the order of their keys, whatever order they are named in.</summary>
    /// <exception cref="CheckFailedException">There are others, or some are missing.</exception>
    public ProjectionSpecification ThenDocuments<TDocument>(params (string Key, TDocument Document)[] expected)
        where TDocument : class
    {
        var call = Story.Call(expected.Length == 0 ? $"ThenDocuments<{CSharpText.TypeName(typeof(TDocument))}>" : "ThenDocuments", expected.Select(one => CSharpText.Of(one)));
        var actual = Fold(call, fold => fold.AllAsync<TDocument>(null, query => query));
        var difference = Difference.Between(expected.ToImmutableDictionary(one => one.Key, one => one.Document), actual.ToImmutableDictionary());
        return difference.IsEmpty ? Continued(call) : throw _story.Failure(
            call, $"Other documents were expected.\n{CSharpText.Indented(difference.ToString(), "  ")}",
            Story.Call(actual.IsEmpty ? $"ThenDocuments<{CSharpText.TypeName(typeof(TDocument))}>" : "ThenDocuments", actual.Select(one => CSharpText.Of((one.Key, one.Value)))));
    }

    /// <summary>A query over the declared indexes finds exactly these documents, in this order.</summary>
    /// <param name="query">The query, all of whose pages are read.</param>
    /// <param name="expectedKeys">The keys of the documents that it finds.</param>
    /// <exception cref="CheckFailedException">It finds others, or an index isn't declared.</exception>
    public ProjectionSpecification ThenQuery<TDocument>(
        Func<ReadModelQuery<TDocument>, ReadModelQuery<TDocument>> query, params string[] expectedKeys)
        where TDocument : class
    {
        ArgumentNullException.ThrowIfNull(query);
        var call = Story.Call($"ThenQuery<{CSharpText.TypeName(typeof(TDocument))}>", Story.Values(expectedKeys).Prepend("query => …"));
        var actual = Fold(call, fold => fold.AllAsync(null, query)).Select(one => one.Key).ToArray();
        var difference = Difference.Between(expectedKeys, actual);
        return difference.IsEmpty ? Continued(call) : throw _story.Failure(
            call, $"The query was expected to find other documents.\n{CSharpText.Indented(difference.ToString(), "  ")}",
            Story.Call($"ThenQuery<{CSharpText.TypeName(typeof(TDocument))}>", Story.Values(actual).Prepend("query => …")));
    }

    private ProjectionSpecification Continued(string call) => new(_make, _story.With(call), _given, _upcasters, _open, _time, _metadata);

    private T Fold<T>(string call, Func<ProjectionFold, Task<T>> ask)
    {
        try
        {
            return SingleThread.Run(async () =>
            {
                var (result, documents) = await FoldAsync(_given.Sum(given => given.Events.Length) + 1, ask);
                var (_, one) = await FoldAsync(1, _ => Task.FromResult(0));
                var difference = Difference.Between(documents, one);
                return difference.IsEmpty ? result : throw new CheckFailedException(
                    "Folding the events one by one gives other documents than folding them in one batch: a handler depends on more than the event and "
                    + $"the documents, such as a field of the projection or the time.\n{CSharpText.Indented(difference.ToString(), "  ")}");
            });
        }
        catch (CheckFailedException failure)
        {
            throw _story.Failure(call, failure.Message, null, failure.InnerException);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw _story.Failure(call, error.Message, null, error);
        }
    }

    private async Task<(T Result, ImmutableSortedDictionary<string, string> Documents)> FoldAsync<T>(int batchLength, Func<ProjectionFold, Task<T>> ask)
    {
        var projection = _make();
        var types = projection.EventTypes.Concat(_given.SelectMany(given => given.Events).Select(e => e.GetType()));
        var log = new SpecificationLog(_open).Knowing(SpecificationLog.TypesAround(types, projection.GetType().Assembly), _upcasters);
        await using var store = log.Store;
        var fold = await ProjectionFold.RunAsync(projection, log, _given, batchLength);
        return (await ask(fold), await fold.DumpAsync());
    }

    private static string Listing(ImmutableArray<string> keys) =>
        keys.IsEmpty ? "There is no document at all." : $"There are: {string.Join(", ", keys.Take(10).Select(key => $"\"{key}\""))}{(keys.Length > 10 ? ", …" : "")}.";
}
