using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;

namespace Tallystick.Storage;

/// <summary>The checks of what the life of a tenant needs of a commit.</summary>
internal static partial class CommitChecks
{
    /// <summary>Checks adopted events, remembered results and the change of the tenant's life; gives the bytes of the payloads.</summary>
    private static long CheckTenantLife(Commit commit, StoreLimits limits)
    {
        if (commit.Life is null && commit.Pass is null && commit.Adopted.IsEmpty && commit.Remembered.IsEmpty)
            return 0;
        if (commit.Pass is { } pass)
            Name(pass, "fence's reason", limits);
        if (commit.Life is TenantChange.Fence fence)
            Name(fence.Reason, "fence's reason", limits);
        if (commit.Life is TenantChange.Journal or TenantChange.Erase && !commit.IsLifeAlone)
            throw new ArgumentException($"A commit that has {commit.Life} has something else too; commit that on its own.");
        CheckRemembered(commit.Remembered, limits);
        return CheckAdopted(commit, limits);
    }

    private static void CheckRemembered(ImmutableArray<RememberedCommit> remembered, StoreLimits limits)
    {
        Limit(remembered.Length, limits.RememberedPerCommitMax, nameof(StoreLimits.RememberedPerCommitMax), "The commit's list of remembered results");
        foreach (var one in remembered)
        {
            CheckKey(one.Key, limits);
            if (one.Result.Streams.IsDefault || one.Result.Streams.Any(head => head.Stream.IsDefault))
                throw new ArgumentException($"The remembered result of key '{one.Key.Value}' has a default list of streams, or a default stream; pass what was read.");
            Limit(one.Result.Streams.Length, limits.StreamsPerCommitMax, nameof(StoreLimits.StreamsPerCommitMax), "A remembered result's list of streams");
        }
    }

    private static long CheckAdopted(Commit commit, StoreLimits limits)
    {
        if (commit.Adopted.IsEmpty)
            return 0;
        if (!commit.Appends.IsEmpty)
            throw new ArgumentException("A commit both adopts and appends events; commit one of them on its own.");
        Limit(commit.Adopted.Length, limits.EventsPerCommitMax, nameof(StoreLimits.EventsPerCommitMax), "The commit's list of events");
        long bytes = 0;
        foreach (var e in commit.Adopted)
            bytes += CheckAdopted(e, limits);
        return bytes;
    }

    /// <summary>Checks a recorded event as if it were new, and that its hashes are those of what it says.</summary>
    private static int CheckAdopted(RecordedEvent e, StoreLimits limits)
    {
        CheckStream(new StreamAppend(e.Stream, ExpectedVersion.Any, []), limits);
        CheckMetadata(e.Metadata, limits);
        if (e.Tags.IsDefault)
            throw Unfit(e, "it has a default list of tags");
        var bytes = CheckEvent(new NewEvent(e.Id, e.Type, e.SchemaVersion, e.Payload, e.Tags), limits);
        if (e.Salt.Length != PreparedCommit.SaltBytes)
            throw Unfit(e, $"its salt has {e.Salt.Length} bytes instead of {PreparedCommit.SaltBytes}");
        if (PreparedCommit.HashPayload(e.Salt.Span, e.Payload.Span) != e.PayloadHash)
            throw Unfit(e, "its payload was altered: the hash doesn't fit");
        if (e.TreeNodes.Length < Hash256.ByteLength || EventLeaf.Hash(e) != e.LeafHash)
            throw Unfit(e, "its header was altered: the leaf hash doesn't fit");
        return bytes;
    }

    internal static ArgumentException Unfit(RecordedEvent e, string why) =>
        new($"Event {e.Type} at position {e.Position} can't be adopted: {why}. Verify the log that it comes from.");
}
