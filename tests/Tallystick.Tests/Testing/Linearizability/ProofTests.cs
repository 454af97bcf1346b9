using Tallystick.Testing;
using Tallystick.Testing.Linearizability;
using static Tallystick.Tests.Testing.Linearizability.CheckerTests;

namespace Tallystick.Tests.Testing.Linearizability;

/// <summary>That the proof of a violation is short, and can be read.</summary>
public sealed class ProofTests
{
    [Fact]
    public void A_proof_shows_the_contradiction_as_bars_over_time_and_why_nothing_can_follow() => Assert.Equal("", ProofOf(
        Write(0, 1, 1, 2), Read(1, 3, 1, 4), Write(2, 5, 2, 8), Write(0, 6, 3, 9), Read(1, 10, 3, 11), Read(3, 12, 2, 13)));

    private static string ProofOf(params Operation<RegisterCall, RegisterAnswer>[] operations) => Assert.Throws<CheckFailedException>(
        () => new History<RegisterCall, RegisterAnswer>([.. operations]).Check(new RegisterModel(), cancellationToken: TestContext.Current.CancellationToken).Demand()).Message;
}
