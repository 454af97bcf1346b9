using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Simulations;

/// <summary>A command that was answered.</summary>
/// <param name="Tenant">Whose stream.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Command">The command.</param>
/// <param name="Key">The idempotency key, or null.</param>
/// <param name="VersionBefore">The stream's version when the command was first given.</param>
/// <param name="VersionAfter">The stream's version when the answer came.</param>
/// <param name="Result">The answer.</param>
/// <param name="WasDone">Whether the command had taken effect already when it was given for the last time.</param>
/// <param name="Expected">The stream's version that the client demanded.</param>
internal sealed record GivenCommand(
    TenantId Tenant, StreamId Stream, object Command, string? Key, ExpectedVersion Expected, StreamVersion VersionBefore, StreamVersion VersionAfter, CommandResult Result, bool WasDone);

/// <summary>A document as a client saw it; null bytes if there was none.</summary>
internal sealed record DocumentRead(TenantId Tenant, Type Type, string Key, LogPosition AtLeast, LogPosition Head, byte[]? Json, string Client);

/// <summary>A stream's state as a client saw it.</summary>
internal sealed record StateRead(TenantId Tenant, StreamId Stream, Type Type, StreamVersion Version, byte[] Json, string Client);

/// <summary>The rows of a projection as they were right after a commit that saved its checkpoint.</summary>
internal sealed record RowsSeen(TenantId Tenant, string Projection, int Deployment, LogPosition Checkpoint, string Rows);

/// <summary>What was seen during a run. What can be judged at once is; the rest waits for the end, when the log is complete.</summary>
internal sealed class Observations(SimulatedServer server)
{
    private readonly Dictionary<string, CommandResult.Accepted> _acknowledged = new(StringComparer.Ordinal);

    public List<GivenCommand> Commands { get; } = [];

    public List<DocumentRead> Documents { get; } = [];

    public List<StateRead> States { get; } = [];

    public List<RowsSeen> Rows { get; } = [];

    public void Note(DocumentRead read) => Documents.Add(read);

    public void Note(StateRead read) => States.Add(read);

    /// <summary>Takes note of an answer; gives what is wrong with it, or null.</summary>
    public string? Note(GivenCommand given)
    {
        Commands.Add(given);
        var model = server.Model(given.Tenant);
        switch (given.Result)
        {
            case CommandResult.Accepted accepted:
                if (accepted.Position.Value > model.Head)
                    return $"it was acknowledged with position {accepted.Position}, but the log ends at {model.Head}";
                if (accepted.Version.Value > model.VersionOf(given.Stream))
                    return $"it was acknowledged with version {accepted.Version}, but the stream ends at {model.VersionOf(given.Stream)}";
                if (given.Expected.Version < given.VersionBefore)
                    return $"it was accepted, but the client demanded {given.Expected}, and the stream was at version {given.VersionBefore} before";
                if (given.Expected.Version > accepted.Version)
                    return $"it was accepted at version {accepted.Version}, but the client demanded {given.Expected}";
                return given.Key is null ? null : Repetition(given, given.Key, accepted, model);

            case CommandResult.Rejected or CommandResult.Conflict when given.WasDone:
                return $"it was answered with {given.Result}, but it had taken effect before, and its key says that it is the same command";

            case CommandResult.KeyReused:
                return "its own key was called used for another command";

            default:
                return null;
        }
    }

    private string? Repetition(GivenCommand given, string key, CommandResult.Accepted accepted, LogModel model)
    {
        if (!model.HasKey(key))
            return "it was acknowledged, but nothing was committed under its key";
        if (_acknowledged.TryAdd(key, accepted))
            return null;
        var first = _acknowledged[key];
        return first.Position == accepted.Position && first.Version == accepted.Version && first.Stream == accepted.Stream
            ? null : $"its first answer was {first}, and its repetition's {given.Result}";
    }
}
