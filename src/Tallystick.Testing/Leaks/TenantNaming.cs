namespace Tallystick.Testing.Leaks;

/// <summary>Where a request names its tenant. The check names the right tenant there, and in forged requests the twin.</summary>
public abstract record TenantNaming
{
    private TenantNaming()
    {
    }

    /// <summary>A header, such as <c>X-Tenant-Id</c>.</summary>
    public sealed record Header(string Name) : TenantNaming
    {
        /// <inheritdoc/>
        public override string ToString() => $"the header {Name}";
    }

    /// <summary>The host name, by a pattern such as <c>{tenant}.example.com</c>.</summary>
    public sealed record Host(string Pattern) : TenantNaming
    {
        /// <inheritdoc/>
        public override string ToString() => $"the host name {Pattern}";
    }

    /// <summary>A parameter of the path, as the OpenAPI document calls it.</summary>
    public sealed record Path(string Parameter) : TenantNaming
    {
        /// <inheritdoc/>
        public override string ToString() => $"the parameter {Parameter} of the path";
    }

    /// <summary>A parameter of the query.</summary>
    public sealed record Query(string Parameter) : TenantNaming
    {
        /// <inheritdoc/>
        public override string ToString() => $"the parameter {Parameter} of the query";
    }
}
