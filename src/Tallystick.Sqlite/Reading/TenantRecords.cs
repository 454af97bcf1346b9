using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Sqlite.Interop;
using Tallystick.Tenancy;

namespace Tallystick.Sqlite.Reading;

/// <summary>
/// The end of one tenant's log. Its row in the file is as old as the stored index; the tail's events are added to it when the file is opened.
/// A value is never changed once others can see it.
/// </summary>
internal sealed record TenantHead(int Number, TenantId Id, LogPosition Position, long TimeTicks, MerkleFrontier Tree);

/// <summary>The rows of tenants; only the writer's connection changes them.</summary>
internal sealed class TenantRecords(SqliteDatabase database)
{
    public TenantHead? Find(TenantId tenant)
    {
        using var rows = database.Statement("SELECT number, id, position, time, frontier FROM tenants WHERE id=?1").Bind(1, tenant.Value).Rows();
        return rows.Step() ? Read(rows) : null;
    }

    public TenantHead? Find(int number)
    {
        using var rows = database.Statement("SELECT number, id, position, time, frontier FROM tenants WHERE number=?1").Bind(1, number).Rows();
        return rows.Step() ? Read(rows) : null;
    }

    public TenantHead Add(TenantId tenant)
    {
        var tree = new MerkleFrontier();
        using (var rows = database.Statement("INSERT INTO tenants(id, position, time, frontier) VALUES(?1, 0, 0, ?2) RETURNING number")
            .Bind(1, tenant.Value).Bind(2, tree.ToBytes()).Rows())
        {
            rows.Step();
            return new TenantHead(rows.Int32(0), tenant, LogPosition.Start, 0, tree);
        }
    }

    public void Save(TenantHead head) =>
        database.Statement("UPDATE tenants SET position=?2, time=?3, frontier=?4 WHERE number=?1")
            .Bind(1, head.Number).Bind(2, head.Position.Value).Bind(3, head.TimeTicks).Bind(4, head.Tree.ToBytes()).Run();

    private TenantHead Read(Statement.RowReader row)
    {
        try
        {
            var head = new TenantHead(
                row.Int32(0), TenantId.FromStored(row.Text(1)), LogPosition.Of(row.Int64(2)), row.Int64(3), MerkleFrontier.FromBytes(row.Bytes(4)));
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
