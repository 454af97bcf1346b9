using Tallystick.Storage;

namespace Tallystick.Tenancy.Databases;

/// <summary>
/// The databases that an application has registered: the main one, which is always there, further shared ones by name, and families of
/// dedicated ones by kind.
/// </summary>
internal sealed class DatabaseRegistry
{
    private readonly SortedDictionary<string, Func<IServiceProvider, IStore>> _shared = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, DedicatedFamily> _dedicated = new(StringComparer.Ordinal);

    /// <summary>Whether there is anything beside the main database.</summary>
    public bool HasOnlyMain => _shared.Count == 0 && _dedicated.Count == 0;

    /// <exception cref="ArgumentException">The name isn't one, or it is taken.</exception>
    public void AddShared(string name, Func<IServiceProvider, IStore> open)
    {
        Check(name, name == Placement.MainDatabase || _shared.ContainsKey(name));
        _shared.Add(name, open);
    }

    /// <exception cref="ArgumentException">The kind isn't one, or it is taken.</exception>
    public void AddDedicated(string kind, DedicatedFamily family)
    {
        Check(kind, _dedicated.ContainsKey(kind));
        _dedicated.Add(kind, family);
    }

    public bool Has(Placement placement) => placement switch
    {
        Placement.Shared(var name) => name == Placement.MainDatabase || _shared.ContainsKey(name),
        Placement.Dedicated(var kind) => _dedicated.ContainsKey(kind),
        _ => false,
    };

    /// <summary>Opens a database that isn't the main one.</summary>
    /// <exception cref="TallystickException">It isn't registered any more, or it can't be opened.</exception>
    public IStore Open(IServiceProvider services, Placement placement, TenantId tenant) => placement switch
    {
        Placement.Shared(var name) when _shared.TryGetValue(name, out var open) => open(services),
        Placement.Dedicated(var kind) when _dedicated.TryGetValue(kind, out var family) => family.Open(services, tenant),
        _ => throw Missing(placement, tenant),
    };

    /// <summary>Removes a tenant's own database, which is closed. One that isn't there is no error.</summary>
    public ValueTask RemoveAsync(IServiceProvider services, string kind, TenantId tenant, CancellationToken cancellationToken) =>
        _dedicated.TryGetValue(kind, out var family)
            ? family.RemoveAsync(services, tenant, cancellationToken)
            : throw Missing(new Placement.Dedicated(kind), tenant);

    /// <summary>The names, for messages.</summary>
    public override string ToString() => string.Join(", ",
        [Placement.Main, .. _shared.Keys.Select(name => new Placement.Shared(name)), .. _dedicated.Keys.Select(kind => new Placement.Dedicated(kind))]);

    private TallystickException Missing(Placement placement, TenantId tenant) => new(
        $"Tenant '{tenant}' is placed in '{placement}', which this application doesn't have; it has {this}. Register it by AddDatabase or AddDedicated.");

    private static void Check(string name, bool isTaken)
    {
        if (!TenantId.TryParse(name, out _))
            throw new ArgumentException($"'{name}' is no name of a database: use 1 to {TenantId.LengthMax} lower-case letters, digits and hyphens.", nameof(name));
        if (isTaken)
            throw new ArgumentException($"There is a database '{name}' already; names must be unique.", nameof(name));
    }
}

/// <summary>How the tenants' own databases of one kind are opened, and removed.</summary>
/// <param name="Open">Opens a tenant's database, making it when it isn't there.</param>
/// <param name="RemoveAsync">Removes it, closed, with every file that it had. One that isn't there is no error.</param>
internal sealed record DedicatedFamily(
    Func<IServiceProvider, TenantId, IStore> Open, Func<IServiceProvider, TenantId, CancellationToken, ValueTask> RemoveAsync);
