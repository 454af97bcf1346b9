using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Tallystick.Commands;
using Tallystick.Pipeline;
using Tallystick.Tenancy;
using Tallystick.Tests.Tenancy;

namespace Tallystick.Tests.Testing.Leaks;

/// <summary>A step that remembers the note before, of whatever tenant, and tells of it.</summary>
internal abstract class RemembersLastNote : IPipelineStep<CommandRequest, CommandResult>
{
    private NoteCommand.Write _last = new("nothing", "nobody");

    public ValueTask<CommandResult> InvokeAsync(CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
    {
        var last = request.Command is NoteCommand.Write write ? Interlocked.Exchange(ref _last, write) : Volatile.Read(ref _last);
        Tell(request, last);
        return next(request, cancellationToken);
    }

    protected abstract void Tell(CommandRequest request, NoteCommand.Write last);
}

internal sealed class LogsIt(ILogger<LogsIt> logger) : RemembersLastNote
{
    protected override void Tell(CommandRequest request, NoteCommand.Write last) => logger.LogInformation("The note before was by {Author}", last.Author);
}

internal sealed class LogsItInScope(ILogger<LogsItInScope> logger) : RemembersLastNote
{
    protected override void Tell(CommandRequest request, NoteCommand.Write last)
    {
        using (logger.BeginScope(new Dictionary<string, object> { ["previous"] = last.Text }))
            logger.LogInformation("A command has come");
    }
}

internal sealed class CountsIt : RemembersLastNote, IDisposable
{
    private readonly Meter _meter = new("Notes");
    private readonly Counter<long> _notes;

    public CountsIt() => _notes = _meter.CreateCounter<long>("notes.commands");

    public void Dispose() => _meter.Dispose();

    protected override void Tell(CommandRequest request, NoteCommand.Write last) => _notes.Add(1, new KeyValuePair<string, object?>("author", last.Author));
}

internal sealed class TracesIt : RemembersLastNote, IDisposable
{
    private readonly ActivitySource _source = new("Notes");

    public void Dispose() => _source.Dispose();

    protected override void Tell(CommandRequest request, NoteCommand.Write last)
    {
        using var activity = _source.StartActivity("note");
        activity?.AddEvent(new ActivityEvent("after", tags: new ActivityTagsCollection { ["text"] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"x{last.Text}")) }));
    }
}

/// <summary>Fails with a message that explains too much.</summary>
internal sealed class ThrowsIt : RemembersLastNote
{
    protected override void Tell(CommandRequest request, NoteCommand.Write last)
    {
        if (request.Command is TenantCommand.Suspend)
            throw new InvalidOperationException($"Can't be done after {Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(last.Text))}");
    }
}
