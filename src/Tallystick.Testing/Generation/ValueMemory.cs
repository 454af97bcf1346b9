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

    private const double CheckedProbability = 0.85;

    private readonly Dictionary<(Type Type, string Field), Used> _values = new(new FieldComparer());

    internal bool TryRecall(Type type, string field, SeededEntropy entropy, out object value)
    {
        value = "";
        if (!_values.TryGetValue((type, field), out var used))
            return false;
        var isChecked = used.Others.Count == 0 || (used.Checked.Count > 0 && entropy.Chance(CheckedProbability));
        value = entropy.Pick<object>(isChecked ? used.Checked : used.Others);
        return true;
    }

    /// <summary>Keeps a value. One that has passed a check is worth more: it is what other commands can refer to.</summary>
    internal void Note(Type type, string field, object value, bool isChecked)
    {
        if (!_values.TryGetValue((type, field), out var used))
            _values.Add((type, field), used = new Used([], []));
        var values = isChecked ? used.Checked : used.Others;
        if (used.Checked.Contains(value) || used.Others.Contains(value))
            return;
        if (values.Count == ValuesMax)
            values.RemoveAt(0);
        values.Add(value);
    }

    private sealed record Used(List<object> Checked, List<object> Others);

    private sealed class FieldComparer : IEqualityComparer<(Type Type, string Field)>
    {
        public bool Equals((Type Type, string Field) x, (Type Type, string Field) y) =>
            x.Type == y.Type && StringComparer.OrdinalIgnoreCase.Equals(x.Field, y.Field);

        public int GetHashCode((Type Type, string Field) field) =>
            HashCode.Combine(field.Type, StringComparer.OrdinalIgnoreCase.GetHashCode(field.Field));
    }
}
