namespace Tallystick.Tenancy.Moving;

/// <summary>Which fences a move needs where the tenant is.</summary>
internal static class MoveFences
{
    /// <summary>
    /// Whether a fence that was met where the catalog says that the tenant is may stand. One that may not was left by a mover that others have
    /// overtaken: it stood still, or its commit was long on its way. Fences that no mover sets are nobody's here to lift.
    /// </summary>
    public static bool IsNeeded(TenantRecord record, string fence) => fence == TenantMove.MovingFence
        ? record.Move is { Step: MoveStep.Begun or MoveStep.Undoing or MoveStep.Abandoning }
        : !fence.StartsWith(TenantMove.CopyFencePrefix, StringComparison.Ordinal) || record.Move is { Step: MoveStep.Switched or MoveStep.SwitchedBack };
}
