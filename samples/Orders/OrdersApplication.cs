using Microsoft.OpenApi;
using Sample.Authentication;
using Sample.Demo;
using Sample.Notifications;
using Sample.Orders;
using Sample.Tenants;
using Sample.Users;
using Tallystick;
using Tallystick.Postgres;
using Tallystick.Tenancy;

namespace Sample;

/// <summary>The application with HTTP and its store, as it is run and as it is tested.</summary>
public static class OrdersApplication
{
    /// <summary>Builds the application; it doesn't run yet.</summary>
    /// <param name="args">The command line: configuration, such as <c>--Data data</c>.</param>
    /// <param name="change">What a test changes, such as the server and the store; it has the last word.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? change = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var configuration = builder.Configuration;

        builder.Services.AddTallystick(tally => UseStore(tally, configuration)
            .AddOrders()
            .AddTenancy(
                tenancy => tenancy.FromHeader("X-Tenant-Id").VerifiedByClaim("tenant").AllowActAs(Roles.Operator),
                web => web.Reject("order-unknown", 404).Reject("tenant-unknown", 404).Reject("tenant-erased", 404) with
                {
                    BodyBytesMax = configuration.GetValue("Limits:BodyBytesMax", web.BodyBytesMax),
                    ReadDeadline = configuration.GetValue("Limits:ReadDeadline", web.ReadDeadline),
                }));
        builder.Services.AddHostedService<FirstStart>();
        if (configuration.GetValue("Demo", false))
            builder.Services.AddHostedService<DemoOrders>();

        builder.Services.AddAccessTokens(configuration);
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.Converters.Add(new MoneyConverter()));
        builder.Services.AddOpenApi(openApi => openApi.AddTallystick().AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(decimal))
                (schema.Type, schema.MultipleOf, schema.Description) = (JsonSchemaType.Number, 0.01m, "An amount of money, with two decimals.");
            return Task.CompletedTask;
        }));

        change?.Invoke(builder);
        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseTallystick();

        app.MapTenants();
        app.MapTenantMoves();
        app.MapUsers();
        app.MapOrders();
        app.MapNotifications();
        app.MapTallystickHealth();
        app.MapOpenApi("/openapi/v1.json");
        if (app.Environment.IsDevelopment())
            app.MapDevelopmentTokens();
        return app;
    }

    /// <summary>One line chooses between one process with a file and many nodes on PostgreSQL.</summary>
    private static TallystickBuilder UseStore(TallystickBuilder tally, ConfigurationManager configuration) => PlaceTenants(
        configuration["Postgres:Connection"] is { Length: > 0 } connection
            ? tally.UsePostgres(connection, options => InPostgres(options, configuration))
            : tally.UseSqlite(Path.Combine(configuration["Data"] ?? "data", "orders.db")),
        configuration);

    /// <summary>
    /// Where new tenants come, if not into the main database. <c>Placement:Default</c> says it for all, <c>Placement:Tenants:ID</c> for one:
    /// <c>dedicated:file</c>, <c>dedicated:postgres</c>, or <c>shared:NAME</c> with a database of <c>Placement:Shards:NAME</c> (a file, or a
    /// connection to PostgreSQL).
    /// </summary>
    private static TallystickBuilder PlaceTenants(TallystickBuilder tally, ConfigurationManager configuration)
    {
        var placement = configuration.GetSection("Placement");
        if (!placement.Exists())
            return tally;
        tally.AddSqliteFiles(Path.Combine(configuration["Data"] ?? "data", "tenants"));
        if (configuration["Postgres:Connection"] is { Length: > 0 } connection && configuration["Postgres:Owner"] is { Length: > 0 } owner)
            tally.AddPostgresDatabases(connection, owner, prefix: placement["Prefix"] ?? "orders_");
        foreach (var shard in placement.GetSection("Shards").GetChildren())
        {
            if (shard.Value!.Contains('=', StringComparison.Ordinal))
                tally.AddPostgresDatabase(shard.Key, shard.Value, options => InPostgres(options, configuration));
            else
                tally.AddSqliteDatabase(shard.Key, shard.Value);
        }

        return tally.PlaceTenants(tenant => Placement.TryParse(placement[$"Tenants:{tenant}"] ?? placement["Default"] ?? $"{Placement.Main}", out var place)
            ? place
            : throw new SetupException($"The configuration places tenant '{tenant}' in '{placement[$"Tenants:{tenant}"] ?? placement["Default"]}', which is no placement: write shared:NAME or dedicated:KIND."));
    }

    private static PostgresStoreOptions InPostgres(PostgresStoreOptions options, ConfigurationManager configuration) => options with
    {
        OwnerConnectionString = configuration["Postgres:Owner"],
        Schema = configuration["Postgres:Schema"] ?? options.Schema,
    };
}
