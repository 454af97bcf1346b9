using System.Collections.Immutable;
using Tallystick.SimulationTests.Mutants;

namespace Tallystick.IntegrationTests.Postgres.Mutants;

/// <summary>The deliberate bugs of the shared store: they lie where the simulation doesn't reach, in what it says to a real server.</summary>
internal static class PostgresMutants
{
    public static ImmutableArray<Mutant> All { get; } =
    [
        new("a missed NOTIFY is relied on", PostgresChecks.LostNotifications, 1, "has woken nobody")
        {
            Edits = [new("Tallystick.Postgres/Signals/Listener.cs", "                await TryCheckAsync();\n", "                await Task.CompletedTask;\n")],
        },
        new("a NOTIFY is believed", PostgresChecks.ForgedNotifications, 1, "has woken somebody")
        {
            Edits = [new("Tallystick.Postgres/Signals/Listener.cs", "_heard.Add(new WaitedPosition(tenant, checkpoint));", "Advance(tenant, checkpoint, position);")],
        },
        new("a COMMIT of unknown outcome is repeated", PostgresChecks.LostAnswers, 1, "should be stored once")
        {
            Edits = [new("Tallystick.Postgres/Writing/GroupWriter.cs", "                IsInDoubt = true;\n", "                IsInDoubt = false;\n")],
        },
        new("a COMMIT of unknown outcome is repeated, among others", PostgresChecks.TwoNodes, 3, "Not linearizable", "positions")
        {
            Edits = [new("Tallystick.Postgres/Writing/GroupWriter.cs", "                IsInDoubt = true;\n", "                IsInDoubt = false;\n")],
        },
        new("a COMMIT of unknown outcome is reported as failed for sure", PostgresChecks.GivenUp, 1, "it is stored, but the error is")
        {
            Edits = [new("Tallystick.Postgres/Writing/GroupWriter.cs", "        if (isInDoubt)\n", "        if (isInDoubt && error is null)\n")],
        },
        new("an outcome is looked up while its transaction still runs", PostgresChecks.LateArrivals, 3, "should be stored once")
        {
            Edits =
            [
                new("Tallystick.Postgres/Writing/GroupWriter.cs",
                    "INSERT INTO writers(writer, batch, at) VALUES($1, -1, now()) ON CONFLICT (writer) DO UPDATE SET at = excluded.at RETURNING batch",
                    "SELECT coalesce((SELECT batch FROM writers WHERE writer = $1), -1) -- not INTO writers"),
            ],
        },
        new("what another node has written isn't noticed", PostgresChecks.TwoNodes, 3, "Not linearizable", "duplicate key")
        {
            Edits = [new("Tallystick.Postgres/Writing/TenantMemory.cs", "out var known) || known.Root != root)", "out _))")],
        },
    ];

    /// <summary>No change: compiled all the same.</summary>
    public static Mutant None { get; } = new("nothing", "", 1)
    {
        Edits = [new("Tallystick.Postgres/Connections/Retry.cs", "namespace Tallystick.Postgres.Connections;", "namespace Tallystick.Postgres.Connections;")],
    };
}
