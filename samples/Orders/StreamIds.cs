using Tallystick.Events;

namespace Sample;

/// <summary>Ids that come from outside, as streams.</summary>
public static class StreamIds
{
    /// <summary>The most characters of an entity's id.</summary>
    public const int KeyLengthMax = 100;

    /// <summary>The stream of an entity; false if nothing can have this id.</summary>
    public static bool TryMake(string category, string id, out StreamId stream)
    {
        stream = default;
        return id.Length <= KeyLengthMax && StreamId.TryParse($"{category}-{id}", out stream);
    }
}
