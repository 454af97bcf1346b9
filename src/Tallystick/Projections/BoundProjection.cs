using System.Collections.Immutable;
using Tallystick.Events;

namespace Tallystick.Projections;

/// <summary>A projection together with the application's event types: which stored events concern it.</summary>
internal sealed class BoundProjection
{
    public BoundProjection(Projection projection, EventSerializer serializer)
    {
        projection.Seal();
        (Projection, Serializer) = (projection, serializer);
        // Also the names from before a renaming; sorted, so that the query is the same in every process.
        Query = EventQuery.OfTypes([.. projection.EventTypes
            .SelectMany(type => serializer.Types.StoredNamesOf(type)).Distinct().Order(StringComparer.Ordinal)]);
        Collections = [.. projection.Collections.Select(collection => collection.Name)];
        Indexes = [.. projection.Collections.SelectMany(collection => collection.IndexNames.Select(index => $"{collection.Name}:{index}"))];
    }

    public Projection Projection { get; }

    public EventSerializer Serializer { get; }

    /// <summary>The events that it handles.</summary>
    public EventQuery Query { get; }

    public ImmutableArray<string> Collections { get; }

    /// <summary>All indexes as <c>collection:index</c>.</summary>
    public ImmutableArray<string> Indexes { get; }

    public string Name => Projection.Name;

    public GenerationInfo Describe(int generation) => new(generation, Projection.Version, Collections, Indexes);

    /// <summary>Whether a generation was built by this version, with these collections and indexes.</summary>
    public bool Fits(GenerationInfo? generation) => generation is not null
        && generation.Version == Projection.Version
        && generation.Collections.SequenceEqual(Collections)
        && generation.Indexes.SequenceEqual(Indexes);
}

/// <summary>What a generation of a projection's collections was built by.</summary>
/// <param name="Generation">1 or more; never used twice.</param>
/// <param name="Version">The projection's version.</param>
/// <param name="Collections">The collections.</param>
/// <param name="Indexes">The indexes, as <c>collection:index</c>.</param>
internal sealed record GenerationInfo(int Generation, int Version, ImmutableArray<string> Collections, ImmutableArray<string> Indexes);
