using Tallystick.Storage;

namespace Tallystick.Subscriptions;

/// <summary>
/// What a subscription's handler says about an event. A handler steers by verdicts and doesn't throw to steer; an exception counts as
/// <see cref="Retry"/>.
/// </summary>
public abstract record Verdict
{
    private Verdict()
    {
    }

    /// <summary>The event is dealt with, and there is nothing to commit.</summary>
    public static Verdict Completed { get; } = new Complete();

    /// <summary>The event is dealt with.</summary>
    /// <param name="With">
    /// What takes effect in the same commit as the checkpoint, and so exactly once: events to append, documents. Begin it by
    /// <see cref="SubscriptionContext.BeginCommit"/>. Null: nothing.
    /// </param>
    public sealed record Complete(Commit? With = null) : Verdict;

    /// <summary>The event is to be handled again; after as many retries as the options allow, the subscription stops at it.</summary>
    /// <param name="Reason">Why.</param>
    /// <param name="After">When; null: by the options' growing delays.</param>
    public sealed record Retry(string Reason, TimeSpan? After = null) : Verdict;

    /// <summary>The event is left out for ever; that is recorded as an event of the tenant's log.</summary>
    /// <param name="Reason">Why.</param>
    public sealed record Skip(string Reason) : Verdict;

    /// <summary>The subscription stops at this event, without retries, until an operator resumes it or tells it to skip the event.</summary>
    /// <param name="Reason">Why.</param>
    public sealed record Stop(string Reason) : Verdict;
}
