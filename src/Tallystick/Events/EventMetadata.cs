namespace Tallystick.Events;

/// <summary>Where the events of a commit come from. Every event of the commit carries it.</summary>
/// <param name="CorrelationId">One id for all that a single request set in motion, or null.</param>
/// <param name="CausationId">The id of the command or event that directly caused this, or null.</param>
/// <param name="TraceParent">The W3C <c>traceparent</c> of the span in which it happened, or null.</param>
/// <param name="UserId">Who did it, or null if nobody did.</param>
public sealed record EventMetadata(string? CorrelationId = null, Guid? CausationId = null, string? TraceParent = null, string? UserId = null)
{
    /// <summary>Nothing is known of the origin.</summary>
    public static EventMetadata None { get; } = new();
}
