namespace Tallystick.Testing.Leaks;

/// <summary>
/// Which of its possible values each place of a request has: a number for each place, 0 at first. It speaks of no tenant, so that the same plan makes the same
/// request of either. A refused request moves on: places that the answer blames for good, and if it blames none, first those that refer to something, through all
/// their combinations, then the others, one at a time.
/// </summary>
internal sealed class RequestPlan
{
    private const int ReferencesMax = 6;

    private readonly SortedDictionary<string, int> _levels = new(StringComparer.OrdinalIgnoreCase);
    private readonly SortedDictionary<string, int> _trial = new(StringComparer.OrdinalIgnoreCase);
    private readonly SortedDictionary<string, (int Count, bool IsReference)> _places = new(StringComparer.OrdinalIgnoreCase);
    private int _turn;

    /// <summary>Places that have a value for sure, such as the twin's id in a forged request.</summary>
    public SortedDictionary<string, string> Fixed { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Parameters of the query that the request has although it needn't.</summary>
    public SortedSet<string> Optional { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The level of a place that has so many possible values.</summary>
    public int LevelOf(string place, int count, bool isReference = false)
    {
        _places[place] = (count, isReference);
        return count == 0 ? 0 : (_trial.TryGetValue(place, out var tried) ? tried : _levels.GetValueOrDefault(place)) % count;
    }

    /// <summary>Sets the level of a place.</summary>
    public void Set(string place, int level)
    {
        _trial.Remove(place);
        _levels[place] = level;
    }

    /// <summary>Changes the plan after a refusal that has blamed these fields.</summary>
    public void MoveOn(IEnumerable<string> blamed)
    {
        var found = blamed.SelectMany(name => _places.Keys.Where(place => place.Equals(name, StringComparison.OrdinalIgnoreCase))).Distinct().ToArray();
        foreach (var place in found)
            Set(place, (_trial.TryGetValue(place, out var tried) ? tried : _levels.GetValueOrDefault(place)) + 1);
        if (found.Length > 0)
            return;
        _trial.Clear();
        var rest = ++_turn;
        foreach (var (place, (count, _)) in _places.Where(pair => pair.Value is { Count: > 1, IsReference: true }))
        {
            var tried = Math.Min(count, ReferencesMax);
            _trial[place] = _levels.GetValueOrDefault(place) + (rest % tried);
            rest /= tried;
        }

        if (rest == 0)
            return;
        var others = _places.Where(pair => pair.Value is { Count: > 1, IsReference: false }).Select(pair => pair.Key).ToArray();
        if (others.Length > 0)
            _trial[others[rest % others.Length]] = 1 + (rest / others.Length);
    }

    public RequestPlan Clone()
    {
        var clone = new RequestPlan();
        foreach (var (place, level) in _levels.Concat(_trial))
            clone._levels[place] = level;
        foreach (var (place, value) in Fixed)
            clone.Fixed[place] = value;
        clone.Optional.UnionWith(Optional);
        return clone;
    }
}
