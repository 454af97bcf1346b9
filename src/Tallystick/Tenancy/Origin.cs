using System.Security.Claims;
using Tallystick.Events;

namespace Tallystick.Tenancy;

/// <summary>Who asks, as it is stored with events.</summary>
public static class Origin
{
    /// <summary>The user's id: the claim <c>sub</c>, else the name; null if nobody is known.</summary>
    public static string? UserIdOf(ClaimsPrincipal? user) =>
        user?.FindFirst("sub")?.Value ?? user?.FindFirst(ClaimTypes.NameIdentifier)?.Value ?? user?.Identity?.Name;

    /// <summary>Metadata that names the user alone.</summary>
    public static EventMetadata Of(ClaimsPrincipal? user) => UserIdOf(user) is { } id ? new EventMetadata(UserId: id) : EventMetadata.None;
}
