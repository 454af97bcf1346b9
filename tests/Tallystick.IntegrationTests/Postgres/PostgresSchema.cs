using System.Collections.Immutable;
using Npgsql;
using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>A schema of a server, with a role that owns it and one for requests.</summary>
public sealed record PostgresSchema(PostgresServer Server, string Name)
{
    public static TenantId Acme { get; } = TenantId.Parse("acme");

    public static TenantId Globex { get; } = TenantId.Parse("globex");

    public static StreamId Order1 { get; } = new("order", "1");

    public string Owner => $"{Name}_owner";

    public string Requests => $"{Name}_requests";

    public string OwnerConnection => Server.ConnectionString(Owner);

    public string RequestConnection => Server.ConnectionString(Requests);

    public PostgresStoreOptions Options => new() { Schema = Name, OwnerConnectionString = OwnerConnection };

    /// <summary>The same over another address, such as a proxy's.</summary>
    public string RequestConnectionTo(params int[] ports) => new NpgsqlConnectionStringBuilder(RequestConnection)
    {
        Host = string.Join(',', ports.Select(port => $"127.0.0.1:{port}")),
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    }.ConnectionString;

    /// <summary>Opens a store.</summary>
    public PostgresStore Open() => PostgresStore.Open(RequestConnection, Options);

    /// <summary>Appends to a stream, whatever its version.</summary>
    public static Commit Append(TenantId tenant, params ReadOnlySpan<Guid> ids) => Commit.For(tenant).Append(
        Order1, ExpectedVersion.Any, [.. ids.ToArray().Select(id => new NewEvent(id, "order.placed", 1, "{}"u8.ToArray(), []))]);

    /// <summary>The ids of all events of a tenant, and that their positions and versions have no gap.</summary>
    public static async Task<ImmutableArray<Guid>> ReadIdsAsync(IStore store, TenantId tenant, CancellationToken cancellationToken)
    {
        var ids = ImmutableArray.CreateBuilder<Guid>();
        for (var after = LogPosition.Start; ;)
        {
            var page = await store.ReadLogAsync(tenant, new LogRead(after, 1000), cancellationToken);
            if (page.Events.IsEmpty)
                break;
            foreach (var e in page.Events)
            {
                Assert.Equal(ids.Count + 1, e.Position.Value);
                ids.Add(e.Id);
            }

            after = page.Through;
        }

        Assert.Equal(ids.Count, (await store.ReadHeadAsync(tenant, cancellationToken)).Position.Value);
        return ids.ToImmutable();
    }
}
