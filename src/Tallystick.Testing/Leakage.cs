using Tallystick.Testing.Leaks;

namespace Tallystick.Testing;

/// <summary>
/// Checks that no tenant of an application sees or changes another. Two tenants are made that have the same ids and different secrets; then everything that the application can
/// do is done as the one: every method of the store, of handles and of the host, every decider, projection and subscription, and every endpoint of the OpenAPI document, also
/// with the twin's ids, page tokens, entity tags and keys, and naming the twin wherever a tenant can be named.
/// </summary>
/// <remarks>
/// The check fails if the twin changes by a byte, or if anything of it shows up in a body, a header, a line of the log, a tag of a metric, a trace or an exception; if the
/// tenant is answered differently only because the twin has data; and if an operation never succeeded, since nothing is known of it then. The application
/// should be one for tests: it keeps the two tenants.
/// </remarks>
public static class Leakage
{
    /// <summary>Checks an application.</summary>
    /// <param name="options">The application, and what only its author knows of it.</param>
    /// <param name="cancellationToken">Cancels between two operations.</param>
    /// <returns>What was tried.</returns>
    /// <exception cref="CheckFailedException">Something shows or changes, or wasn't tried; the message says what, where, and how to repeat it.</exception>
    /// <exception cref="ArgumentException">An option contradicts itself.</exception>
    public static async Task<LeakageReport> CheckAsync(LeakageOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Demand();
        using var run = new LeakageRun(options);
        return await run.RunAsync(cancellationToken);
    }
}
