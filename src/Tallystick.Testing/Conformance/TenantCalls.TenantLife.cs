using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Testing.Conformance;

/// <summary>The calls that belong to the life of a tenant.</summary>
internal static partial class TenantCalls
{
    private static readonly RememberedCommit Replay = new(
        new IdempotencyKey("adopted", "print"), new CommitResult.Committed(LogPosition.Of(1), LogPosition.Of(2), [new StreamHead(Stream, StreamVersion.Of(2))], IsReplay: true));

    private static Dictionary<string, TenantCall> Life => new()
    {
        ["CommitAsync that adopts"] = Commits(c => c.Adopt(AdoptionConformance.After("order-1", 2))),
        ["CommitAsync that remembers"] = Commits(c => c.Remember(Replay)),
        ["CommitAsync that fences"] = Commits(c => c.Fence("closed")),
        ["CommitAsync that unfences"] = Commits(c => c.Unfence()),
        ["CommitAsync that acts behind a fence"] = Commits(c => c.Behind("closed").Append(Stream, ExpectedVersion.Any, Event(903))),
        ["CommitAsync that switches the journal off"] = Commits(c => c.Journal(on: false)),
        ["CommitAsync that switches the journal on"] = async (s, t, c) =>
        {
            var first = TenantDump.Of(await s.CommitAsync(Commit.For(t).Journal(on: true), c));
            await s.CommitAsync(Commit.For(t).Save("orders", LogPosition.Of(5)).Once(new IdempotencyKey("journalled")), c);
            return first + TenantDump.Of(await s.ReadJournalAsync(t, 0, 10, c));
        },
        ["CommitAsync that erases"] = async (s, t, c) =>
        {
            var text = "";
            for (CommitResult.Committed? step = null; step is null || step.HasMore;)
            {
                step = (await s.CommitAsync(Commit.For(t).Erase(), c)).Demand();
                text += TenantDump.Of(step) + TenantDump.Of(await s.ReadTenantAsync(t, c));
            }

            return text;
        },
        ["ReadTenantAsync"] = async (s, t, c) => TenantDump.Of(await s.ReadTenantAsync(t, c)),
        ["ReadCollectionsAsync"] = async (s, t, c) => TenantDump.Of(await s.ReadCollectionsAsync(t, null, 10, c)),
        ["ReadCheckpointsAsync"] = async (s, t, c) => TenantDump.Of(await s.ReadCheckpointsAsync(t, "a", 10, c)),
        ["ReadRememberedAsync"] = async (s, t, c) => TenantDump.Of(await s.ReadRememberedAsync(t, null, 10, c)),
        ["ReadJournalAsync"] = async (s, t, c) => TenantDump.Of(await s.ReadJournalAsync(t, 0, 10, c)),
    };
}
