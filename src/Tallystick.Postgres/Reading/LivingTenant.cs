namespace Tallystick.Postgres.Reading;

/// <summary>
/// The tenant that a read asks for, unless it is being erased. Every read compares its rows with this and not with the tenant's bare name, in the
/// very statement that reads them: so it sees, as of one moment, all of a tenant or nothing, however far the removal of its rows is.
/// </summary>
internal static class LivingTenant
{
    /// <summary>SQL for the tenant that is bound first; evaluated once for a statement.</summary>
    public const string First = "(SELECT h.tenant FROM heads h WHERE h.tenant = $1 AND NOT h.erasing)";
}
