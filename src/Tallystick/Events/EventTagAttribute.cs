namespace Tallystick.Events;

/// <summary>
/// Marks a property of an event whose value is stored as a tag: <c>[property: EventTag("customer")] string CustomerId</c> gives the tag
/// <c>customer:ann</c>, by which the log can be read and conditions that span streams can be stated. A null value gives no tag.
/// </summary>
/// <param name="prefix">What comes before the colon.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EventTagAttribute(string prefix) : Attribute
{
    /// <summary>What comes before the colon.</summary>
    public string Prefix { get; } = prefix;
}
