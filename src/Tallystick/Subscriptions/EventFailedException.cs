using Tallystick.Events;

namespace Tallystick.Subscriptions;

/// <summary>One event can't be handled, for a reason that lies in the event or its handler and not in the store.</summary>
/// <param name="recorded">The event.</param>
/// <param name="cause">What happened.</param>
/// <param name="retryAfter">When the handler itself asked to be called again; null: by the options' backoff.</param>
internal sealed class EventFailedException(RecordedEvent recorded, Exception cause, TimeSpan? retryAfter = null)
    : Exception(cause.Message, cause)
{
    public RecordedEvent Recorded { get; } = recorded;

    public Exception Cause { get; } = cause;

    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>A commit was refused because the work's lease is lost: another process has the work, or may have it.</summary>
internal sealed class WorkMovedException(Storage.Refusal.LeaseLost lost) : Exception(lost.ToString());

/// <summary>A commit was refused because another process has moved the checkpoint or the state: everything must be read again.</summary>
internal sealed class OwnerMovedException(string message) : Exception(message);
