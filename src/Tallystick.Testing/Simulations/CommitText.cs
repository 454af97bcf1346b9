using System.Text;
using Tallystick.Storage;

namespace Tallystick.Testing.Simulations;

/// <summary>Commits and their results in a line, for traces.</summary>
internal static class CommitText
{
    public static string Of(Commit commit)
    {
        var text = new StringBuilder();
        foreach (var append in commit.Appends)
        {
            if (append.Events.IsEmpty)
                text.Append($" expects {append.Stream} at {append.Expected}");
            else
                text.Append($" appends {string.Join(", ", append.Events.Select(e => e.Type))} to {append.Stream} at {append.Expected}");
        }

        foreach (var condition in commit.Conditions)
            text.Append($" requires no '{condition.Query}' after {condition.After}");
        if (!commit.Documents.IsEmpty)
            text.Append($" changes {commit.Documents.Length} documents");
        if (!commit.Adopted.IsEmpty)
            text.Append($" adopts {commit.Adopted.Length} events from position {commit.Adopted[0].Position}");
        if (!commit.Remembered.IsEmpty)
            text.Append($" remembers {commit.Remembered.Length} results");
        if (commit.Life is { } life)
            text.Append($" changes the tenant's life: {life}");
        foreach (var change in commit.Checkpoints)
            text.Append(change.Position == change.Expected ? $" guards {change.Name}={change.Position}" : $" saves {change.Name}={change.Position?.ToString() ?? "none"}");
        foreach (var fence in commit.Fences)
            text.Append($" under {fence.Name} epoch {fence.Epoch}");
        Append(text, "acquires", commit.Leases.OfType<LeaseChange.Acquire>());
        Append(text, "renews", commit.Leases.OfType<LeaseChange.Renew>());
        Append(text, "releases", commit.Leases.OfType<LeaseChange.Release>());
        if (commit.Key is { } key)
            text.Append($" once as '{key.Value}'");
        return text.Length == 0 ? "an empty commit" : text.ToString(1, text.Length - 1);
    }

    public static string Of(CommitResult result) => result switch
    {
        CommitResult.Committed { IsReplay: true } replay => $"known already, position {replay.Position}",
        CommitResult.Committed committed => $"committed, position {committed.Position}",
        CommitResult.Refused refused => $"refused, {refused.Reason}",
        _ => result.ToString(),
    };

    private static void Append(StringBuilder text, string verb, IEnumerable<LeaseChange> changes)
    {
        var names = changes.Select(change => change.Name).ToArray();
        if (names.Length > 0)
            text.Append($" {verb} {string.Join(", ", names)}");
    }
}
