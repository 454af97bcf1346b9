using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Sample.Authentication;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Testing;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Leaks;

namespace Sample.Tests;

/// <summary>No tenant of the sample sees or changes another, whatever it is that keeps them apart.</summary>
public sealed class LeakageTests
{
    private const string ForOperators = "operators change the catalog of tenants; no tenant's users do";

    /// <summary>A new kind of isolation is a line more: how its store is opened, in an empty folder.</summary>
    private static readonly Dictionary<string, Func<string, IStore>> Kinds = new()
    {
        ["in memory"] = _ => new InMemoryStore(),
        ["one SQLite file"] = folder => SqliteStore.Open(Path.Combine(folder, "orders.db"), new SqliteStoreOptions()),
    };

    public static TheoryData<string> Isolation => [.. Kinds.Keys];

    [Theory]
    [Trait("Speed", "Slow")]
    [MemberData(nameof(Isolation))]
    public async Task No_tenant_sees_or_changes_another(string isolation)
    {
        var folder = Directory.CreateTempSubdirectory("leakage").FullName;
        try
        {
            await using var app = OrdersApplication.Build(
                ["--Tokens:Key", "a key for tests alone, of 32 bytes or more", "--Tokens:Issuer", "tests", "--Tokens:Audience", "tests", "--Data", folder],
                builder =>
                {
                    builder.WebHost.UseTestServer();
                    builder.Logging.ClearProviders().AddFilter(_ => true);
                    builder.Services.Replace(ServiceDescriptor.Singleton(_ => Kinds[isolation](folder)));
                });
            await app.StartAsync(TestContext.Current.CancellationToken);

            var report = await Leakage.CheckAsync(Options(app), TestContext.Current.CancellationToken);

            Assert.Contains("POST /orders/{id}/ship", report.Operations);
            TestContext.Current.SendDiagnosticMessage($"{isolation}: {report.Operations.Length} operations, {report.Runs} runs");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

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
}
