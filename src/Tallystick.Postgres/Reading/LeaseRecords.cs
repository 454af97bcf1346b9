using System.Collections.Immutable;
using System.Globalization;
using Npgsql;
using Tallystick.Postgres.Connections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Reading;

/// <summary>A lease as it is stored; the default is one that nobody ever held.</summary>
/// <param name="Owner">Who holds it, or null.</param>
/// <param name="Epoch">How often the holder has changed.</param>
/// <param name="Until">When anyone can take it, in microseconds since 1970 by the server's clock.</param>
internal readonly record struct LeaseEntry(string? Owner, long Epoch, long Until)
{
    public TimeSpan Remaining(long now) => Owner is not null && Until > now ? TimeSpan.FromMicroseconds(Until - now) : TimeSpan.Zero;
}

/// <summary>A tenant's leases, as of the server's clock.</summary>
internal static class LeaseRecords
{
    private const string Page = $"""
        SELECT name, owner, epoch, until, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM leases
        WHERE tenant = {LivingTenant.First} AND name >= $2 AND name > $3 ORDER BY name LIMIT $4
        """;

    public static void Ask(NpgsqlBatch statements, TenantId tenant, LeaseRead read) =>
        statements.Add(Page).Bind(tenant.Value).Bind(read.Prefix).Bind(read.After ?? "").Bind((long)read.Count);

    public static async ValueTask<ImmutableArray<LeaseState>> ReadAsync(NpgsqlDataReader reader, LeaseRead read, CancellationToken cancellationToken)
    {
        var leases = ImmutableArray.CreateBuilder<LeaseState>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var name = reader.GetString(0);
            // Names that begin alike are neighbours.
            if (!name.StartsWith(read.Prefix, StringComparison.Ordinal))
                break;
            var entry = Read(reader, 1, name);
            leases.Add(new LeaseState(name, entry.Owner, entry.Epoch, entry.Remaining(reader.GetInt64(4))));
        }

        return leases.DrainToImmutable();
    }

    /// <summary>Reads owner, epoch and end, which begin at a column.</summary>
    /// <exception cref="TallystickException">The epoch can't be.</exception>
    public static LeaseEntry Read(NpgsqlDataReader reader, int column, string name)
    {
        var entry = new LeaseEntry(reader.IsDBNull(column) ? null : reader.GetString(column), reader.GetInt64(column + 1), reader.GetInt64(column + 2));
        return entry.Epoch >= 1
            ? entry
            : throw Damage.At(string.Create(CultureInfo.InvariantCulture, $"lease '{name}' is in epoch {entry.Epoch}"));
    }
}
