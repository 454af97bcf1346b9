using System.Globalization;

namespace Tallystick.Tenancy;

/// <summary>What a tenant may use. What is null follows the application's default (<see cref="TenantOptions.Limits"/>).</summary>
/// <param name="CommandsPerSecond">
/// The most commands that each node executes for the tenant in a second, on average; as many may come at once after a pause. More than 0.
/// </param>
/// <param name="StoredBytes">The most bytes of events and documents together; commands that would add to more are refused. 0 or more.</param>
/// <param name="QueueShare">
/// The weight with which the tenant is served wherever tenants wait for the same thing: 2 is served twice as often as 1. From 1 to
/// <see cref="QueueShareMax"/>.
/// </param>
public sealed record TenantLimits(double? CommandsPerSecond = null, long? StoredBytes = null, int? QueueShare = null)
{
    /// <summary>The highest weight: 100.</summary>
    public const int QueueShareMax = 100;

    /// <summary>No limits of its own.</summary>
    public static TenantLimits None { get; } = new();

    /// <summary>What is wrong with them; null: nothing.</summary>
    internal string? Fault =>
        CommandsPerSecond is { } rate && !(rate > 0 && double.IsFinite(rate))
            ? string.Create(CultureInfo.InvariantCulture, $"CommandsPerSecond is {rate}; use more than 0, or null for the default.")
        : StoredBytes < 0
            ? string.Create(CultureInfo.InvariantCulture, $"StoredBytes is {StoredBytes}; use 0 or more, or null for the default.")
        : QueueShare is < 1 or > QueueShareMax
            ? string.Create(CultureInfo.InvariantCulture, $"QueueShare is {QueueShare}; use 1 to {QueueShareMax}, or null for the default.")
        : null;

    /// <summary>These limits, with others where these say nothing.</summary>
    internal TenantLimits Or(TenantLimits defaults) => new(
        CommandsPerSecond ?? defaults.CommandsPerSecond, StoredBytes ?? defaults.StoredBytes, QueueShare ?? defaults.QueueShare);
}
