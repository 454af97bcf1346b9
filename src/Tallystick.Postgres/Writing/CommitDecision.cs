using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// Decides the commits of a batch one after the other, each seeing those before it, and makes the rows of those that are accepted. All that
/// it asks for was read before; it touches no database, and a commit that is refused leaves nothing behind.
/// </summary>
internal sealed class CommitDecision(Batch batch, long nowTicks)
{
    public CommitResult Decide(int index)
    {
        var prepared = batch.Commits[index].Prepared;
        var commit = prepared.Commit;
        var tenant = batch.TenantOf(commit);
        if (commit.Key is { } key && tenant.Remembered.TryGetValue(key.Value, out var first))
            return key.IsSameChange(first.Key) ? first.Result : new CommitResult.Refused(new Refusal.KeyReused(key.Value));
        if (FindRefusal(commit, tenant, batch.Matches[index]) is { } refusal)
            return new CommitResult.Refused(refusal);

        var firstPosition = prepared.EventCount == 0 ? tenant.Position : tenant.Position.Next();
        var streams = AddEvents(prepared, tenant);
        foreach (var change in commit.Documents)
            Change(tenant, change);
        foreach (var checkpoint in commit.Checkpoints)
        {
            tenant.Checkpoints[checkpoint.Name] = checkpoint.Position;
            tenant.ChangedCheckpoints.Add(checkpoint.Name);
        }

        var result = new CommitResult.Committed(firstPosition, tenant.Position, streams);
        if (commit.Key is not null)
        {
            var remembered = new RememberedCommit(commit.Key, result with { IsReplay = true });
            tenant.Remembered.Add(commit.Key.Value, remembered);
            batch.NewlyRemembered.Add((tenant.Id, remembered));
        }

        batch.HasChanges = true;
        return result;
    }

    private static Refusal? FindRefusal(Commit commit, TenantWork tenant, LogPosition?[] matches)
    {
        foreach (var append in commit.Appends)
        {
            var actual = StreamVersion.Of(tenant.Versions[append.Stream]);
            if (!append.Expected.Allows(actual))
                return new Refusal.WrongVersion(append.Stream, append.Expected, actual);
        }

        for (var i = 0; i < matches.Length; i++)
        {
            var condition = commit.Conditions[i];
            if ((matches[i] ?? tenant.FirstMatch(condition.Query, condition.After)) is { } match)
                return new Refusal.QueryMatched(condition.Query, condition.After, match);
        }

        foreach (var checkpoint in commit.Checkpoints)
        {
            if (checkpoint.Expected is not { } expected)
                continue;
            var actual = tenant.Checkpoints[checkpoint.Name] ?? LogPosition.Start;
            if (actual != expected)
                return new Refusal.CheckpointMoved(checkpoint.Name, expected, actual);
        }

        return null;
    }

    private ImmutableArray<StreamHead> AddEvents(PreparedCommit prepared, TenantWork tenant)
    {
        var streams = ImmutableArray.CreateBuilder<StreamHead>(prepared.Commit.Appends.Length);
        if (prepared.EventCount > 0)
            tenant.TimeTicks = Math.Max(nowTicks, tenant.TimeTicks);
        var index = 0;
        foreach (var append in prepared.Commit.Appends)
        {
            var version = StreamVersion.Of(tenant.Versions[append.Stream]);
            var name = append.Events.IsEmpty ? "" : append.Stream.ToString();
            foreach (var e in append.Events)
            {
                version = version.Next();
                AddEvent(prepared, index++, tenant, append.Stream, name, version, e);
            }

            tenant.Versions[append.Stream] = version.Value;
            streams.Add(new StreamHead(append.Stream, version));
        }

        return streams.MoveToImmutable();
    }

    private void AddEvent(PreparedCommit prepared, int index, TenantWork tenant, StreamId stream, string name, StreamVersion version, NewEvent e)
    {
        Span<Hash256> completed = stackalloc Hash256[MerkleFrontier.CompletedNodesMax];
        var metadata = prepared.Commit.Metadata;
        var position = tenant.Position = tenant.Position.Next();
        var time = new DateTimeOffset(tenant.TimeTicks, TimeSpan.Zero);
        var payloadHash = prepared.PayloadHash(index);
        var leaf = EventLeaf.Hash(position, stream, version, time, e, metadata, payloadHash);
        var nodes = tenant.Tree.Append(leaf, completed);
        var hashes = new byte[(nodes + 2) * Hash256.ByteLength];
        payloadHash.CopyTo(hashes);
        leaf.CopyTo(hashes.AsSpan(Hash256.ByteLength));
        for (var i = 0; i < nodes; i++)
            completed[i].CopyTo(hashes.AsSpan((i + 2) * Hash256.ByteLength));

        var rows = batch.Events;
        rows.Position.Add(position.Value);
        rows.Version.Add(version.Value);
        rows.Time.Add(tenant.TimeTicks);
        rows.Schema.Add(e.SchemaVersion);
        rows.Id.Add(e.Id);
        rows.Causation.Add(metadata.CausationId);
        rows.Tenant.Add(tenant.Id.Value);
        rows.Stream.Add(name);
        rows.Type.Add(e.Type);
        rows.Correlation.Add(metadata.CorrelationId);
        rows.Trace.Add(metadata.TraceParent);
        rows.User.Add(metadata.UserId);
        rows.Salt.Add(prepared.Salt(index));
        rows.Hashes.Add(hashes);
        rows.Payload.Add(e.Payload);
        AddTags(rows, tenant, position, e);
        tenant.Events.Add((e, position));
    }

    private static void AddTags(EventColumns rows, TenantWork tenant, LogPosition position, NewEvent e)
    {
        if (e.Tags.IsDefaultOrEmpty)
        {
            rows.Tags.Add(null);
            return;
        }

        // A tag has no control characters, so lines can't be misread. The event keeps its tags as given, the index has each of them once.
        rows.Tags.Add(e.Tags.Length == 1 ? e.Tags[0] : string.Join('\n', e.Tags));
        for (var i = 0; i < e.Tags.Length; i++)
        {
            if (e.Tags.AsSpan(0, i).Contains(e.Tags[i]))
                continue;
            rows.TagPosition.Add(position.Value);
            rows.TagTenant.Add(tenant.Id.Value);
            rows.Tag.Add(e.Tags[i]);
        }
    }

    private void Change(TenantWork tenant, DocumentChange change)
    {
        switch (change)
        {
            case DocumentChange.Put put:
                batch.Documents[IdOf(tenant.Id, put.Collection, put.Document.Key)].Change = put;
                break;
            case DocumentChange.Delete delete:
                batch.Documents[IdOf(tenant.Id, delete.Collection, delete.Key)].Change = delete;
                break;
            case DocumentChange.Activate activate:
                tenant.Activated[activate.Collection.Name] = activate.Collection.Generation;
                break;
            default:
                throw new InvalidOperationException($"DocumentChange is a closed set, but here is a {change.GetType()}.");
        }
    }

    /// <summary>The document's name in the batch.</summary>
    public static DocumentId IdOf(Tenancy.TenantId tenant, CollectionId collection, string key) => new(tenant, collection.Name, collection.Generation, key);
}
