namespace Tallystick.Testing.Simulations;

/// <summary>
/// Sizes of batches, pages and caches, drawn anew for each run: with those that are right in production, a short run would never see a second page or
/// an evicted state.
/// </summary>
internal sealed class DrawnSizes(Choices choices)
{
    private readonly int _batch = Pick(choices, "batch", 1000, 1, 2, 3);
    private readonly int _catchUpPage = Pick(choices, "catch-up-page", 5000, 1, 2, 4);
    private readonly int _catchUpBatch = Pick(choices, "catch-up-batch", 50_000, 1, 3);
    private readonly int _documents = Pick(choices, "documents", 20_000, 1, 2);
    private readonly int _changes = Pick(choices, "changes", 5000, 1, 2);
    private readonly int _gate = Pick(choices, "gate", 8, 1, 2);
    private readonly int _states = Pick(choices, "states", 10_000, 1, 2);
    private readonly int _partitions = Pick(choices, "partitions", 32, 1, 2, 5);
    private readonly int _page = Pick(choices, "page", 500, 1, 2);

    public void Apply(TallystickBuilder tally) => tally
        .ConfigureSubscriptions(options => options with
        {
            LiveBatchLength = _batch,
            CatchUpPageLength = _catchUpPage,
            CatchUpBatchLength = _catchUpBatch,
            CachedDocumentsMax = _documents,
            ChangedDocumentsMax = _changes,
            ConcurrentBatchesMax = _gate,
        })
        .ConfigureNodes(options => options with { WorkPartitions = _partitions })
        .ConfigureCommands(options => options with { CachedStatesMax = _states, ReadPageLength = _page });

    private static int Pick(Choices choices, string name, int usual, params ReadOnlySpan<int> small) =>
        choices.Deviate("size/" + name, 0.3, small.Length) is > 0 and var way ? small[way - 1] : usual;
}
