namespace Tallystick.Functional;

/// <summary>
/// Says that a type never changes once it is built although <see cref="Immutability"/> couldn't tell: it keeps a computed value
/// for later, for example, or is an interface of which all implementations are known. The type and those that its variables can
/// hold are trusted; its generic arguments are still checked. It isn't inherited.
/// </summary>
/// <param name="reason">Why it can be trusted, for those who read the code.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface, Inherited = false)]
public sealed class ImmutableAttribute(string reason) : Attribute
{
    /// <summary>Why it can be trusted.</summary>
    public string Reason { get; } = string.IsNullOrWhiteSpace(reason)
        ? throw new ArgumentException("The reason is empty. Say why the type can be trusted never to change.", nameof(reason))
        : reason;
}
