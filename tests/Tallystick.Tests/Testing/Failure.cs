using Tallystick.Testing;

namespace Tallystick.Tests.Testing;

/// <summary>The message with which something must fail.</summary>
internal static class Failure
{
    public static string Of(Action specification) => Assert.Throws<CheckFailedException>(specification).Message;

    public static async Task<string> OfAsync(Func<Task> specification) => (await Assert.ThrowsAsync<CheckFailedException>(specification)).Message;
}
