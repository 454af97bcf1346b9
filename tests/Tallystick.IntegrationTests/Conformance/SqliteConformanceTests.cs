using Tallystick.Sqlite;
using Tallystick.Storage;

namespace Tallystick.IntegrationTests.Conformance;

/// <summary>A SQLite file in a folder of its own.</summary>
public class SqliteHarness : StoreHarness
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tallystick-test-");
    private StoreOptions _options = new();
    private SqliteStore? _store;

    public override bool IsDurable => true;

    /// <summary>How many events are indexed in memory alone.</summary>
    protected virtual int TailEventsMax => new SqliteStoreOptions().TailEventsMax;

    public override ValueTask<IStore> OpenAsync(StoreOptions options)
    {
        _options = options;
        _store = SqliteStore.Open(Path.Combine(_folder.FullName, "store.db"), new SqliteStoreOptions
        {
            Limits = options.Limits,
            Time = options.Time,
            Entropy = options.Entropy,
            CommitQueueTimeout = options.CommitQueueTimeout,
            TailEventsMax = TailEventsMax,
        });
        return new(_store);
    }

    public override async ValueTask<IStore> ReopenAsync()
    {
        await _store!.DisposeAsync();
        return await OpenAsync(_options);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }
}

/// <summary>The same with a tail so short that nearly everything is read through the stored index.</summary>
public sealed class SqliteShortTailHarness : SqliteHarness
{
    protected override int TailEventsMax => 3;
}

public sealed class SqliteCommitTests : CommitConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailCommitTests : CommitConformance<SqliteShortTailHarness>;

public sealed class SqliteReadTests : ReadConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailReadTests : ReadConformance<SqliteShortTailHarness>;

public sealed class SqliteQueryConditionTests : QueryConditionConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailQueryConditionTests : QueryConditionConformance<SqliteShortTailHarness>;

public sealed class SqliteDocumentTests : DocumentConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailDocumentTests : DocumentConformance<SqliteShortTailHarness>;

public sealed class SqliteDocumentQueryTests : DocumentQueryConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailDocumentQueryTests : DocumentQueryConformance<SqliteShortTailHarness>;

public sealed class SqliteCheckpointTests : CheckpointConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailCheckpointTests : CheckpointConformance<SqliteShortTailHarness>;

public sealed class SqliteIdempotencyTests : IdempotencyConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailIdempotencyTests : IdempotencyConformance<SqliteShortTailHarness>;

public sealed class SqliteSignalTests : SignalConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailSignalTests : SignalConformance<SqliteShortTailHarness>;

public sealed class SqliteTenancyTests : TenancyConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailTenancyTests : TenancyConformance<SqliteShortTailHarness>;

public sealed class SqliteTreeTests : TreeConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailTreeTests : TreeConformance<SqliteShortTailHarness>;

public sealed class SqliteLimitTests : LimitConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailLimitTests : LimitConformance<SqliteShortTailHarness>;

public sealed class SqliteConcurrencyTests : ConcurrencyConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailConcurrencyTests : ConcurrencyConformance<SqliteShortTailHarness>;

public sealed class SqliteLifetimeTests : LifetimeConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailLifetimeTests : LifetimeConformance<SqliteShortTailHarness>;

public sealed class SqliteModelTests : ModelConformance<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailModelTests : ModelConformance<SqliteShortTailHarness>;
