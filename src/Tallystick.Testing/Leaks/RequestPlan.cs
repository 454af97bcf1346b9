namespace Tallystick.Testing.Leaks;

/// <summary>
/// Which of its possible values each place of a request has: a number for each place, 0 at first. It speaks of no tenant, so that the same plan makes the same
/// request of either. A refused request moves places on.
/// </summary>
internal sealed class RequestPlan
{
    private readonly SortedDictionary<string, int> _levels = new(StringComparer.OrdinalIgnoreCase);
    private readonly SortedDictionary<string, int> _ends = new(StringComparer.OrdinalIgnoreCase);
    private int _turn;

    /// <summary>Places that have a value for sure, such as the twin's id in a forged request.</summary>
    public SortedDictionary<string, string> Fixed { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Parameters of the query that the request has although it needn't.</summary>
    public SortedSet<string> Optional { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The level of a place that has so many possible values.</summary>
    public int LevelOf(string place, int count)
    {
        _ends[place] = count;
        return count == 0 ? 0 : _levels.GetValueOrDefault(place) % count;
    }

    /// <summary>Sets the level of a place.</summary>
    public void Set(string place, int level) => _levels[place] = level;

    /// <summary>Moves the places on that an answer has blamed; if it blames none, one after another.</summary>
    public void MoveOn(IEnumerable<string> blamed)
    {
        var found = blamed.SelectMany(name => _ends.Keys.Where(place => place.Equals(name, StringComparison.OrdinalIgnoreCase))).Distinct().ToArray();
        if (found.Length == 0 && _ends.Count > 0)
        {
            // Each place takes its turn, and goes through some of its values before it comes to the next.
            var places = _ends.Where(pair => pair.Value > 1).Select(pair => pair.Key).ToArray();
            found = places.Length == 0 ? [] : [places[_turn++ % places.Length]];
        }

        foreach (var place in found)
            _levels[place] = _levels.GetValueOrDefault(place) + 1;
    }

    public RequestPlan Clone()
    {
        var clone = new RequestPlan();
        foreach (var (place, level) in _levels)
            clone._levels[place] = level;
        foreach (var (place, value) in Fixed)
            clone.Fixed[place] = value;
        clone.Optional.UnionWith(Optional);
        return clone;
    }
}
