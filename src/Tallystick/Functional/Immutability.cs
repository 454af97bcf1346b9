using System.Collections.Immutable;

namespace Tallystick.Functional;

/// <summary>A member that makes a type mutable.</summary>
/// <param name="Path">
/// Where it is: members from the checked type on, as in <c>Order.Lines[].Price</c>. <c>[]</c> is a collection's element,
/// <c>[key]</c> and <c>[value]</c> are a dictionary's, and <c>Shape(Circle)</c> is a Shape which is a Circle.
/// </param>
/// <param name="Problem">What is wrong there and what to do about it.</param>
public sealed record MutabilityFinding(string Path, string Problem)
{
    /// <summary>The path and the problem.</summary>
    public override string ToString() => $"{Path}: {Problem}";
}

/// <summary>
/// Checks that a type is deeply immutable: that nothing reachable from its value can change, so that it can be shared between
/// threads, cached and replayed. Domain state and events are checked when they are registered.
/// </summary>
/// <remarks>
/// <para>Fields must be readonly (also private and inherited ones), properties without <c>set</c> (<c>init</c> is fine), and their
/// types deeply immutable: simple values, immutable and frozen collections, value tuples, <see cref="Maybe{T}"/>,
/// <see cref="Result{T, TError}"/>, and classes and structs to which the same applies. Arrays, mutable or read-only collections,
/// interfaces, delegates and <c>object</c> are refused, since something mutable could be behind them.</para>
/// <para>For a class that isn't sealed, the classes of its assembly that derive from it are checked too. Those of other assemblies
/// aren't known; seal the hierarchy with a private constructor.</para>
/// </remarks>
public static class Immutability
{
    /// <summary>Finds all members that make <paramref name="type"/> mutable; none if it is deeply immutable.</summary>
    /// <remarks>A type that is reached in several ways is checked once; its findings have the first path.</remarks>
    public static ImmutableArray<MutabilityFinding> Check(Type type) => new ImmutabilityWalk().Run(type);

    /// <summary>Refuses <paramref name="type"/> unless it is deeply immutable.</summary>
    /// <param name="type">The type that is being registered.</param>
    /// <param name="role">What it is registered as, with its article, for the message: "an event".</param>
    /// <exception cref="ArgumentException">It is mutable; the message lists each member's path, and what to do.</exception>
    public static void Demand(Type type, string role)
    {
        var findings = Check(type);
        if (findings.IsEmpty)
            return;

        var lines = string.Concat(findings.Select(finding => $"  {finding}\n"));
        throw new ArgumentException(
            $"{TypeNames.Of(type)} is not deeply immutable, as {role} must be:\n{lines}"
            + "Change these members, or mark a type that never changes once it is built with [Immutable(\"the reason\")].",
            nameof(type));
    }
}
