using System.Collections.Immutable;
using Tallystick.Tenancy;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Leaks;

/// <summary>The application that <see cref="Leakage"/> checks, and what only its author knows of it.</summary>
public sealed record LeakageOptions
{
    /// <summary>The application's services: what <c>AddTallystick</c> was called on, built. It is started if it isn't running yet.</summary>
    public required IServiceProvider Services { get; init; }

    /// <summary>
    /// A client of the application that is authenticated as somebody of a tenant; for null one that isn't authenticated at all. It doesn't name the
    /// tenant in its requests: <see cref="Naming"/> says how that is done. Called once for each. Null (the default): HTTP isn't checked.
    /// </summary>
    public Func<TenantId?, HttpClient>? Client { get; init; }

    /// <summary>Where the application serves its OpenAPI document, of version 3. Default <c>/openapi/v1.json</c>.</summary>
    public string OpenApi { get; init; } = "/openapi/v1.json";

    /// <summary>Everywhere that a request can name its tenant. Default: the header <c>X-Tenant-Id</c>. Empty: the caller's token alone says it.</summary>
    public ImmutableArray<TenantNaming> Naming { get; init; } = [new TenantNaming.Header("X-Tenant-Id")];

    /// <summary>The tenant as which everything is run. It is made; it should be new. Default <c>leakage-a</c>.</summary>
    public TenantId Tenant { get; init; } = TenantId.Parse("leakage-a");

    /// <summary>The twin that must neither change nor show. It is made; it should be new. Default <c>leakage-b</c>.</summary>
    public TenantId Twin { get; init; } = TenantId.Parse("leakage-b");

    /// <summary>
    /// Where all choices come from, so that a failure can be repeated; the secrets are new each time. Null (the default): a new one, which a failure
    /// prints.
    /// </summary>
    public long? Seed { get; init; }

    /// <summary>How many commands are tried for each decider to fill the tenants with; more, until each has accepted one. Default 24.</summary>
    public int CommandsMax { get; init; } = 24;

    /// <summary>How often a request is changed until an endpoint answers with success, in each of a few rounds. Default 40.</summary>
    public int AttemptsMax { get; init; } = 40;

    /// <summary>How long the application may take to settle after a change. Default 30 s.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How commands are generated. Streams have the keys <c>1</c>, <c>2</c> and <c>3</c>, in all categories.</summary>
    public GenerationOptions Generation { get; init; } = GenerationOptions.Default;

    internal ImmutableSortedDictionary<string, string> Excuses { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    internal ImmutableSortedDictionary<string, string> Varying { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    internal ImmutableSortedDictionary<string, Func<TenantId, object>> Bodies { get; init; } =
        ImmutableSortedDictionary.Create<string, Func<TenantId, object>>(StringComparer.Ordinal);

    internal ImmutableSortedDictionary<string, Func<TenantId, string>> Values { get; init; } =
        ImmutableSortedDictionary.Create<string, Func<TenantId, string>>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// An operation needn't succeed as the tenant, for a reason, which the report repeats: because it is for operators, for example. It is tried once,
    /// and what it shows and changes is checked all the same.
    /// </summary>
    /// <param name="operation">Its name as the check writes it: <c>POST /orders/{id}/ship</c>, or <c>commands of OrderDecider</c>.</param>
    /// <param name="reason">Why.</param>
    /// <exception cref="ArgumentException">There is no reason.</exception>
    public LeakageOptions Excuse(string operation, string reason) => this with { Excuses = Excuses.SetItem(operation, Demand(reason)) };

    /// <summary>What an operation answers changes by itself, so it isn't compared; what it shows is still searched.</summary>
    /// <param name="operation">Its name as the check writes it: <c>GET /clock</c>.</param>
    /// <param name="reason">Why.</param>
    /// <exception cref="ArgumentException">There is no reason.</exception>
    public LeakageOptions Varies(string operation, string reason) => this with { Varying = Varying.SetItem(operation, Demand(reason)) };

    /// <summary>An endpoint gets this body, which is written as JSON, instead of generated ones.</summary>
    /// <param name="endpoint">Its name: <c>POST /orders</c>.</param>
    /// <param name="body">The body to send for a tenant; give different ones that can be told apart.</param>
    public LeakageOptions WithBody(string endpoint, Func<TenantId, object> body) => this with { Bodies = Bodies.SetItem(endpoint, body) };

    /// <summary>A parameter or JSON property with this name, of any endpoint, has this value.</summary>
    /// <param name="name">The name; upper and lower case are the same.</param>
    /// <param name="value">Its value for a tenant.</param>
    public LeakageOptions WithValue(string name, Func<TenantId, string> value) => this with { Values = Values.SetItem(name, value) };

    internal long SeedOrNew() => Seed ?? SeededEntropy.NewSeed();

    /// <exception cref="ArgumentException">An option contradicts itself.</exception>
    internal void Demand()
    {
        ArgumentNullException.ThrowIfNull(Services);
        ArgumentOutOfRangeException.ThrowIfLessThan(CommandsMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(AttemptsMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Deadline, TimeSpan.Zero);
        if (Tenant.IsDefault || Twin.IsDefault || Tenant == Twin)
            throw new ArgumentException($"The tenant '{Tenant}' and its twin '{Twin}' must be two tenants.");
    }

    private static string Demand(string reason) =>
        string.IsNullOrWhiteSpace(reason) ? throw new ArgumentException("Say why: the report repeats it.", nameof(reason)) : reason;
}
