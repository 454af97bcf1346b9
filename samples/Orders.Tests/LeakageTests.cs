using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Sample.Authentication;
using Tallystick.IntegrationTests.Postgres;
using Tallystick.Storage;
using Tallystick.Testing;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Leaks;

namespace Sample.Tests;

/// <summary>No tenant of the sample sees or changes another, whatever it is that keeps them apart.</summary>
public sealed class LeakageTests
{
    private const string ForOperators = "operators change the catalog of tenants; no tenant's users do";

    /// <summary>A new kind of isolation is a line more: what is configured, given an empty folder and, where one is asked for, a server.</summary>
    private static readonly Dictionary<string, Kind> Kinds = new()
    {
        ["in memory"] = new((_, _) => [], InMemory: true),
        ["one SQLite file"] = new((_, _) => []),
        ["a SQLite file for each tenant"] = new((_, _) => ["--Placement:Default", "dedicated:file"]),
        ["one PostgreSQL database"] = new((_, schema) => Postgres(schema!), NeedsServer: true),
        ["a PostgreSQL database for each tenant"] = new(
            (_, schema) => [.. Postgres(schema!), "--Placement:Default", "dedicated:postgres", "--Placement:Prefix", $"{schema!.Name}_"], NeedsServer: true),
        ["a hybrid of PostgreSQL, PostgreSQL databases and SQLite files"] = new(
            (_, schema) =>
            [
                .. Postgres(schema!), "--Placement:Prefix", $"{schema!.Name}_",
                "--Placement:Tenants:leakage-b", "dedicated:postgres", "--Placement:Tenants:leakage-b-store", "dedicated:file",
            ],
            NeedsServer: true),
    };

    public static TheoryData<string> Isolation => [.. Kinds.Keys];

    [Theory]
    [Trait("Speed", "Slow")]
    [MemberData(nameof(Isolation))]
    public async Task No_tenant_sees_or_changes_another(string isolation)
    {
        var report = await CheckAsync(isolation);

        Assert.Contains("POST /orders/{id}/ship", report.Operations);
        TestContext.Current.SendDiagnosticMessage($"{isolation}: {report.Operations.Length} operations, {report.Runs} runs");
    }

    private static async Task<LeakageReport> CheckAsync(string isolation)
    {
        var kind = Kinds[isolation];
        var schema = kind.NeedsServer ? await (await SharedServer.GetAsync()).NewSchemaAsync() : null;
        if (schema is not null)
            await schema.Server.ExecuteAsync($"ALTER ROLE {schema.Owner} CREATEDB");
        var folder = Directory.CreateTempSubdirectory("leakage").FullName;
        try
        {
            await using var app = OrdersApplication.Build(
                ["--Tokens:Key", "a key for tests alone, of 32 bytes or more", "--Tokens:Issuer", "tests", "--Tokens:Audience", "tests", "--Data", folder, .. kind.Arguments(folder, schema)],
                builder =>
                {
                    builder.WebHost.UseTestServer();
                    builder.Logging.ClearProviders().AddFilter(_ => true);
                    if (kind.InMemory)
                        builder.Services.Replace(ServiceDescriptor.Singleton<IStore>(_ => new InMemoryStore()));
                });
            await app.StartAsync(TestContext.Current.CancellationToken);
            // Another 16 commands show nothing more of where they are stored.
            return await Leakage.CheckAsync(Options(app) with { CommandsMax = kind.NeedsServer ? 8 : 24 }, TestContext.Current.CancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string[] Postgres(PostgresSchema schema) =>
        ["--Postgres:Connection", schema.RequestConnection, "--Postgres:Owner", schema.OwnerConnection, "--Postgres:Schema", schema.Name];

    private static LeakageOptions Options(WebApplication app) => new LeakageOptions
    {
        Services = app.Services,
        Client = tenant =>
        {
            var client = app.GetTestClient();
            if (tenant is { } id)
                client.DefaultRequestHeaders.Authorization = new("Bearer", app.Services.GetRequiredService<AccessTokens>().Make("ann", Roles.Customer, id.Value).Token);
            return client;
        },
        Generation = GenerationOptions.Default.WithPool("customerId", "1", "2", "3").WithPool("orderId", "1", "2", "3"),
    }
        .Excuse("POST /tenants", ForOperators).Excuse("GET /tenants", ForOperators).Excuse("GET /tenants/{id}", ForOperators)
        .Excuse("POST /tenants/{id}/suspend", ForOperators).Excuse("POST /tenants/{id}/resume", ForOperators)
        .Excuse("POST /tenants/{id}/delete", ForOperators).Excuse("POST /tenants/{id}/restore", ForOperators)
        .Excuse("PUT /tenants/{id}/limits", ForOperators)
        .Excuse("POST /tenants/{id}/move", ForOperators).Excuse("POST /tenants/{id}/move/confirm", ForOperators).Excuse("POST /tenants/{id}/move/undo", ForOperators)
        .Excuse("POST /tenants/{id}/move/abandon", ForOperators).Excuse("GET /tenants/{id}/export", ForOperators).Excuse("POST /tenants/{id}/import", ForOperators);

    /// <summary>A kind of isolation.</summary>
    private sealed record Kind(Func<string, PostgresSchema?, string[]> Arguments, bool NeedsServer = false, bool InMemory = false);
}
