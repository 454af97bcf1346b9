namespace Tallystick.Commands;

/// <summary>
/// The names of the built-in steps, in their order, the outermost first. Steps that are added by <c>Use</c> follow, then the handler,
/// which loads the state, lets the decider decide and commits.
/// </summary>
public static class CommandSteps
{
    /// <summary>A span and a count for each command, when someone listens; completes the events' trace parent.</summary>
    public const string Telemetry = "telemetry";

    /// <summary>
    /// Gives <see cref="CommandResult.TooMany"/> when a tenant gives more commands than it may. In applications that are made by
    /// <c>AddTallystick</c>; each node counts for itself.
    /// </summary>
    public const string Rate = "rate";

    /// <summary>Gives <see cref="CommandResult.Invalid"/> with all failures at once.</summary>
    public const string Validation = "validation";

    /// <summary>Gives <see cref="CommandResult.Forbidden"/> when a policy doesn't allow the command.</summary>
    public const string Authorization = "authorization";

    /// <summary>
    /// Answers a repetition with the first result. It is inside of authorization, so that nobody learns the result of a command that
    /// they may not execute.
    /// </summary>
    public const string Idempotency = "idempotency";

    /// <summary>
    /// Gives <see cref="CommandResult.StorageFull"/> when a tenant has stored as much as it may. In applications that are made by
    /// <c>AddTallystick</c>.
    /// </summary>
    public const string Storage = "storage";

    /// <summary>Tries again after a conflict. Everything further inside runs again with each attempt.</summary>
    public const string ConflictRetry = "conflict-retry";
}
