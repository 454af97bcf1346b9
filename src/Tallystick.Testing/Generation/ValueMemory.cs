using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Generation;

/// <summary>
/// The simple values that a run has used so far, by the names of their fields: generated commands refer to each other's values only if some
/// are used again. Bounded; belongs to one run, and isn't for several threads.
/// </summary>
public sealed class ValueMemory
{
    /// <summary>The most values kept for one field; the oldest goes first.</summary>
    public const int ValuesMax = 8;

    private readonly Dictionary<(Type Type, string Field), List<object>> _values = new(new FieldComparer());

    internal bool TryRecall(Type type, string field, SeededEntropy entropy, out object value)
    {
        value = "";
        if (!_values.TryGetValue((type, field), out var used))
            return false;
        value = entropy.Pick<object>(used);
        return true;
    }

    internal void Note(Type type, string field, object value)
    {
        if (!_values.TryGetValue((type, field), out var used))
            _values.Add((type, field), used = []);
        if (used.Contains(value))
            return;
        if (used.Count == ValuesMax)
            used.RemoveAt(0);
        used.Add(value);
    }

    private sealed class FieldComparer : IEqualityComparer<(Type Type, string Field)>
    {
        public bool Equals((Type Type, string Field) x, (Type Type, string Field) y) =>
            x.Type == y.Type && StringComparer.OrdinalIgnoreCase.Equals(x.Field, y.Field);

        public int GetHashCode((Type Type, string Field) field) =>
            HashCode.Combine(field.Type, StringComparer.OrdinalIgnoreCase.GetHashCode(field.Field));
    }
}
