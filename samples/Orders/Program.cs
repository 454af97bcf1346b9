using Microsoft.AspNetCore.Connections;
using Microsoft.OpenApi;
using Sample;
using Sample.Authentication;
using Sample.Demo;
using Sample.Notifications;
using Sample.Orders;
using Sample.Tenants;
using Sample.Users;
using Tallystick;

try
{
    var app = Build(args);
    app.Lifetime.ApplicationStarted.Register(() => Welcome.Print(app, Console.Out));
    await app.RunAsync();
    return 0;
}
catch (Exception error) when (error is TallystickException or SetupException or IOException or UnauthorizedAccessException)
{
    // What whoever started it can set right, such as a port or a folder that is in use, needs a sentence and no stack trace.
    Console.Error.WriteLine(error.Message);
    if (error.InnerException is AddressInUseException)
        Console.Error.WriteLine("Choose another port: ./run --port 5081");
    return 1;
}

static WebApplication Build(string[] args)
{
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
    var configuration = builder.Configuration;

    builder.Services.AddTallystick(tally => tally
        .UseSqlite(Path.Combine(configuration["Data"] ?? "data", "orders.db"))
        .AddOrders()
        .AddTenancy(
            tenancy => tenancy.FromHeader("X-Tenant-Id").VerifiedByClaim("tenant"),
            web => web.Reject("order-unknown", 404).Reject("tenant-unknown", 404) with
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

    var app = builder.Build();
    app.UseAuthentication();
    app.UseAuthorization();
    app.UseTallystick();

    app.MapTenants();
    app.MapUsers();
    app.MapOrders();
    app.MapNotifications();
    app.MapTallystickHealth();
    app.MapOpenApi("/openapi/v1.json");
    if (app.Environment.IsDevelopment())
        app.MapDevelopmentTokens();
    return app;
}
