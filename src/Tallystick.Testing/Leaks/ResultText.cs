using System.Collections.Immutable;
using System.Text;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Testing.Conformance;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Leaks;

/// <summary>What an operation gave, as text that can be searched and compared.</summary>
internal static class ResultText
{
    public static string Of(object? result) => result switch
    {
        null => "nothing",
        string text => text,
        LogHead or ImmutableArray<RecordedEvent> or EventPage or DocumentPage or DocumentLookup or RememberedCommit or CommitResult.Committed
            or ImmutableArray<LeaseState> or TenantStorage or ImmutableArray<StoredCollection> or ImmutableArray<StoredCheckpoint>
            or ImmutableArray<RememberedCommit> or ImmutableArray<JournalEntry> => TenantDump.Of(result),
        CommitResult or CommandResult => $"{result}",
        RecordedEvent recorded => TenantDump.Of(ImmutableArray.Create(recorded)),
        HistoryPage page => string.Join('\n', page.Entries.Select(Of)) + $"\nnext {page.Next}",
        HistoryEntry entry => $"{Of(entry.Recorded)}{CSharpText.Of(entry.Event)}\nfrom {CSharpText.Of(entry.Before)}\nto {CSharpText.Of(entry.After)}",
        _ => CSharpText.Of(result),
    };

    /// <summary>An exception's message and those of its causes: what a caller may print.</summary>
    public static string Of(Exception error)
    {
        var text = new StringBuilder();
        for (var one = error; one is not null; one = one.InnerException)
            text.Append(text.Length == 0 ? "threw " : " caused by ").Append(CSharpText.TypeName(one.GetType())).Append(": ").Append(one.Message);
        return text.ToString();
    }
}
