using System.Buffers;
using System.Text.Json;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Commands;

// A snapshot saves folding a long stream from its beginning, and is never needed: whatever is wrong with one, it is as if it weren't
// there. It is a document {stateVersion, version, state}, put by the commit whose events reach or pass a multiple of SnapshotEvery,
// so it never holds anything that didn't happen.

/// <summary>Writes and reads the snapshots of deciders that want them.</summary>
internal sealed class Snapshots
{
    private readonly IStore _store;
    private readonly JsonSerializerOptions _json;

    public Snapshots(IStore store, Deciders deciders, JsonSerializerOptions json)
    {
        (_store, _json) = (store, json);
        foreach (var decider in deciders.All.Select(registration => registration.Decider).Where(decider => decider.SnapshotEvery > 0))
            DemandJson(decider);
    }

    /// <summary>The collection in which a category's snapshots are.</summary>
    public static CollectionId CollectionOf(string category) => new($"$snapshots.{category}", 1);

    /// <summary>Adds a snapshot to a commit if it crosses a multiple of the decider's interval.</summary>
    public Commit AddIfDue(Commit commit, Decider decider, StreamId stream, StreamVersion before, StreamState<object> after)
    {
        var every = decider.SnapshotEvery;
        if (every == 0 || before.Value / every == after.Version.Value / every || Write(decider, after) is not { } body)
            return commit;

        // One that the store would refuse must not take the events with it.
        if (body.Length > _store.Limits.DocumentBytesMax || BytesOf(commit) + body.Length > _store.Limits.CommitBytesMax)
        {
            CommandTelemetry.SnapshotSkipped(decider, "too-large");
            return commit;
        }

        // The position of the commit's events isn't known before it is stored; the stream's version is what a snapshot goes by.
        return commit.Change(new DocumentChange.Put(CollectionOf(decider.Category), new Document(stream.Key, body, [], LogPosition.Start)));
    }

    /// <summary>The stream's snapshot, if there is a usable one that isn't ahead of the stream.</summary>
    public async ValueTask<StreamState<object>?> FindAsync(
        TenantId tenant, StreamId stream, Decider decider, StreamVersion through, CancellationToken cancellationToken)
    {
        if (decider.SnapshotEvery == 0 || through.Value < decider.SnapshotEvery)
            return null;
        var collection = CollectionOf(decider.Category);
        var found = await _store.FindDocumentsAsync(tenant, collection.Name, collection.Generation, [stream.Key], cancellationToken);
        return found.Items is [{ } document, ..] && TryRead(decider, document.Body, out var snapshot) && snapshot.Version <= through
            ? snapshot
            : null;
    }

    private byte[]? Write(Decider decider, StreamState<object> state)
    {
        try
        {
            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(buffer))
            {
                writer.WriteStartObject();
                writer.WriteNumber("stateVersion", decider.StateVersion);
                writer.WriteNumber("version", state.Version.Value);
                writer.WritePropertyName("state");
                JsonSerializer.Serialize(writer, state.State, decider.StateType, _json);
                writer.WriteEndObject();
            }

            return buffer.WrittenSpan.ToArray();
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or InvalidOperationException or ArgumentException)
        {
            // A state that JSON can't hold costs its snapshot, not the command.
            CommandTelemetry.SnapshotSkipped(decider, "not-json");
            return null;
        }
    }

    private bool TryRead(Decider decider, ReadOnlyMemory<byte> body, out StreamState<object> snapshot)
    {
        snapshot = default;
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.GetProperty("stateVersion").GetInt32() != decider.StateVersion)
                return false;
            if (root.GetProperty("version").GetInt64() is not (>= 1 and var version))
                return false;
            if (root.GetProperty("state").Deserialize(decider.StateType, _json) is not { } state)
                return false;
            snapshot = new StreamState<object>(state, StreamVersion.Of(version));
            return true;
        }
        catch (Exception error) when (error is JsonException or FormatException or NotSupportedException
            or InvalidOperationException or ArgumentException or KeyNotFoundException)
        {
            return false;
        }
    }

    private void DemandJson(Decider decider)
    {
        Exception? cause = null;
        try
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(decider.InitialStateObject, decider.StateType, _json);
            if (JsonSerializer.Deserialize(json, decider.StateType, _json) is not null)
                return;
        }
        catch (Exception error)
        {
            cause = error;
        }

        throw new InvalidOperationException(
            $"{decider.GetType()} wants snapshots, but its state {decider.StateType} can't be written as JSON and read back: "
            + $"{cause?.Message ?? "it comes back as null."} Make the state serialisable, or leave SnapshotEvery at 0.", cause);
    }

    private static long BytesOf(Commit commit)
    {
        long bytes = 0;
        foreach (var append in commit.Appends)
        {
            foreach (var e in append.Events)
                bytes += e.Payload.Length;
        }

        foreach (var change in commit.Documents)
            bytes += change is DocumentChange.Put put ? put.Document.Body.Length : 0;
        return bytes;
    }
}
