using Tallystick.Events;

namespace Tallystick.Projections;

/// <summary>How fresh a read must be. <c>default</c> is <see cref="Any"/>.</summary>
public readonly record struct ReadFreshness
{
    private readonly TimeSpan? _deadline;

    private ReadFreshness(LogPosition position, TimeSpan? deadline) => (Position, _deadline) = (position, deadline);

    /// <summary>The default deadline: 5 s.</summary>
    public static TimeSpan DefaultDeadline { get; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whatever the read model has reached. Only a read model that has never been built complete is waited for, at most
    /// <see cref="DefaultDeadline"/>, since half-built documents are never shown.
    /// </summary>
    public static ReadFreshness Any => default;

    /// <summary>The read model must have reached this position of the log; <see cref="LogPosition.Start"/> demands nothing.</summary>
    public LogPosition Position { get; }

    /// <summary>How long to wait for it.</summary>
    public TimeSpan Deadline => _deadline ?? DefaultDeadline;

    /// <summary>Everything up to a position must be in it: the token that a command gave.</summary>
    /// <param name="position">The position.</param>
    /// <param name="deadline">How long to wait for it. Default <see cref="DefaultDeadline"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The deadline is negative.</exception>
    public static ReadFreshness AtLeast(LogPosition position, TimeSpan? deadline = null)
    {
        if (deadline is { } given)
            ArgumentOutOfRangeException.ThrowIfLessThan(given, TimeSpan.Zero, nameof(deadline));
        return new ReadFreshness(position, deadline);
    }
}

/// <summary>A read model hadn't reached the wanted position before the deadline. Nothing is wrong with the request: try again later.</summary>
/// <param name="projection">The projection that writes it.</param>
/// <param name="wanted">The position that was wanted.</param>
/// <param name="reached">The position that it has reached.</param>
/// <param name="detail">What is known of the cause; may be empty.</param>
public sealed class ReadModelBehindException(string projection, LogPosition wanted, LogPosition reached, string detail)
    : TallystickException(
        $"Read model '{projection}' has reached position {reached} of the log, but {wanted} was wanted and the deadline has passed. {detail}".TrimEnd(),
        isTransient: true)
{
    /// <summary>The projection that writes it.</summary>
    public string Projection { get; } = projection;

    /// <summary>The position that was wanted.</summary>
    public LogPosition Wanted { get; } = wanted;

    /// <summary>The position that it had reached.</summary>
    public LogPosition Reached { get; } = reached;
}
