using System.Security.Claims;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Commands;

/// <summary>
/// One command on its way through the pipeline: for which tenant and stream, from whom, and what steps have added to its commit. It is
/// executed once, and not shared between threads.
/// </summary>
public sealed class CommandRequest
{
    private List<Func<Commit, Commit>>? _amendments;
    private bool _started;

    /// <summary>Makes a request.</summary>
    /// <param name="tenant">Whose stream.</param>
    /// <param name="stream">The entity that the command is for.</param>
    /// <param name="command">The command: a value of a type that a registered decider takes.</param>
    /// <exception cref="ArgumentException">The tenant or the stream is <c>default</c>.</exception>
    public CommandRequest(TenantId tenant, StreamId stream, object command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (tenant.IsDefault)
            throw new ArgumentException("A command needs a tenant; default(TenantId) names none.", nameof(tenant));
        if (stream.IsDefault)
            throw new ArgumentException("A command needs a stream; default(StreamId) names none.", nameof(stream));
        (Tenant, Stream, Command) = (tenant, stream, command);
    }

    /// <summary>Whose stream.</summary>
    public TenantId Tenant { get; }

    /// <summary>The entity that the command is for.</summary>
    public StreamId Stream { get; }

    /// <summary>The command.</summary>
    public object Command { get; }

    /// <summary>Where the events come from. Steps may complete it.</summary>
    public EventMetadata Metadata { get; set; } = EventMetadata.None;

    /// <summary>Who asks, for policies; null if nobody is known.</summary>
    public ClaimsPrincipal? User { get; init; }

    /// <summary>
    /// Makes the command take effect at most once: a repetition gets the first result. Only what was accepted is remembered; a
    /// rejection has changed nothing, so its repetition is decided anew. Null (the default): each execution counts.
    /// </summary>
    public IdempotencyKey? IdempotencyKey { get; init; }

    /// <summary>
    /// The version of the stream that the caller has seen (an HTTP <c>If-Match</c>). If the stream has another one, the result is
    /// <see cref="CommandResult.Conflict"/> and nothing is retried. Default: any; then conflicts are retried.
    /// </summary>
    public ExpectedVersion ExpectedVersion { get; init; }

    internal int AmendmentCount => _amendments?.Count ?? 0;

    /// <summary>
    /// Adds to the command's commit the demand that no event matching a query was stored after a position: a rule that spans streams.
    /// See <see cref="Amend"/>.
    /// </summary>
    public void Require(EventQuery query, LogPosition noneAfter) => Amend(commit => commit.Require(query, noneAfter));

    /// <summary>Adds to the command's commit a demand on another stream's version. See <see cref="Amend"/>.</summary>
    /// <exception cref="ArgumentException">It is the command's own stream.</exception>
    public void Expect(StreamId stream, ExpectedVersion expected)
    {
        if (stream == Stream)
        {
            throw new ArgumentException(
                $"The commit demands the version of {stream} already, the one that was decided on. "
                + $"Use {nameof(ExpectedVersion)} of the request.", nameof(stream));
        }

        Amend(commit => commit.Expect(stream, expected));
    }

    /// <summary>
    /// Adds operations to the command's commit, after the decider's own append: all of it takes effect, or nothing.
    /// </summary>
    /// <remarks>
    /// What a step inside of <see cref="CommandSteps.ConflictRetry"/> adds is forgotten before each new attempt, in which the step runs
    /// again and sees the world anew. What a step outside of it adds stays. If one of the conditions isn't met, that is a conflict.
    /// </remarks>
    public void Amend(Func<Commit, Commit> amendment)
    {
        ArgumentNullException.ThrowIfNull(amendment);
        (_amendments ??= []).Add(amendment);
    }

    internal void Start()
    {
        if (_started)
        {
            throw new InvalidOperationException(
                "This request was executed before. Make a new one for each execution; it carries what steps added.");
        }

        _started = true;
    }

    internal void ForgetAmendmentsAfter(int count)
    {
        if (AmendmentCount > count)
            _amendments!.RemoveRange(count, _amendments.Count - count);
    }

    internal Commit ApplyAmendments(Commit commit)
    {
        if (_amendments is null)
            return commit;
        foreach (var amendment in _amendments)
            commit = amendment(commit);
        return commit;
    }
}
