namespace Tallystick.Postgres.Writing;

/// <summary>What a tenant's head says besides where its log ends.</summary>
/// <param name="Fence">The reason of its fence, or null.</param>
/// <param name="JournalStart">The number of its journal's session; null if no journal is kept.</param>
/// <param name="JournalHead">The number of the last entry or session.</param>
/// <param name="IsErasing">Whether it is being erased.</param>
internal sealed record TenantLife(string? Fence, long? JournalStart, long JournalHead, bool IsErasing);
