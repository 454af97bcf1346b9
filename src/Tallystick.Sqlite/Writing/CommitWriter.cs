using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Interop;
using Tallystick.Sqlite.Reading;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Sqlite.Writing;

/// <summary>
/// Decides and writes single commits within an open transaction: all conditions first, then the rows, so that a commit that is refused
/// has changed nothing. Only the writer's thread uses it.
/// </summary>
internal sealed partial class CommitWriter(SqliteDatabase database, TailIndex tail, TenantHeads heads, SqliteStoreOptions options)
{
    private readonly LogReader _log = new(database, tail, options.Limits);
    private readonly CommitRecords _records = new(database);
    private readonly DocumentWriter _documents = new(database);
    private readonly EventInsert _insert = new(database);
    private readonly StreamVersions _versions = new(options.StreamVersionsCached);
    private readonly TenantRecords _tenants = new(database);
    private readonly LeaseRecords _leases = new(database);

    /// <summary>Forgets what may have been rolled back.</summary>
    public void ForgetUncommitted() => _documents.ForgetCollections();

    /// <summary>Takes over what has become durable.</summary>
    public void Publish(CommitBatch batch)
    {
        foreach (var (key, version) in batch.Versions)
            _versions.Set(key, version);
    }

    public CommitResult Write(PreparedCommit prepared, CommitBatch batch, long nowTicks)
    {
        var commit = prepared.Commit;
        if (commit.Life is TenantChange.Erase)
            return Erase(commit, batch);
        var head = Head(commit.Tenant, batch);
        if (head.IsErasing)
            return new CommitResult.Refused(new Refusal.Erasing());
        if (commit.Key is { } key && _records.FindCommit(head.Number, key.Value) is { } first)
            return key.IsSameChange(first.Key) ? first.Result : new CommitResult.Refused(new Refusal.KeyReused(key.Value));
        if ((FindRefusal(commit, head, batch) ?? FindLeaseRefusal(commit, head, batch, nowTicks)) is { } refusal)
            return new CommitResult.Refused(refusal);

        var before = head;
        var streams = ImmutableArray.CreateBuilder<StreamHead>(commit.Appends.Length);
        if (prepared.EventCount > 0)
            head = InsertEvents(prepared, head, Math.Max(nowTicks, head.TimeTicks), batch, streams);
        else
        {
            foreach (var append in commit.Appends)
                streams.Add(new StreamHead(append.Stream, Version(head.Number, append.Stream, batch)));
        }

        head = Adopt(commit, head, batch);
        foreach (var change in commit.Documents)
            head = head with { DocumentBytes = head.DocumentBytes + _documents.Apply(head.Number, change) };
        foreach (var checkpoint in commit.Checkpoints)
            Save(head.Number, commit.Tenant, checkpoint, batch);
        var result = new CommitResult.Committed(
            head.Position == before.Position ? head.Position : before.Position.Next(), head.Position, streams.MoveToImmutable())
        {
            Leases = ChangeLeases(commit, head.Number, nowTicks),
        };
        foreach (var one in commit.Remembered)
            _records.Remember(head.Number, one.Key, one.Result);
        if (commit.Key is not null)
            _records.Remember(head.Number, commit.Key, result);
        return result with { HasMore = ChangeLife(commit, result, before, head, batch) };
    }

    private TenantHead Head(TenantId tenant, CommitBatch batch)
    {
        if (batch.Heads.TryGetValue(tenant, out var head))
            return head;
        // Only here, where no row of this tenant can be uncommitted: Find makes what it reads visible to all.
        var durable = (batch.Erased.ContainsKey(tenant) ? null : heads.Find(tenant, _tenants)) ?? _tenants.Add(tenant);
        head = durable with { Tree = durable.Tree.Clone() };
        batch.Heads.Add(tenant, head);
        if (head.IsErasing)
            batch.Marked.Add(tenant);
        batch.DurablePositions[tenant] = durable.Position;
        return head;
    }

    private Refusal? FindRefusal(Commit commit, TenantHead head, CommitBatch batch)
    {
        if ((commit.FencedBy(head.Fence) ?? AdoptedEvents.Objection(commit.Adopted, head.Position)) is { } refusal)
            return refusal;
        foreach (var append in commit.Appends)
        {
            if (append.Expected == ExpectedVersion.Any)
                continue;
            var actual = Version(head.Number, append.Stream, batch);
            if (!append.Expected.Allows(actual))
                return new Refusal.WrongVersion(append.Stream, append.Expected, actual);
        }

        foreach (var condition in commit.Conditions)
        {
            var match = _log.FirstMatch(head.Number, condition.Query, condition.After, batch.DurablePositions[commit.Tenant])
                ?? batch.FirstMatch(head.Number, condition.Query, condition.After);
            if (match is { } position)
                return new Refusal.QueryMatched(condition.Query, condition.After, position);
        }

        foreach (var checkpoint in commit.Checkpoints)
        {
            if (checkpoint.Expected is not { } expected)
                continue;
            var actual = _records.FindCheckpoint(head.Number, checkpoint.Name) ?? LogPosition.Start;
            if (actual != expected)
                return new Refusal.CheckpointMoved(checkpoint.Name, expected, actual);
        }

        return null;
    }

    private Refusal? FindLeaseRefusal(Commit commit, TenantHead head, CommitBatch batch, long nowTicks)
    {
        foreach (var fence in commit.Fences)
        {
            var tenant = fence.Tenant == commit.Tenant ? head.Number : Number(fence.Tenant, batch);
            if (_leases.Lost(tenant, fence) is { } lost)
                return lost;
        }

        foreach (var change in commit.Leases)
        {
            if (_leases.Objection(head.Number, change, nowTicks) is { } objection)
                return objection;
        }

        return null;
    }

    /// <summary>The number of a tenant that this commit doesn't change; null if nothing was ever stored for it.</summary>
    private int? Number(TenantId tenant, CommitBatch batch) =>
        batch.Heads.TryGetValue(tenant, out var touched) ? touched.Number : heads.Find(tenant, _tenants)?.Number;

    private ImmutableArray<Lease> ChangeLeases(Commit commit, int tenant, long nowTicks)
    {
        if (commit.Leases.IsEmpty)
            return [];
        var acquired = ImmutableArray.CreateBuilder<Lease>();
        foreach (var change in commit.Leases)
        {
            var epoch = _leases.Apply(tenant, change, nowTicks);
            if (change is LeaseChange.Acquire acquire)
                acquired.Add(new Lease(commit.Tenant, acquire.Name, acquire.Owner, epoch));
        }

        return acquired.ToImmutable();
    }

    private StreamVersion Version(int tenant, StreamId stream, CommitBatch batch)
    {
        var key = (tenant, stream);
        if (batch.Versions.TryGetValue(key, out var version) || _versions.TryGet(key, out version))
            return StreamVersion.Of(version);
        version = _log.Index.Last(TermKey.Stream(tenant, stream));
        return StreamVersion.Of(version);
    }

    private TenantHead InsertEvents(
        PreparedCommit prepared, TenantHead head, long timeTicks, CommitBatch batch, ImmutableArray<StreamHead>.Builder streams)
    {
        Span<Hash256> completed = stackalloc Hash256[MerkleFrontier.CompletedNodesMax];
        var time = new DateTimeOffset(timeTicks, TimeSpan.Zero);
        var position = head.Position;
        var bytes = head.EventBytes;
        var index = 0;
        foreach (var append in prepared.Commit.Appends)
        {
            var version = Version(head.Number, append.Stream, batch);
            foreach (var e in append.Events)
            {
                position = position.Next();
                version = version.Next();
                var payloadHash = prepared.PayloadHash(index);
                var leaf = EventLeaf.Hash(position, append.Stream, version, time, e, prepared.Commit.Metadata, payloadHash);
                var nodes = head.Tree.Append(leaf, completed);
                var entry = new TailEntry(batch.NextSeq(), head.Number, position.Value, append.Stream, version.Value, e.Type, e.Tags);
                _insert.Run(entry, timeTicks, e, prepared.Commit.Metadata, prepared.Salt(index).Span, payloadHash, leaf, completed[..nodes]);
                batch.Entries.Add(entry);
                bytes += e.Payload.Length;
                index++;
            }

            batch.Versions[(head.Number, append.Stream)] = version.Value;
            streams.Add(new StreamHead(append.Stream, version));
        }

        head = head with { Position = position, TimeTicks = timeTicks, EventBytes = bytes };
        batch.Heads[prepared.Commit.Tenant] = head;
        return head;
    }

    private void Save(int number, TenantId tenant, CheckpointChange change, CommitBatch batch)
    {
        _records.Save(number, change);
        if (change.Position is { } position)
            batch.Checkpoints.Add((tenant, change.Name, position));
    }
}
