using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Interop;
using Tallystick.Sqlite.Reading;
using Tallystick.Sqlite.Writing;
using Tallystick.Storage;

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
        var events = new EventRows(database);
        Span<Hash256> completed = stackalloc Hash256[MerkleFrontier.CompletedNodesMax];
        using var rows = database
            .Statement($"SELECT {EventRows.HeaderColumns} FROM events WHERE seq>?1 ORDER BY seq")
            .Bind(1, indexed).Rows();
        while (rows.Step())
        {
            var e = events.Read(rows);
            var number = rows.Int32(15);
            var head = working.GetValueOrDefault(number) ?? tenants.Find(number)
                ?? throw Damaged(database, e.Position, $"its tenant number {number} is missing");
            if (e.Position != head.Position.Next())
                throw Damaged(database, e.Position, $"it follows position {head.Position} of tenant {head.Id}");
            CheckTree(database, e, head, completed);
            working[number] = head with { Position = e.Position, TimeTicks = e.Time.UtcTicks, EventBytes = head.EventBytes + rows.Int64(17) };
            entries.Add(new TailEntry(rows.Int64(16), number, e.Position.Value, e.Stream, e.Version.Value, e.Type, e.Tags));
        }

        tail.Add(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(entries));
        foreach (var head in working.Values)
            heads.Publish(head);
        return (tail, heads);
    }

    private static void CheckTree(SqliteDatabase database, RecordedEvent e, TenantHead head, Span<Hash256> completed)
    {
        if (EventLeaf.Hash(e) != e.LeafHash)
            throw Damaged(database, e.Position, "its header was altered, its leaf hash doesn't fit");
        var nodes = completed[..head.Tree.Append(e.LeafHash, completed)];
        var stored = e.TreeNodes.Span[Hash256.ByteLength..];
        if (stored.Length != nodes.Length * Hash256.ByteLength)
            throw Damaged(database, e.Position, $"it has {stored.Length / Hash256.ByteLength} tree nodes instead of {nodes.Length}");
        for (var i = 0; i < nodes.Length; i++)
        {
            if (nodes[i] != new Hash256(stored.Slice(i * Hash256.ByteLength, Hash256.ByteLength)))
                throw Damaged(database, e.Position, "its tree nodes don't fit those before");
        }
    }

    private static TallystickException Damaged(SqliteDatabase database, LogPosition position, string why) =>
        new($"{database.Path} is damaged at the event with position {position}: {why}. Restore the file from a backup.");
}
