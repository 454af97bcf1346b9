using System.Collections.Immutable;

namespace Tallystick.SimulationTests.Mutants;

/// <summary>The deliberate bugs in moves of tenants.</summary>
internal static class MoveMutants
{
    private const string Steps = "Tallystick/Tenancy/Moving/TenantMove.Steps.cs";
    private const string Move = "Tallystick/Tenancy/Moving/TenantMove.cs";
    private const string Lost = "isn't what was acknowledged";
    private const string Unfinished = "The move isn't done";

    public static ImmutableArray<Mutant> All { get; } =
    [
        new("a move switches before the tail is copied", "moves", 20, Lost)
        {
            Edits =
            [
                new(Steps, "            await copy.FollowAsync(await DemandSessionAsync(session, token), null, token);\n            await copy.DemandEqualAsync(token);\n", ""),
            ],
        },
        new("the target opens before the switch", "moves", 200, "The target has a tenant", "something is left at the other end")
        {
            Edits =
            [
                new(Move, "        Report(TenantMoveStep.Switching, copy);\n", "        (await target.CommitAsync(Commit.For(tenant).Behind(fence).Unfence(), cancellationToken)).Demand();\n"),
                new(Move, "        (await target.CommitAsync(Commit.For(tenant).Behind(fence).Unfence(), cancellationToken)).Demand();\n        var result", "        var result"),
            ],
        },
        new("the old place takes commits after the switch", "moves", 20, "accepted where the tenant isn't", "The target has a tenant", Unfinished, Lost)
        {
            Edits =
            [
                new(Move, "(await source.CommitAsync(Commit.For(tenant).Behind(MovingFence).Fence(MovedFence), cancellationToken)).Demand();",
                    "(await source.CommitAsync(Commit.For(tenant).Behind(MovingFence).Unfence(), cancellationToken)).Demand();"),
            ],
        },
        new("what the journal says of documents isn't replayed", "moves", 20, Unfinished)
        {
            Edits = [new("Tallystick/Tenancy/Moving/TenantCopy.cs", "        foreach (var change in entry.Documents)\n        {\n            await _writer.AddAsync(change, cancellationToken);\n", "        foreach (var change in entry.Documents)\n        {\n")],
        },
        new("a mover that takes over doesn't open the target", "moves", 400, "isn't open where it is", "fenced (copy", Unfinished)
        {
            Edits = [new(Steps, "is { Fence: { } fence } && IsCopy(fence))", "is { Fence: { } fence } && IsCopy(fence) && fence.Length == 0)")],
        },
    ];
}
