namespace Tallystick;

/// <summary>
/// The store or the network failed. Misuse throws the CLR's own exceptions instead, and a business rejection is a value.
/// </summary>
/// <param name="message">What was wrong, with which value, and what to do about it.</param>
/// <param name="innerException">The cause, where there is one.</param>
/// <param name="isTransient">Whether the same call may succeed when it is repeated.</param>
public class TallystickException(string message, Exception? innerException = null, bool isTransient = false)
    : Exception(message, innerException)
{
    /// <summary>Whether the same call may succeed when it is repeated later, unchanged.</summary>
    public bool IsTransient { get; } = isTransient;
}
