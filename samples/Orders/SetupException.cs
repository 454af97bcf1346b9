namespace Sample;

/// <summary>The application is set up wrongly; the message says how to set it right.</summary>
public sealed class SetupException(string message, Exception? innerException = null) : Exception(message, innerException);
