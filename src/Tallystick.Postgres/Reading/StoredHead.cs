using Npgsql;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Reading;

/// <summary>A row of the table of heads.</summary>
internal static class StoredHead
{
    /// <summary>Reads position, time and frontier, which begin at a column.</summary>
    /// <exception cref="TallystickException">They contradict each other.</exception>
    public static LogHead Read(NpgsqlDataReader reader, TenantId tenant, int column)
    {
        try
        {
            var head = new LogHead(
                LogPosition.Of(reader.GetInt64(column)), MerkleFrontier.FromBytes(reader.GetFieldValue<byte[]>(column + 2)),
                new DateTimeOffset(reader.GetInt64(column + 1), TimeSpan.Zero));
            return head.Tree.Count == head.Position.Value
                ? head
                : throw new InvalidDataException($"its position is {head.Position}, but its tree has {head.Tree.Count} leaves");
        }
        catch (Exception error) when (error is InvalidDataException or ArgumentException)
        {
            throw Damage.At($"the head of tenant '{tenant}' can't be read ({error.Message})", error);
        }
    }
}
