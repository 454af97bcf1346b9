using Tallystick.Projections;
using Tallystick.Tenancy;

namespace Tallystick.AspNetCore.Requests;

/// <summary>
/// What the middleware has found out about one request. It belongs to the request's own service scope: nothing about a tenant is ever kept in
/// a static, in a thread or in an execution context, from where another request could inherit it.
/// </summary>
internal sealed class RequestScope
{
    private Tenant? _tenant;

    public CommandConditions Conditions { get; set; } = CommandConditions.None;

    public ReadFreshness Freshness { get; set; }

    public Tenant Tenant
    {
        get => _tenant ?? throw new InvalidOperationException(
            "No tenant: it is known only in endpoints that have a parameter of type Tenant or are marked by RequireTenant(), "
            + "after app.UseTallystick(), which must come after authentication. Elsewhere ask Tenants for a handle.");
        set => _tenant = value;
    }
}
