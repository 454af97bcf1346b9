namespace Tallystick.IntegrationTests.Faults;

/// <summary>What happens to the n-th system call of one kind on a store's files.</summary>
/// <param name="Call">The call's name.</param>
/// <param name="Effect">What it gives: the name of an error; or the name of a signal that it ends with.</param>
/// <param name="Ordinal">Which one, from 1.</param>
/// <param name="Lasts">Whether all later ones are hit as well.</param>
public sealed record Fault(string Call, string Effect, int Ordinal, bool Lasts)
{
    public bool Kills => Effect == "SIGKILL";

    /// <summary>As strace takes it.</summary>
    public string Injection => $"{Call}:{(Kills ? "signal" : "error")}={Effect}:when={Ordinal}{(Lasts ? "+" : "")}";

    public override string ToString() => Injection;
}
