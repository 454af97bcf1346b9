using Sample.Users;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Sample;

/// <summary>What is there from the first start on: two tenants, and in Development a customer in each, so that one can order at once.</summary>
public sealed class FirstStart(Tallystick.Tenancy.Tenants tenants, IHostEnvironment environment) : IHostedService
{
    public const string DemoCustomer = "demo";

    public static IReadOnlyList<(string Id, string Name)> Tenants { get; } = [("acme", "Acme"), ("globex", "Globex")];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, name) in Tenants)
        {
            await tenants.EnsureAsync(TenantId.Parse(id), name, cancellationToken);
            if (environment.IsDevelopment() && await tenants.FindAsync(TenantId.Parse(id), cancellationToken) is TenantLookup.Found found)
                await EnsureUserAsync(found.Tenant, DemoCustomer, "Demo Customer", cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Registers a user with a known id, unless there is one.</summary>
    public static async Task EnsureUserAsync(Tenant tenant, string id, string name, CancellationToken cancellationToken)
    {
        var stream = new StreamId(UserDecider.StreamCategory, id);
        if (!(await tenant.StateOf<User>(stream).NowAsync(cancellationToken)).State.IsRegistered)
            await tenant.ExecuteAsync(stream, new RegisterUser(name, $"{id}@{tenant.Id}.example"), cancellationToken);
    }
}
