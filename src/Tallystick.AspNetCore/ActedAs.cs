using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.AspNetCore;

/// <summary>
/// An operator has acted as a tenant. Recorded in the tenant's log, in the stream <c>tallystick.audit-act-as</c>, before the request ran.
/// </summary>
/// <param name="By">Who.</param>
/// <param name="Reason">Why, in the operator's words.</param>
/// <param name="RequestId">The request's correlation id, which the events have that came of it.</param>
/// <param name="Method">The request's method.</param>
/// <param name="Path">The request's path.</param>
[EventType("tallystick.acted-as")]
public sealed record ActedAs(string By, string Reason, string RequestId, string Method, string Path);

/// <summary>What a policy for acting as a tenant is asked about.</summary>
/// <param name="Tenant">The tenant that the operator names.</param>
/// <param name="Reason">Why, in the operator's words.</param>
public sealed record ActAsRequest(TenantId Tenant, string Reason);
