using Tallystick.Storage;
using Tallystick.Testing.Conformance;

namespace Tallystick.IntegrationTests.Conformance;

public sealed class InMemoryHarness : StoreHarness
{
    public override ValueTask<IStore> OpenAsync(string database, StoreOptions options, CancellationToken cancellationToken) =>
        new(new InMemoryStore(options));
}

public sealed class InMemoryConformanceTests : StoreConformanceTests<InMemoryHarness>;
