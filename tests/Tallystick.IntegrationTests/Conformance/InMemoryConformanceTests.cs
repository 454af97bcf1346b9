using Tallystick.Storage;

namespace Tallystick.IntegrationTests.Conformance;

public sealed class InMemoryHarness : StoreHarness
{
    private InMemoryStore? _store;

    public override bool IsDurable => false;

    public override ValueTask<IStore> OpenAsync(StoreOptions options) => new(_store = new InMemoryStore(options));

    public override ValueTask<IStore> ReopenAsync() => new(_store!);

    public override ValueTask DisposeAsync() => _store?.DisposeAsync() ?? default;
}

public sealed class InMemoryCommitTests : CommitConformance<InMemoryHarness>;

public sealed class InMemoryReadTests : ReadConformance<InMemoryHarness>;

public sealed class InMemoryQueryConditionTests : QueryConditionConformance<InMemoryHarness>;

public sealed class InMemoryDocumentTests : DocumentConformance<InMemoryHarness>;

public sealed class InMemoryDocumentQueryTests : DocumentQueryConformance<InMemoryHarness>;

public sealed class InMemoryCheckpointTests : CheckpointConformance<InMemoryHarness>;

public sealed class InMemoryIdempotencyTests : IdempotencyConformance<InMemoryHarness>;

public sealed class InMemorySignalTests : SignalConformance<InMemoryHarness>;

public sealed class InMemoryTenancyTests : TenancyConformance<InMemoryHarness>;

public sealed class InMemoryTreeTests : TreeConformance<InMemoryHarness>;

public sealed class InMemoryLimitTests : LimitConformance<InMemoryHarness>;

public sealed class InMemoryConcurrencyTests : ConcurrencyConformance<InMemoryHarness>;

public sealed class InMemoryLifetimeTests : LifetimeConformance<InMemoryHarness>;

public sealed class InMemoryModelTests : ModelConformance<InMemoryHarness>;
