using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// Decides the commits of a batch one after the other, each seeing those before it, and makes the rows of those that are accepted. All that
/// it asks for was read before; it touches no database, and a commit that is refused leaves nothing behind.
/// </summary>
internal sealed partial class CommitDecision(Batch batch, long nowTicks)
{
    /// <summary>Decides a commit: it gets an outcome, or a failure if it can't be taken.</summary>
    public void Decide(int index)
    {
        var pending = batch.Commits[index];
        (pending.Outcome, pending.Failure) = (null, null);
        var commit = pending.Prepared.Commit;
        var tenant = batch.TenantOf(commit);
        if ((Known(commit, tenant) ?? Refused(commit, tenant, batch.Matches[index])) is { } known)
        {
            pending.Outcome = known;
            return;
        }

        try
        {
            Adopt(commit, tenant);
        }
        catch (ArgumentException misfit)
        {
            pending.Failure = misfit;
            return;
        }

        pending.Outcome = Apply(pending.Prepared, tenant);
        batch.HasChanges = true;
    }

    /// <summary>The result that needs no look at what the commit demands, or null.</summary>
    private CommitResult? Known(Commit commit, TenantWork tenant)
    {
        if (commit.Life is TenantChange.Erase)
            return Erase(commit, tenant);
        if (tenant.Life.IsErasing)
            return new CommitResult.Refused(new Refusal.Erasing());
        if (commit.Key is not { } key || !tenant.Remembered.TryGetValue(key.Value, out var first))
            return null;
        return key.IsSameChange(first.Key) ? first.Result : new CommitResult.Refused(new Refusal.KeyReused(key.Value));
    }

    private CommitResult.Refused? Refused(Commit commit, TenantWork tenant, LogPosition?[] matches)
    {
        var refusal = commit.FencedBy(tenant.Life.Fence) ?? AdoptedEvents.Objection(commit.Adopted, tenant.Position)
            ?? FindRefusal(commit, tenant, matches) ?? batch.Leases.Objection(commit);
        return refusal is null ? null : new CommitResult.Refused(refusal);
    }

    private CommitResult.Committed Apply(PreparedCommit prepared, TenantWork tenant)
    {
        var commit = prepared.Commit;
        var firstPosition = commit.Adopted.IsEmpty ? prepared.EventCount == 0 ? tenant.Position : tenant.Position.Next() : commit.Adopted[0].Position;
        var streams = AddEvents(prepared, tenant);
        foreach (var change in commit.Documents)
            Change(tenant, change);
        foreach (var checkpoint in commit.Checkpoints)
        {
            tenant.Checkpoints[checkpoint.Name] = checkpoint.Position;
            tenant.ChangedCheckpoints.Add(checkpoint.Name);
        }

        var result = new CommitResult.Committed(firstPosition, tenant.Position, streams) { Leases = ChangeLeases(commit) };
        foreach (var one in commit.Remembered)
            Remember(tenant, one with { Result = one.Result with { IsReplay = true } }, mayReplace: true);
        if (commit.Key is not null)
            Remember(tenant, new RememberedCommit(commit.Key, result with { IsReplay = true }), mayReplace: false);
        ChangeLife(tenant, commit, result);
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

    private void Remember(TenantWork tenant, RememberedCommit remembered, bool mayReplace)
    {
        var id = (tenant.Id, remembered.Key.Value);
        tenant.Remembered[remembered.Key.Value] = remembered;
        batch.NewlyRemembered[id] = (remembered, mayReplace || (batch.NewlyRemembered.TryGetValue(id, out var before) && before.MayReplace));
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

        var tags = e.Tags.IsDefault ? [] : e.Tags;
        batch.Events.Add(
            tenant.Id, position, version, tenant.TimeTicks, name, new EventFields(e.Id, e.Type, e.SchemaVersion, tags, metadata, prepared.Salt(index), hashes, e.Payload));
        tenant.Bytes += e.Payload.Length;
        tenant.Events.Add((e.Type, tags, position));
    }

    private void Change(TenantWork tenant, DocumentChange change)
    {
        switch (change)
        {
            case DocumentChange.Put put:
                Change(tenant, IdOf(tenant.Id, put.Collection, put.Document.Key), put, put.Document.Body.Length);
                break;
            case DocumentChange.Delete delete:
                Change(tenant, IdOf(tenant.Id, delete.Collection, delete.Key), delete, 0);
                break;
            case DocumentChange.Activate activate:
                tenant.Activated[activate.Collection.Name] = activate.Collection.Generation;
                break;
            default:
                throw new InvalidOperationException($"DocumentChange is a closed set, but here is a {change.GetType()}.");
        }
    }

    private void Change(TenantWork tenant, DocumentId id, DocumentChange change, int bodyBytes)
    {
        var document = batch.Documents[id];
        tenant.Bytes += bodyBytes - document.BodyBytes;
        (document.Change, document.BodyBytes) = (change, bodyBytes);
    }

    /// <summary>The document's name in the batch.</summary>
    public static DocumentId IdOf(Tenancy.TenantId tenant, CollectionId collection, string key) => new(tenant, collection.Name, collection.Generation, key);
}
