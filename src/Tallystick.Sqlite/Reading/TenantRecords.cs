using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Sqlite.Interop;
using Tallystick.Tenancy;

namespace Tallystick.Sqlite.Reading;

/// <summary>
/// The end of one tenant's log. Its row in the file is as old as the stored index; the tail's events are added to it when the file is opened.
/// A value is never changed once others can see it.
/// </summary>
internal sealed record TenantHead(int Number, TenantId Id, LogPosition Position, long TimeTicks, MerkleFrontier Tree)
{
    /// <summary>The bytes of all payloads.</summary>
    public long EventBytes { get; init; }

    /// <summary>The bytes of all documents' bodies.</summary>
    public long DocumentBytes { get; init; }

    /// <summary>The reason of the fence, or null.</summary>
    public string? Fence { get; init; }

    /// <summary>The session of the journal, or null.</summary>
    public long? JournalStart { get; init; }

    /// <summary>The number of the journal's last entry or session.</summary>
    public long JournalHead { get; init; }

    /// <summary>Whether the tenant is being erased: nobody sees anything of it any more.</summary>
    public bool IsErasing { get; init; }

    /// <summary>Whether what the tenant's life has written differs from another head's.</summary>
    public bool DiffersInLife(TenantHead other) =>
        (DocumentBytes, Fence, JournalStart, JournalHead, IsErasing)
        != (other.DocumentBytes, other.Fence, other.JournalStart, other.JournalHead, other.IsErasing);
}

/// <summary>The rows of tenants; only the writer's connection changes them.</summary>
internal sealed class TenantRecords(SqliteDatabase database)
{
    private const string Columns =
        "number, id, position, time, frontier, event_bytes, document_bytes, fence, journal_start, journal_head, erasing";

    public TenantHead? Find(TenantId tenant)
    {
        using var rows = database.Statement($"SELECT {Columns} FROM tenants WHERE id=?1").Bind(1, tenant.Value).Rows();
        return rows.Step() ? Read(rows) : null;
    }

    public TenantHead? Find(int number)
    {
        using var rows = database.Statement($"SELECT {Columns} FROM tenants WHERE number=?1").Bind(1, number).Rows();
        return rows.Step() ? Read(rows) : null;
    }

    public TenantHead Add(TenantId tenant)
    {
        var tree = new MerkleFrontier();
        database.Statement("UPDATE state SET last_tenant=last_tenant+1").Run();
        using var rows = database
            .Statement("INSERT INTO tenants(number, id, position, time, frontier) VALUES((SELECT last_tenant FROM state), ?1, 0, 0, ?2) RETURNING number")
            .Bind(1, tenant.Value).Bind(2, tree.ToBytes()).Rows();
        rows.Step();
        return new TenantHead(rows.Int32(0), tenant, LogPosition.Start, 0, tree);
    }

    public void Save(TenantHead head) =>
        database.Statement("UPDATE tenants SET position=?2, time=?3, frontier=?4, event_bytes=?5 WHERE number=?1")
            .Bind(1, head.Number).Bind(2, head.Position.Value).Bind(3, head.TimeTicks).Bind(4, head.Tree.ToBytes()).Bind(5, head.EventBytes).Run();

    /// <summary>Writes what changes with the tenant's life, at once and not only with the stored index.</summary>
    public void SaveLife(TenantHead head)
    {
        var statement = database.Statement("UPDATE tenants SET document_bytes=?2, fence=?3, journal_start=?4, journal_head=?5, erasing=?6 WHERE number=?1")
            .Bind(1, head.Number).Bind(2, head.DocumentBytes).Bind(3, head.Fence).Bind(5, head.JournalHead).Bind(6, head.IsErasing ? 1 : 0);
        (head.JournalStart is { } start ? statement.Bind(4, start) : statement.BindNull(4)).Run();
    }

    private TenantHead Read(Statement.RowReader row)
    {
        try
        {
            var head = new TenantHead(
                row.Int32(0), TenantId.FromStored(row.Text(1)), LogPosition.Of(row.Int64(2)), row.Int64(3), MerkleFrontier.FromBytes(row.Bytes(4)))
            {
                EventBytes = row.Int64(5),
                DocumentBytes = row.Int64(6),
                Fence = row.IsNull(7) ? null : row.Text(7),
                JournalStart = row.IsNull(8) ? null : row.Int64(8),
                JournalHead = row.Int64(9),
                IsErasing = row.Int64(10) != 0,
            };
            return head.Tree.Count == head.Position.Value
                ? head
                : throw new InvalidDataException($"its position is {head.Position}, but its tree has {head.Tree.Count} leaves");
        }
        catch (Exception error) when (error is InvalidDataException or FormatException or ArgumentException)
        {
            throw new TallystickException($"{database.Path} is damaged: the head of tenant number {row.Int64(0)} can't be read ({error.Message}). Restore it from a backup.", error);
        }
    }
}
