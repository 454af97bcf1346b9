namespace Tallystick.Commands;

/// <summary>Why a business rule refuses a command. A value, not an exception: it is an expected answer.</summary>
public sealed record Rejection
{
    /// <summary>The most characters of a code.</summary>
    public const int CodeLengthMax = 64;

    /// <summary>Makes a rejection.</summary>
    /// <param name="code">For programs, such as <c>order-empty</c>: 1 to 64 lower-case letters, digits and hyphens.</param>
    /// <param name="message">For people: what is refused and why.</param>
    /// <exception cref="ArgumentException">The code has other characters, or the message is empty.</exception>
    public Rejection(string code, string message)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(message);
        Code = IsCode(code) ? code : throw new ArgumentException(
            $"'{code}' is no rejection code: use 1 to {CodeLengthMax} lower-case letters, digits and hyphens, such as order-empty.",
            nameof(code));
        Message = message;
    }

    /// <summary>For programs: 1 to 64 lower-case letters, digits and hyphens.</summary>
    public string Code { get; }

    /// <summary>For people: what is refused and why.</summary>
    public string Message { get; }

    /// <summary>The code and the message.</summary>
    public override string ToString() => $"{Code}: {Message}";

    private static bool IsCode(string? code)
    {
        if (code is not { Length: > 0 and <= CodeLengthMax })
            return false;
        foreach (var c in code)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))
                return false;
        }

        return true;
    }
}
