namespace Tallystick.Testing.Data;

/// <summary>How much data there is, and how unevenly it is spread.</summary>
public sealed record RealisticDataOptions
{
    /// <summary>How many tenants. Default 20.</summary>
    public int Tenants { get; init; } = 20;

    /// <summary>How many users all tenants have together; each has at least one. Default 2,000.</summary>
    public int Users { get; init; } = 2000;

    /// <summary>How many orders all users give together. Default 20,000; millions take no more memory.</summary>
    public long Orders { get; init; } = 20_000;

    /// <summary>How many different goods there are. Default 500.</summary>
    public int Skus { get; init; } = 500;

    /// <summary>
    /// How unevenly users and orders are spread over tenants: the exponent of Zipf's law. 0: evenly; 1 (the default): the second largest has
    /// half of the largest; 2: nearly all is in one.
    /// </summary>
    public double TenantSkew { get; init; } = 1.0;

    /// <summary>How unevenly orders are spread over the users of a tenant. Default 0.8.</summary>
    public double UserSkew { get; init; } = 0.8;

    /// <summary>How unevenly goods are ordered. Default 1.1.</summary>
    public double SkuSkew { get; init; } = 1.1;

    /// <summary>The most lines of an order; most have one to three. Default 20.</summary>
    public int LinesMax { get; init; } = 20;

    /// <summary>When the first order may come. Default: the beginning of 2026, in UTC.</summary>
    public DateTimeOffset Start { get; init; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Over which time orders are spread. Default 90 days.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromDays(90);

    internal RealisticDataOptions Checked()
    {
        foreach (var (name, value) in new[] { (nameof(Tenants), Tenants), (nameof(Skus), Skus), (nameof(LinesMax), LinesMax), (nameof(Users), Users) })
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, name);
        ArgumentOutOfRangeException.ThrowIfNegative(Orders);
        ArgumentOutOfRangeException.ThrowIfLessThan(Users, Tenants);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Period, TimeSpan.Zero);
        foreach (var (name, value) in new[] { (nameof(TenantSkew), TenantSkew), (nameof(UserSkew), UserSkew), (nameof(SkuSkew), SkuSkew) })
        {
            if (value is < 0 or > 10 || double.IsNaN(value))
                throw new ArgumentOutOfRangeException(name, value, "A skew is from 0 (even) to 10 (all in one).");
        }

        return this;
    }
}
