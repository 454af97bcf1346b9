using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Tallystick.Commands;

/// <summary>
/// What a decider makes of a command: events (possibly none: there is nothing to do), or a rejection. <c>default</c> is accepted
/// without events.
/// </summary>
/// <typeparam name="TEvent">The decider's events.</typeparam>
public readonly struct Decision<TEvent> : IEquatable<Decision<TEvent>>
    where TEvent : notnull
{
    private readonly ImmutableArray<TEvent> _events;

    private Decision(ImmutableArray<TEvent> events, Rejection? rejection) => (_events, Rejection) = (events, rejection);

    /// <summary>What happens; empty when nothing does or the command was rejected.</summary>
    public ImmutableArray<TEvent> Events => _events.IsDefault ? [] : _events;

    /// <summary>Why the command was rejected; null when it was accepted.</summary>
    public Rejection? Rejection { get; }

    /// <summary>Whether the command was rejected.</summary>
    [MemberNotNullWhen(true, nameof(Rejection))]
    public bool IsRejected => Rejection is not null;

    /// <summary>The command is accepted and these events happen, in this order.</summary>
    /// <exception cref="ArgumentException">One of them is null.</exception>
    public static Decision<TEvent> Accept(params ReadOnlySpan<TEvent> events)
    {
        foreach (var e in events)
        {
            if (e is null)
                throw new ArgumentException("A decision has a null among its events.", nameof(events));
        }

        return new Decision<TEvent>([.. events], null);
    }

    /// <summary>The command is rejected.</summary>
    public static Decision<TEvent> Reject(Rejection rejection)
    {
        ArgumentNullException.ThrowIfNull(rejection);
        return new Decision<TEvent>([], rejection);
    }

    /// <summary>The command is rejected.</summary>
    public static implicit operator Decision<TEvent>(Rejection rejection) => Reject(rejection);

    /// <summary>Whether both have equal events in the same order, or equal rejections.</summary>
    public bool Equals(Decision<TEvent> other) => Rejection == other.Rejection && Events.SequenceEqual(other.Events);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Decision<TEvent> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Events.Aggregate(Rejection?.GetHashCode() ?? 0, HashCode.Combine);

    /// <summary>Whether both are equal.</summary>
    public static bool operator ==(Decision<TEvent> left, Decision<TEvent> right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(Decision<TEvent> left, Decision<TEvent> right) => !left.Equals(right);

    /// <summary>The decision in words.</summary>
    public override string ToString() => IsRejected
        ? $"rejected, {Rejection}"
        : Events.IsEmpty ? "accepted, nothing happens" : $"accepted: {string.Join(", ", Events)}";
}
