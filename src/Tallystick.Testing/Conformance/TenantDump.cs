using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Conformance;

/// <summary>
/// All that can be read of a tenant as one text, byte for byte, so that "nothing changed" and "nothing shows up" are comparisons of texts.
/// Bodies are printed as text and as hex: text to search in, hex to be exact.
/// </summary>
internal static partial class TenantDump
{
    /// <summary>What the conformance suite fills tenants with.</summary>
    public static TenantNames Names { get; } = new(["order-1", "order-2"], ["orders", "customers"], ["orders", "mailer"], ["once", "twice"], ["1", "2"], GenerationMax: 2);

    public static Task<string> OfAsync(IStore store, TenantId tenant, CancellationToken cancellationToken) => OfAsync(store, tenant, Names, cancellationToken);

    public static async Task<string> OfAsync(IStore store, TenantId tenant, TenantNames names, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        Write(text, await store.ReadHeadAsync(tenant, cancellationToken));
        var streams = new SortedSet<string>(names.Streams, StringComparer.Ordinal);
        for (var (after, page) = (LogPosition.Start, default(EventPage)); page is null || page.Through > after;)
        {
            after = page?.Through ?? after;
            page = await store.ReadLogAsync(tenant, new LogRead(after, 100), cancellationToken);
            Write(text, page.Events);
            streams.UnionWith(page.Events.Select(e => e.Stream.ToString()));
        }

        foreach (var stream in streams.Select(StreamId.Parse))
        {
            Line(text, $"{stream} {await store.ReadStreamVersionAsync(tenant, stream, cancellationToken)}");
            Write(text, await store.ReadStreamAsync(tenant, new StreamRead(stream, StreamVersion.None, 100), cancellationToken));
        }

        foreach (var collection in names.Collections)
            await WriteCollectionAsync(text, store, tenant, names, collection, cancellationToken);
        foreach (var name in names.Checkpoints)
            Line(text, $"checkpoint {name} {await store.ReadCheckpointAsync(tenant, name, cancellationToken)}");
        foreach (var lease in await store.ReadLeasesAsync(tenant, new LeaseRead("", 1000), cancellationToken))
            Write(text, lease);
        foreach (var key in names.Keys)
            Write(text, await store.FindCommitAsync(tenant, key, cancellationToken));
        return text.ToString();
    }

    public static string Of(object? result)
    {
        var text = new StringBuilder();
        switch (result)
        {
            case null: break;
            case LogHead head: Write(text, head); break;
            case ImmutableArray<RecordedEvent> events: Write(text, events); break;
            case EventPage page: Write(text, page.Events); Line(text, $"through {page.Through}"); break;
            case DocumentPage page: Write(text, page); break;
            case DocumentLookup lookup: Write(text, lookup); break;
            case ImmutableArray<LeaseState> leases: Write(text, leases); break;
            case RememberedCommit remembered: Write(text, remembered); break;
            case CommitResult.Committed committed: Write(text, committed); break;
            case TenantStorage storage: Write(text, storage); break;
            case ImmutableArray<StoredCollection> collections: Write(text, collections); break;
            case ImmutableArray<StoredCheckpoint> checkpoints: Write(text, checkpoints); break;
            case ImmutableArray<RememberedCommit> commits: Write(text, commits); break;
            case ImmutableArray<JournalEntry> entries: Write(text, entries); break;
            default: Line(text, $"{result}"); break;
        }

        return text.ToString();
    }

    private static async Task WriteCollectionAsync(
        StringBuilder text, IStore store, TenantId tenant, TenantNames names, string collection, CancellationToken cancellationToken)
    {
        for (int? generation = 0; generation <= names.GenerationMax; generation++)
        {
            var read = generation == 0 ? null : generation;
            Write(text, await store.QueryDocumentsAsync(
                tenant, new DocumentQuery(collection) { Generation = read, Limit = 1000 }, cancellationToken));
            Write(text, await store.FindDocumentsAsync(tenant, collection, read, names.Documents, cancellationToken));
        }
    }

    private static void Write(StringBuilder text, LogHead head) =>
        Line(text, $"head {head.Position} {head.Time:O} {Convert.ToHexString(head.Tree.ToBytes())}");

    private static void Write(StringBuilder text, ImmutableArray<RecordedEvent> events)
    {
        foreach (var e in events)
        {
            Line(text, $"event {e.Position} {e.Id} {e.Stream} {e.Version} {e.Type} {e.SchemaVersion} {e.Time:O} [{string.Join('|', e.Tags)}]");
            Line(text, $"  {e.Metadata} {Body(e.Payload)} {Convert.ToHexString(e.Salt.Span)} {e.PayloadHash} {Convert.ToHexString(e.TreeNodes.Span)}");
        }
    }

    private static void Write(StringBuilder text, DocumentPage page)
    {
        Line(text, $"page of generation {page.Generation} next {page.Next}");
        foreach (var document in page.Items)
            Write(text, document);
    }

    private static void Write(StringBuilder text, DocumentLookup lookup)
    {
        Line(text, $"lookup in generation {lookup.Generation}");
        foreach (var document in lookup.Items)
            Write(text, document);
    }

    private static void Write(StringBuilder text, Document? document)
    {
        var index = document is null ? "" : string.Join('|', document.Index.Select(entry => $"{entry.Name}={entry.Value}"));
        Line(text, document is null ? (FormattableString)$"  none" : $"  document {document.Key} at {document.Position} [{index}] {Body(document.Body)}");
    }

    private static void Write(StringBuilder text, RememberedCommit? remembered)
    {
        Line(text, $"remembered {remembered?.Key}");
        if (remembered is not null)
            Write(text, remembered.Result);
    }

    private static void Write(StringBuilder text, CommitResult.Committed committed)
    {
        Line(text, $"committed {committed.FirstPosition} {committed.Position} {committed.IsReplay} [{string.Join('|', committed.Streams)}]");
        foreach (var lease in committed.Leases)
            Line(text, $"  {lease}");
    }

    private static void Write(StringBuilder text, ImmutableArray<LeaseState> leases)
    {
        foreach (var lease in leases)
            Write(text, lease);
    }

    /// <summary>Without the time that is left, which changes by itself.</summary>
    private static void Write(StringBuilder text, LeaseState lease) =>
        Line(text, $"lease {lease.Name} of {lease.Owner ?? "nobody"} in epoch {lease.Epoch}");

    private static string Body(ReadOnlyMemory<byte> bytes) => $"{Encoding.UTF8.GetString(bytes.Span)} = {Convert.ToHexString(bytes.Span)}";

    private static void Line(StringBuilder text, FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
}

/// <summary>The names of what can't be listed, under which a dump looks for it.</summary>
/// <param name="Streams">Streams that may have no event.</param>
/// <param name="Collections">Collections of documents.</param>
/// <param name="Checkpoints">Checkpoints.</param>
/// <param name="Keys">Idempotency keys.</param>
/// <param name="Documents">Keys of documents to be found one by one, besides all that a query gives.</param>
/// <param name="GenerationMax">The highest generation of a collection.</param>
internal sealed record TenantNames(
    ImmutableArray<string> Streams, ImmutableArray<string> Collections, ImmutableArray<string> Checkpoints, ImmutableArray<string> Keys,
    ImmutableArray<string> Documents, int GenerationMax);
