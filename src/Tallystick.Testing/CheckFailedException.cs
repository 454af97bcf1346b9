namespace Tallystick.Testing;

/// <summary>
/// Something that a test demanded doesn't hold. The message says all that is needed to act on it; any test runner shows it, since to a
/// runner every exception is a failure.
/// </summary>
/// <param name="message">What was expected, what is instead, and how to see it again.</param>
/// <param name="innerException">The cause, where there is one.</param>
public sealed class CheckFailedException(string message, Exception? innerException = null) : Exception(message, innerException);
