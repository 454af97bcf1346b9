using System.Diagnostics;
using System.Diagnostics.Metrics;
using Tallystick.Pipeline;

namespace Tallystick.Commands;

/// <summary>What commands tell to whoever listens, by System.Diagnostics.</summary>
public static class CommandTelemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string SourceName = "Tallystick";

    internal static readonly ActivitySource Source = new(SourceName);

    private static readonly Meter Meter = new(SourceName);

    private static readonly Counter<long> Commands = Meter.CreateCounter<long>(
        "tallystick.commands", "{command}", "Commands executed, by command, category and outcome.");

    private static readonly Counter<long> SnapshotsSkipped = Meter.CreateCounter<long>(
        "tallystick.snapshots.skipped", "{snapshot}", "Snapshots that were due but couldn't be stored, by category and reason.");

    internal static bool IsListenedTo => Source.HasListeners() || Commands.Enabled;

    internal static void CommandExecuted(string command, string category, string outcome) => Commands.Add(
        1,
        new("tallystick.command", command),
        new("tallystick.category", category),
        new KeyValuePair<string, object?>("tallystick.outcome", outcome));

    internal static void SnapshotSkipped(Decider decider, string reason) => SnapshotsSkipped.Add(
        1, new("tallystick.category", decider.Category), new KeyValuePair<string, object?>("tallystick.reason", reason));
}

/// <summary>
/// A span and a count for each command, and the trace that its events belong to. When nobody listens and no trace is going on, it
/// allocates nothing.
/// </summary>
internal sealed class TelemetryStep : IPipelineStep<CommandRequest, CommandResult>
{
    public ValueTask<CommandResult> InvokeAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
    {
        if (CommandTelemetry.IsListenedTo)
            return ObserveAsync(request, next, cancellationToken);
        CompleteTraceParent(request);
        return next(request, cancellationToken);
    }

    private static async ValueTask<CommandResult> ObserveAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
    {
        var (command, category) = (request.Command.GetType().Name, request.Stream.Category);
        using var activity = CommandTelemetry.Source.StartActivity(command);
        activity?.SetTag("tallystick.command", command).SetTag("tallystick.category", category);
        CompleteTraceParent(request);
        var outcome = "error";
        try
        {
            var result = await next(request, cancellationToken);
            outcome = result.Outcome;
            return result;
        }
        catch (Exception error)
        {
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
            throw;
        }
        finally
        {
            activity?.SetTag("tallystick.outcome", outcome);
            CommandTelemetry.CommandExecuted(command, category, outcome);
        }
    }

    private static void CompleteTraceParent(CommandRequest request)
    {
        if (request.Metadata.TraceParent is null && Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id })
            request.Metadata = request.Metadata with { TraceParent = id };
    }
}
