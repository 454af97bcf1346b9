using System.Collections.Immutable;
using Npgsql;
using Tallystick.Events;
using Tallystick.Postgres.Connections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Reading;

/// <summary>Reads how far logs and checkpoints of many tenants are, for those who wait for them.</summary>
internal static class WaitedPositions
{
    // Row-level security compares each row with each of the tenants that are named, so that very long lists cost more than several queries.
    private const int TenantsMax = 256;

    private const string Heads = "SELECT tenant, position FROM heads WHERE tenant = ANY($1) AND NOT erasing";

    private const string Checkpoints = """
        SELECT c.tenant, c.name, c.position FROM unnest($1, $2) k(tenant, name) JOIN heads h ON h.tenant = k.tenant AND NOT h.erasing
        JOIN checkpoints c ON c.tenant = k.tenant AND c.name = k.name
        """;

    public static async ValueTask<List<(TenantId Tenant, string? Checkpoint, LogPosition Position)>> ReadAsync(
        ReadConnections reads, ImmutableArray<WaitedPosition> waited, CancellationToken cancellationToken)
    {
        List<(TenantId, string?, LogPosition)> positions = [];
        foreach (var some in waited.GroupBy(one => one.Tenant.Value).Chunk(TenantsMax))
        {
            positions.AddRange(await reads.ReadAsync(
                string.Join(',', some.Select(tenant => tenant.Key)), some.SelectMany(tenant => tenant).ToList(), Ask,
                static (reader, _, cancellation) => ReadAsync(reader, cancellation), cancellationToken));
        }

        return positions;
    }

    private static void Ask(NpgsqlBatch statements, List<WaitedPosition> waited)
    {
        statements.Add(Heads).Bind(waited.Where(one => one.Checkpoint is null).Select(one => one.Tenant.Value).ToArray());
        var checkpoints = waited.FindAll(one => one.Checkpoint is not null);
        statements.Add(Checkpoints).Bind(checkpoints.ConvertAll(one => one.Tenant.Value)).Bind(checkpoints.ConvertAll(one => one.Checkpoint!));
    }

    private static async ValueTask<List<(TenantId, string?, LogPosition)>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        List<(TenantId, string?, LogPosition)> positions = [];
        while (await reader.ReadAsync(cancellationToken))
            positions.Add((TenantId.FromStored(reader.GetString(0)), null, LogPosition.Of(reader.GetInt64(1))));
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            positions.Add((TenantId.FromStored(reader.GetString(0)), reader.GetString(1), LogPosition.Of(reader.GetInt64(2))));
        return positions;
    }
}
