using Tallystick.IntegrationTests.Conformance;

namespace Tallystick.IntegrationTests.Linearizability;

public sealed class InMemoryLinearizabilityTests(ITestOutputHelper output) : StoreLinearizability<InMemoryHarness>(output);

[Trait("Speed", "Slow")]
public sealed class SqliteLinearizabilityTests(ITestOutputHelper output) : StoreLinearizability<SqliteHarness>(output);

[Trait("Speed", "Slow")]
public sealed class PostgresLinearizabilityTests(ITestOutputHelper output) : StoreLinearizability<PostgresHarness>(output);
