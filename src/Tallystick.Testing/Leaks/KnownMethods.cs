using System.Collections.Immutable;
using System.Reflection;
using Tallystick.Commands;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Leaks;

/// <summary>
/// The public methods that the check has a call for. One that is added to these types later must be added here, with its operation: until then every check
/// fails, so that nothing is forgotten.
/// </summary>
internal static class KnownMethods
{
    private static readonly ImmutableArray<(Type Type, ImmutableArray<string> Methods)> Known =
    [
        (typeof(IStore),
        [
            nameof(IStore.CommitAsync), nameof(IStore.FindCommitAsync), nameof(IStore.ReadHeadAsync), nameof(IStore.ReadStreamVersionAsync), nameof(IStore.ReadStreamAsync),
            nameof(IStore.ReadLogAsync), nameof(IStore.FindDocumentsAsync), nameof(IStore.QueryDocumentsAsync), nameof(IStore.ReadCheckpointAsync),
            nameof(IStore.ReadLeasesAsync), nameof(IStore.ReadTenantAsync), nameof(IStore.ReadCollectionsAsync), nameof(IStore.ReadCheckpointsAsync),
            nameof(IStore.ReadRememberedAsync), nameof(IStore.ReadJournalAsync), nameof(IStore.WaitForPositionAsync), nameof(IStore.WaitForCheckpointAsync),
        ]),
        (typeof(Tenant),
        [
            nameof(Tenant.ActingAs), nameof(Tenant.With), nameof(Tenant.NewStream), nameof(Tenant.NewEvent), nameof(Tenant.BeginCommit), nameof(Tenant.ExecuteAsync), nameof(Tenant.CommitAsync),
            nameof(Tenant.StateOf), nameof(Tenant.HistoryAsync), nameof(Tenant.ReadModels), nameof(Tenant.FollowAsync), nameof(Tenant.FindEventAsync), nameof(Tenant.ReadStreamAsync),
            nameof(Tenant.ReadLogAsync), nameof(Tenant.VerifyAsync),
        ]),
        (typeof(StreamStates<>), ["NowAsync", "AtAsync"]),
        (typeof(Tenants), [nameof(Tenants.FindAsync), nameof(Tenants.GetAsync), nameof(Tenants.ExecuteAsync), nameof(Tenants.EnsureAsync), nameof(Tenants.ListAsync), nameof(Tenants.DescribeAsync), nameof(Tenants.DeleteAsync), nameof(Tenants.ExportAsync), nameof(Tenants.ImportAsync)]),
        (typeof(ReadModels<>), ["FindAsync", "Query", "Where", "Between", "OrderBy", "OrderByDescending"]),
        (typeof(ReadModelQuery<>), ["Where", "Between", "From", "Before", "OrderBy", "OrderByDescending", "OfTenant", "After", "Take", "PageAsync"]),
        (typeof(SubscriptionHost),
        [
            nameof(SubscriptionHost.StartAsync), nameof(SubscriptionHost.StopAsync), nameof(SubscriptionHost.DisposeAsync), nameof(SubscriptionHost.AddTenant),
            nameof(SubscriptionHost.RemoveTenantAsync), nameof(SubscriptionHost.Status), nameof(SubscriptionHost.WaitForStatusAsync), nameof(SubscriptionHost.ResumeAsync),
            nameof(SubscriptionHost.SkipAsync), nameof(SubscriptionHost.RebuildAsync),
        ]),
    ];

    /// <exception cref="CheckFailedException">There is a method that nobody would call.</exception>
    public static void Demand()
    {
        var unknown = Known.SelectMany(known => UnknownOf(known.Type, known.Methods)).ToArray();
        if (unknown.Length > 0)
            throw new CheckFailedException($"The kit doesn't know {string.Join(", ", unknown)}: give Tallystick.Testing.Leaks an operation that calls it, and name it in KnownMethods.");
    }

    /// <summary>The methods of a type that aren't among these.</summary>
    public static IEnumerable<string> UnknownOf(Type type, ImmutableArray<string> known) => type
        .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Where(method => !method.IsSpecialName && method.GetBaseDefinition().DeclaringType == type && !known.Contains(method.Name) && !IsOfEquality(method))
        .Select(method => $"{CSharpText.TypeName(type)}.{method.Name}").Distinct();

    private static bool IsOfEquality(MethodInfo method) => method.Name is "Equals" or "GetHashCode" or "ToString" or "Deconstruct";
}
