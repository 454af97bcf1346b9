using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Sample.Authentication;

namespace Sample;

/// <summary>Says where the application listens and, in Development, what can be done with it.</summary>
public static class Welcome
{
    public static void Print(WebApplication app, TextWriter to)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var url = addresses.FirstOrDefault() ?? "http://127.0.0.1:5080";
        to.WriteLine($"""

            Orders is ready: {url}
              What there is to call      {url}/openapi/v1.json
              Whether it is well         {url}/health/ready
            """);
        if (app.Environment.IsDevelopment())
            PrintTokens(app.Services.GetRequiredService<AccessTokens>(), url, to);
        to.WriteLine("\nCtrl-C stops it; all data stays.\n");
        to.Flush();
    }

    private static void PrintTokens(AccessTokens tokens, string url, TextWriter to)
    {
        to.WriteLine($"  A token for whom you like   {url}/dev/token?tenant=acme&user=ann&role=customer");
        var first = "";
        foreach (var (tenant, _) in FirstStart.Tenants)
        {
            var (token, expires) = tokens.Make(FirstStart.DemoCustomer, Roles.Customer, tenant);
            first = first.Length == 0 ? token : first;
            to.WriteLine($"\nTenant {tenant}, customer {FirstStart.DemoCustomer}, until {expires:yyyy-MM-dd HH:mm} UTC:\n{token}");
        }

        var order = $$"""{"customerId":"{{FirstStart.DemoCustomer}}","currency":"EUR","lines":[{"sku":"tea","quantity":2,"unitPrice":12.50}]}""";
        to.WriteLine($"\nPlace an order (paste this):\ncurl -i {url}/orders -H 'X-Tenant-Id: {FirstStart.Tenants[0].Id}' "
            + $"-H 'Content-Type: application/json' -H 'Authorization: Bearer {first}' -d '{order}'");
    }
}
