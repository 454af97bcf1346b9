using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;

namespace Tallystick.Tests.Tenancy;

public abstract record NoteCommand
{
    public sealed record Write(string Text, string Author) : NoteCommand;

    public sealed record Erase : NoteCommand;
}

public abstract record NoteEvent
{
    [EventType("note.written")]
    public sealed record Written(string Text, [property: EventTag("author")] string Author) : NoteEvent;

    [EventType("note.erased")]
    public sealed record Erased : NoteEvent;
}

public sealed record Note(string Text, int Writes);

public sealed class NoteDecider : Decider<NoteCommand, NoteEvent, Note>
{
    public override string Category => "note";

    public override Note InitialState { get; } = new("", 0);

    public override int SnapshotEvery => 4;

    public override Decision<NoteEvent> Decide(NoteCommand command, Note state) => (command, state) switch
    {
        (NoteCommand.Write write, _) => Accept(new NoteEvent.Written(write.Text, write.Author)),
        (NoteCommand.Erase, { Writes: 0 }) => Reject("nothing-written", "There is nothing to erase."),
        _ => Accept(new NoteEvent.Erased()),
    };

    public override Note Evolve(Note state, NoteEvent @event) => @event switch
    {
        NoteEvent.Written written => new Note(written.Text, state.Writes + 1),
        _ => InitialState,
    };
}

public sealed record NoteLine(string Id, string Text, string Author);

public sealed class NoteList : Projection<NoteLine>
{
    public const string ListName = "notes";

    public NoteList()
        : base(ListName, version: 1)
    {
        Index(line => line.Author);
        Upsert<NoteEvent.Written>((_, at) => at.Stream.Key, (_, e, at) => new NoteLine(at.Stream.Key, e.Text, e.Author));
        Delete<NoteEvent.Erased>();
    }
}

/// <summary>Reads each note, and does nothing.</summary>
public sealed class NoteReader : Tallystick.Subscriptions.Subscription
{
    public NoteReader()
        : base("note-reader") => On<NoteEvent.Written>((_, _, _) => new(Tallystick.Subscriptions.Verdict.Completed));
}
