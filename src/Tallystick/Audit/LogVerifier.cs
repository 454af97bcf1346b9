using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Audit;

/// <summary>
/// Recomputes everything that a tenant's log says of itself: each payload's hash, each leaf, each tree node, the order of positions,
/// versions and times, and the root. It finds an event that was altered, removed or put in. A cut tail, or a log that was rewritten as a
/// whole, only shows against a head that was exported before: see <see cref="ProveConsistencyAsync"/>.
/// </summary>
public static class LogVerifier
{
    private const int PageLength = 1000;

    /// <summary>Verifies a tenant's log up to its present head.</summary>
    public static async ValueTask<LogVerification> VerifyAsync(
        IStore store, TenantId tenant, IProgress<LogPosition>? progress, CancellationToken cancellationToken)
    {
        var head = await store.ReadHeadAsync(tenant, cancellationToken);
        var check = new LogCheck();
        while (check.Position < head.Position && check.Findings.Count < LogCheck.FindingsMax)
        {
            var page = await store.ReadLogAsync(tenant, new LogRead(check.Position, PageLength), cancellationToken);
            var before = check.Position;
            foreach (var e in page.Events)
            {
                // What was appended meanwhile isn't looked at. (An altered position doesn't count here: it is a finding.)
                if (check.Position >= head.Position)
                    break;
                check.Add(e);
            }

            // A page without progress: the rest is missing, or its positions are altered so that they can only be read in a circle.
            if (check.Position == before)
                break;
            progress?.Report(check.Position);
        }

        check.End(head);
        return new LogVerification(check.Position, check.Root, [.. check.Findings]);
    }

    /// <summary>
    /// Proves that an event is in the log of <paramref name="size"/> events. Check it with the event's leaf and the root of that log.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The log has no such position or size.</exception>
    /// <exception cref="TallystickException">The stored tree is damaged.</exception>
    public static async ValueTask<InclusionProof> ProveInclusionAsync(
        IStore store, TenantId tenant, LogPosition position, long size, CancellationToken cancellationToken)
    {
        await DemandSizeAsync(store, tenant, size, cancellationToken);
        return await MerkleProofs.InclusionAsync(position.Value - 1, size, NodesOf(store, tenant), cancellationToken);
    }

    /// <summary>
    /// Proves that the log of <paramref name="size1"/> events is the beginning of the log of <paramref name="size2"/> events. Check it with
    /// both roots, the older from an exported head.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The sizes are out of order, or the log isn't that long.</exception>
    /// <exception cref="TallystickException">The stored tree is damaged.</exception>
    public static async ValueTask<ConsistencyProof> ProveConsistencyAsync(
        IStore store, TenantId tenant, long size1, long size2, CancellationToken cancellationToken)
    {
        await DemandSizeAsync(store, tenant, size2, cancellationToken);
        return await MerkleProofs.ConsistencyAsync(size1, size2, NodesOf(store, tenant), cancellationToken);
    }

    /// <summary>Some proofs need no node at the end of the tree, so reading nodes wouldn't notice a size beyond the log.</summary>
    private static async ValueTask DemandSizeAsync(IStore store, TenantId tenant, long size, CancellationToken cancellationToken)
    {
        var head = await store.ReadHeadAsync(tenant, cancellationToken);
        if (size > head.Position.Value)
            throw new ArgumentOutOfRangeException(nameof(size), size, $"The log of tenant '{tenant}' has {head.Position} events.");
    }

    private static TreeNodeReader NodesOf(IStore store, TenantId tenant) => async (level, endPosition, cancellationToken) =>
    {
        var page = await store.ReadLogAsync(tenant, new LogRead(LogPosition.Of(endPosition - 1), 1), cancellationToken);
        if (page.Events is not [var e])
            throw new TallystickException($"The log of tenant '{tenant}' has no event at position {endPosition}, although its head is beyond. Verify the log.");
        if (e.TreeNodes.Length < (level + 1) * Hash256.ByteLength)
            throw new TallystickException($"The tree nodes of tenant '{tenant}' at position {endPosition} are cut off. Verify the log.");
        return new Hash256(e.TreeNodes.Span.Slice(level * Hash256.ByteLength, Hash256.ByteLength));
    };
}

/// <summary>What verifying a log found.</summary>
/// <param name="Position">How far it was verified.</param>
/// <param name="Root">The root that was recomputed.</param>
/// <param name="Findings">What is wrong; empty if nothing is.</param>
public sealed record LogVerification(LogPosition Position, Hash256 Root, ImmutableArray<LogFinding> Findings)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsIntact => Findings.IsEmpty;
}

/// <summary>Something that is wrong in a log.</summary>
/// <param name="Position">Where.</param>
/// <param name="Problem">What.</param>
public sealed record LogFinding(LogPosition Position, string Problem);
