using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Interop;
using Tallystick.Sqlite.Reading;
using Tallystick.Sqlite.Writing;

namespace Tallystick.Sqlite;

/// <summary>
/// Indexes the newest events in memory again when a file is opened, and brings the heads of their tenants up to date. Their number is
/// bounded, and every one is checked against the tree on the way.
/// </summary>
internal static class TailLoader
{
    public static (TailIndex Tail, TenantHeads Heads) Load(SqliteDatabase database)
    {
        var tail = new TailIndex();
        var heads = new TenantHeads();
        var indexed = database.Scalar("SELECT indexed FROM state");
        tail.StartAfter(indexed);
        var tenants = new TenantRecords(database);
        var working = new Dictionary<int, TenantHead>();
        var entries = new List<TailEntry>();
        Span<Hash256> completed = stackalloc Hash256[MerkleFrontier.CompletedNodesMax];
        using var rows = database
            .Statement("SELECT seq, tenant, position, stream, version, type, tags, time, hashes FROM events WHERE seq>?1 ORDER BY seq")
            .Bind(1, indexed).Rows();
        while (rows.Step())
        {
            var number = rows.Int32(1);
            var head = working.GetValueOrDefault(number) ?? tenants.Find(number)
                ?? throw Damaged(database, rows.Int64(2), $"its tenant number {number} is missing");
            var position = LogPosition.Of(rows.Int64(2));
            if (position != head.Position.Next())
                throw Damaged(database, position.Value, $"it follows position {head.Position} of tenant {head.Id}");
            CheckTree(database, rows.Bytes(8), head, position, completed);
            working[number] = head with { Position = position, TimeTicks = rows.Int64(7) };
            entries.Add(new TailEntry(
                rows.Int64(0), number, position.Value, StreamId.Parse(rows.Text(3)), rows.Int64(4), rows.Text(5),
                rows.IsNull(6) ? ImmutableArray<string>.Empty : [.. rows.Text(6).Split('\n')]));
        }

        tail.Add(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(entries));
        foreach (var head in working.Values)
            heads.Publish(head);
        return (tail, heads);
    }

    private static void CheckTree(SqliteDatabase database, ReadOnlySpan<byte> hashes, TenantHead head, LogPosition position, Span<Hash256> completed)
    {
        if (hashes.Length < 2 * Hash256.ByteLength)
            throw Damaged(database, position.Value, "its hashes are missing");
        var nodes = head.Tree.Append(new Hash256(hashes.Slice(Hash256.ByteLength, Hash256.ByteLength)), completed);
        var stored = hashes[(2 * Hash256.ByteLength)..];
        for (var i = 0; i < nodes; i++)
        {
            if (stored.Length < (i + 1) * Hash256.ByteLength || completed[i] != new Hash256(stored.Slice(i * Hash256.ByteLength, Hash256.ByteLength)))
                throw Damaged(database, position.Value, "its tree nodes don't fit those before");
        }
    }

    private static TallystickException Damaged(SqliteDatabase database, long position, string why) =>
        new($"{database.Path} is damaged at the event with position {position}: {why}. Restore the file from a backup.");
}
