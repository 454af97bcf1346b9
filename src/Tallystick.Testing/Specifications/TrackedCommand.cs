using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>An event that a command caused, itself or through a subscription.</summary>
/// <param name="Recorded">The event as it is stored.</param>
/// <param name="Event">The event as today's type.</param>
/// <param name="CausedBy">The event to which a subscription reacted by it; null if the command caused it itself.</param>
public sealed record TrackedEvent(RecordedEvent Recorded, object Event, TrackedEvent? CausedBy);

/// <summary>A document that events of a command have changed. Documents that were deleted leave no trace.</summary>
/// <param name="Collection">The collection's stored name.</param>
/// <param name="Key">The document's key.</param>
/// <param name="Position">The last event that changed it.</param>
/// <param name="Value">The document.</param>
public sealed record TrackedDocument(string Collection, string Key, LogPosition Position, object Value);

/// <summary>A command, and what it has caused until everything settled.</summary>
public sealed class TrackedCommand
{
    private TrackedCommand(CommandResult result, ImmutableArray<TrackedEvent> events, ImmutableArray<RecordedEvent> others, ImmutableArray<TrackedDocument> documents) =>
        (Result, Events, Others, Documents) = (result, events, others, documents);

    /// <summary>What became of the command itself.</summary>
    public CommandResult Result { get; }

    /// <summary>The events that it caused, itself and through subscriptions, in the order of the log.</summary>
    public ImmutableArray<TrackedEvent> Events { get; }

    /// <summary>Events that were stored in the meantime and don't say that they were caused by it.</summary>
    public ImmutableArray<RecordedEvent> Others { get; }

    /// <summary>The documents whose last change came from one of the events.</summary>
    public ImmutableArray<TrackedDocument> Documents { get; }

    /// <summary>It caused exactly these events, in the order of the log.</summary>
    /// <exception cref="CheckFailedException">It caused others.</exception>
    public TrackedCommand ThenEvents(params StreamEvents[] expected)
    {
        var wanted = expected.SelectMany(one => one.Events.Select(e => (Stream: one.Stream.ToString(), Event: e))).ToArray();
        var difference = Difference.Between(wanted, Events.Select(e => (Stream: e.Recorded.Stream.ToString(), e.Event)).ToArray());
        return difference.IsEmpty ? this : throw new CheckFailedException(
            $"Other events were expected to be caused; the command's result is {Result}.\n{CSharpText.Indented(difference.ToString(), "  ")}\n\nThis would hold:\n    "
            + Story.Call("ThenEvents", Events.Select(e => new StreamEvents(e.Recorded.Stream, [e.Event]).ToString()))
            + (Others.IsEmpty ? "" : "\n\nStored in the meantime, but not said to be caused by it (they were committed on the side, or by someone else):\n    "
                + string.Join("\n    ", Others.Select(e => $"{e.Type} in {e.Stream} at position {e.Position}"))));
    }

    /// <summary>It changed a document, which is now equal to this one part by part.</summary>
    /// <exception cref="CheckFailedException">It didn't change it, or it is another.</exception>
    public TrackedCommand ThenDocument<TDocument>(string key, TDocument expected)
        where TDocument : class
    {
        var changed = Documents.Where(document => document.Value is TDocument).ToArray();
        if (Array.Find(changed, document => document.Key == key) is not { } found)
        {
            throw new CheckFailedException(
                $"The command was expected to change the {CSharpText.TypeName(typeof(TDocument))} \"{key}\", but it "
                + (changed.Length == 0 ? "changed none." : $"changed only {string.Join(", ", changed.Select(one => $"\"{one.Key}\""))}."));
        }

        var difference = Difference.Between(expected, found.Value);
        return difference.IsEmpty ? this : throw new CheckFailedException(
            $"Another document was expected under the key \"{key}\".\n{CSharpText.Indented(difference.ToString(), "  ")}\n\nIt is\n{CSharpText.Of(found.Value)}");
    }

    internal static async Task<TrackedCommand> ReadAsync(
        IServiceProvider services, TenantId tenant, CommandResult result, LogPosition before, string correlation, CancellationToken cancellationToken)
    {
        var store = services.GetRequiredService<IStore>();
        var serializer = services.GetRequiredService<EventSerializer>();
        var caused = new Dictionary<Guid, TrackedEvent>();
        var (events, others) = (ImmutableArray.CreateBuilder<TrackedEvent>(), ImmutableArray.CreateBuilder<RecordedEvent>());
        foreach (var recorded in await SpecificationLog.ReadAsync(store, tenant, before, cancellationToken))
        {
            var cause = recorded.Metadata.CausationId is { } id ? caused.GetValueOrDefault(id) : null;
            if (cause is null && recorded.Metadata.CorrelationId != correlation)
            {
                others.Add(recorded);
                continue;
            }

            var tracked = new TrackedEvent(recorded, serializer.Deserialize(recorded), cause);
            events.Add(tracked);
            caused.Add(recorded.Id, tracked);
        }

        var positions = events.Select(e => e.Recorded.Position).ToHashSet();
        return new TrackedCommand(
            result, events.DrainToImmutable(), others.DrainToImmutable(), await DocumentsAsync(services, store, tenant, positions, cancellationToken));
    }

    private static async Task<ImmutableArray<TrackedDocument>> DocumentsAsync(
        IServiceProvider services, IStore store, TenantId tenant, HashSet<LogPosition> positions, CancellationToken cancellationToken)
    {
        var documents = ImmutableArray.CreateBuilder<TrackedDocument>();
        foreach (var collection in services.GetServices<Projection>().SelectMany(projection => projection.Collections))
        {
            for (var query = new DocumentQuery(collection.Name); ;)
            {
                var page = await store.QueryDocumentsAsync(tenant, query, cancellationToken);
                documents.AddRange(page.Items.Where(document => positions.Contains(document.Position)).Select(document => new TrackedDocument(
                    collection.Name, document.Key, document.Position,
                    JsonSerializer.Deserialize(document.Body.Span, collection.DocumentType, EventSerializer.DefaultOptions)!)));
                if (page.Next is null)
                    break;
                query = query with { After = page.Next };
            }
        }

        return documents.DrainToImmutable();
    }
}
