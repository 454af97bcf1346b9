using System.Collections.Immutable;
using Tallystick.Events;

namespace Tallystick.Storage;

/// <summary>The checks of a commit that need no store: its shape and the limits.</summary>
internal static partial class CommitChecks
{
    /// <summary>Checks everything and gives the number of events, and the bytes of all payloads and bodies.</summary>
    public static (int Events, long Bytes) Check(Commit commit, StoreLimits limits)
    {
        Limit(commit.Appends.Length, limits.StreamsPerCommitMax, nameof(StoreLimits.StreamsPerCommitMax), "The commit's list of streams");
        Limit(commit.Conditions.Length, limits.ConditionsPerCommitMax, nameof(StoreLimits.ConditionsPerCommitMax), "The commit's list of conditions");
        foreach (var condition in commit.Conditions)
            Limit(condition.Query.TermCount, limits.QueryTermsMax, nameof(StoreLimits.QueryTermsMax), "A condition's query, in types and tags,");
        CheckMetadata(commit.Metadata, limits);
        var events = 0;
        long bytes = 0;
        foreach (var append in commit.Appends)
        {
            CheckStream(append, limits);
            events += append.Events.Length;
            foreach (var e in append.Events)
                bytes += CheckEvent(e, limits);
        }

        Limit(events, limits.EventsPerCommitMax, nameof(StoreLimits.EventsPerCommitMax), "The commit's list of events");
        CheckRepeatedStreams(commit.Appends);
        bytes += CheckDocuments(commit.Documents, limits) + CheckTenantLife(commit, limits);
        Limit(bytes, limits.CommitBytesMax, nameof(StoreLimits.CommitBytesMax), "The commit in bytes");
        CheckCheckpoints(commit.Checkpoints, limits);
        LeaseChecks.Check(commit, limits);
        CheckKey(commit.Key, limits);
        return (events, bytes);
    }

    private static void CheckMetadata(EventMetadata metadata, StoreLimits limits)
    {
        Limit(
            (metadata.CorrelationId?.Length ?? 0) + (metadata.TraceParent?.Length ?? 0) + (metadata.UserId?.Length ?? 0),
            limits.MetadataLengthMax, nameof(StoreLimits.MetadataLengthMax), "The commit's metadata in characters");
        Text(metadata.CorrelationId, "correlation id");
        Text(metadata.TraceParent, "traceparent");
        Text(metadata.UserId, "user id");
    }

    private static void CheckStream(StreamAppend append, StoreLimits limits)
    {
        if (append.Stream.IsDefault)
            throw new ArgumentException("A commit appends to default(StreamId), which names no stream.");
        if (append.Stream.Length > limits.StreamNameLengthMax)
        {
            throw new LimitExceededException(nameof(StoreLimits.StreamNameLengthMax), append.Stream.Length, limits.StreamNameLengthMax,
                $"The name of a stream of category {append.Stream.Category}, in characters,");
        }

        if (append.Events.IsDefault)
            throw new ArgumentException($"The append to {append.Stream} has a default list of events; pass an empty one to only demand a version.");
    }

    private static int CheckEvent(NewEvent e, StoreLimits limits)
    {
        if (string.IsNullOrWhiteSpace(e.Type))
            throw new ArgumentException($"Event {e.Id} has no type name.");
        Limit(e.Type.Length, limits.EventTypeLengthMax, nameof(StoreLimits.EventTypeLengthMax), "An event's type name in characters");
        Text(e.Type, "event type's name");
        if (e.SchemaVersion < 1)
            throw new ArgumentException($"Event {e.Type} has schema version {e.SchemaVersion}; the first is 1.");
        if (e.Payload.Length > limits.EventBytesMax)
        {
            throw new LimitExceededException(
                nameof(StoreLimits.EventBytesMax), e.Payload.Length, limits.EventBytesMax, $"The payload of an event {e.Type}, in bytes,");
        }

        if (e.Tags.IsDefaultOrEmpty)
            return e.Payload.Length;
        Limit(e.Tags.Length, limits.TagsPerEventMax, nameof(StoreLimits.TagsPerEventMax), "An event's list of tags");
        foreach (var tag in e.Tags)
        {
            if (string.IsNullOrEmpty(tag) || tag.AsSpan().IndexOfAnyInRange('\0', '\u001f') >= 0)
                throw new ArgumentException($"Event {e.Type} has a tag '{tag}' that is empty or has control characters.");
            Limit(tag.Length, limits.TagLengthMax, nameof(StoreLimits.TagLengthMax), "A tag in characters");
            Text(tag, "tag");
        }

        return e.Payload.Length;
    }

    /// <summary>One entry for each stream: two entries with different demands could never be told apart in a result.</summary>
    private static void CheckRepeatedStreams(ImmutableArray<StreamAppend> appends)
    {
        if (appends.Length < 2)
            return;
        var seen = new HashSet<StreamId>(appends.Length);
        foreach (var append in appends)
        {
            if (!seen.Add(append.Stream))
                throw new ArgumentException($"The commit names stream {append.Stream} twice; put all its events into one append.");
        }
    }

    private static long CheckDocuments(ImmutableArray<DocumentChange> changes, StoreLimits limits)
    {
        Limit(changes.Length, limits.DocumentChangesPerCommitMax, nameof(StoreLimits.DocumentChangesPerCommitMax), "The commit's list of document changes");
        long bytes = 0;
        foreach (var change in changes)
        {
            Name(change.Collection.Name, "collection", limits);
            if (change.Collection.Generation < 1)
                throw new ArgumentException($"Collection {change.Collection} has generation {change.Collection.Generation}; the first is 1.");
            if (change is DocumentChange.Delete delete)
                Key(delete.Key, limits);
            if (change is DocumentChange.Put { Document: var document })
                bytes += CheckDocument(change.Collection, document, limits);
        }

        return bytes;
    }

    private static int CheckDocument(CollectionId collection, Document document, StoreLimits limits)
    {
        Key(document.Key, limits);
        if (document.Body.Length > limits.DocumentBytesMax)
        {
            throw new LimitExceededException(nameof(StoreLimits.DocumentBytesMax), document.Body.Length, limits.DocumentBytesMax,
                $"Document '{document.Key}' of {collection}, in bytes,");
        }

        if (document.Index.IsDefault)
            throw new ArgumentException($"Document '{document.Key}' of {collection} has a default list of index values; pass an empty one.");
        Limit(document.Index.Length, limits.IndexEntriesPerDocumentMax, nameof(StoreLimits.IndexEntriesPerDocumentMax), "A document's list of index values");
        CheckRepeatedIndexes(collection, document);
        foreach (var entry in document.Index)
        {
            Name(entry.Name, "index", limits);
            if (entry.Value.Bytes.Length > limits.IndexValueBytesMax)
            {
                throw new LimitExceededException(nameof(StoreLimits.IndexValueBytesMax), entry.Value.Bytes.Length, limits.IndexValueBytesMax,
                    $"The value of document '{document.Key}' of {collection} in index '{entry.Name}', in bytes,");
            }
        }

        return document.Body.Length;
    }

    private static void CheckRepeatedIndexes(CollectionId collection, Document document)
    {
        if (document.Index.Length < 2)
            return;
        var seen = new HashSet<string>(document.Index.Length);
        foreach (var entry in document.Index)
        {
            if (!seen.Add(entry.Name))
                throw new ArgumentException($"Document '{document.Key}' of {collection} has two values in index '{entry.Name}'; give one.");
        }
    }

    /// <summary>One change for each checkpoint: the second one's expectation could mean before or after the first.</summary>
    private static void CheckCheckpoints(ImmutableArray<CheckpointChange> changes, StoreLimits limits)
    {
        Limit(changes.Length, limits.CheckpointsPerCommitMax, nameof(StoreLimits.CheckpointsPerCommitMax), "The commit's list of checkpoints");
        var seen = changes.Length < 2 ? null : new HashSet<string>(changes.Length);
        foreach (var change in changes)
        {
            Name(change.Name, "checkpoint", limits);
            if (seen?.Add(change.Name) == false)
                throw new ArgumentException($"The commit names checkpoint '{change.Name}' twice; save its last position alone.");
        }
    }

    private static void CheckKey(IdempotencyKey? key, StoreLimits limits)
    {
        if (key is null)
            return;
        if (string.IsNullOrEmpty(key.Value))
            throw new ArgumentException("The idempotency key is empty; leave it out or give it a value.");
        Limit(key.Value.Length, limits.IdempotencyKeyLengthMax, nameof(StoreLimits.IdempotencyKeyLengthMax), "The idempotency key in characters");
        Limit(key.Fingerprint.Length, limits.IdempotencyKeyLengthMax, nameof(StoreLimits.IdempotencyKeyLengthMax), "The idempotency key's fingerprint in characters");
        Text(key.Value, "idempotency key");
        Text(key.Fingerprint, "idempotency key's fingerprint");
    }

    /// <summary>Refuses a name that is empty, too long, or no text that every database gives back.</summary>
    public static void Name(string name, string what, StoreLimits limits) =>
        Name(name, what, limits.NameLengthMax, nameof(StoreLimits.NameLengthMax));

    private static void Key(string key, StoreLimits limits) =>
        Name(key, "document key", limits.DocumentKeyLengthMax, nameof(StoreLimits.DocumentKeyLengthMax));

    private static void Name(string name, string what, int lengthMax, string limit)
    {
        if (string.IsNullOrEmpty(name))
            throw new ArgumentException($"A {what} is empty.");
        if (name.Length > lengthMax)
            throw new LimitExceededException(limit, name.Length, lengthMax, $"A {what}, in characters,");
        Text(name, what);
    }

    /// <summary>
    /// Refuses what a database wouldn't give back as it was: a NUL character (PostgreSQL refuses it, C APIs end a text at it), and a lone
    /// half of a surrogate pair, which has no UTF-8 form, so that two different names would become one.
    /// </summary>
    private static void Text(string? text, string what)
    {
        if (text is null)
            return;
        if (text.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException($"A {what} has a NUL character (U+0000), which can't be stored. Remove it.");
        for (var i = text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff'); i >= 0 && i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i))
                i++;
            else if (char.IsSurrogate(text[i]))
                throw new ArgumentException($"A {what} has half of a surrogate pair at index {i}, which is no character. Remove it.");
        }
    }

    /// <summary>Refuses what is over a limit.</summary>
    public static void Limit(long value, long maximum, string limit, string subject)
    {
        if (value > maximum)
            throw new LimitExceededException(limit, value, maximum, subject);
    }
}
