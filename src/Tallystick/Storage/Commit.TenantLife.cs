using System.Collections.Immutable;
using Tallystick.Events;

namespace Tallystick.Storage;

// What the life of a tenant needs of a commit: to bring in what another store has recorded, and to fence, journal and erase.
public sealed partial record Commit
{
    /// <summary>Events of another store, to be stored exactly as they are.</summary>
    public ImmutableArray<RecordedEvent> Adopted { get; private init; } = [];

    /// <summary>Remembered results of another store, to be stored exactly as they are.</summary>
    public ImmutableArray<RememberedCommit> Remembered { get; private init; } = [];

    /// <summary>What changes in the tenant's life, or null.</summary>
    public TenantChange? Life { get; private init; }

    /// <summary>The fence behind which the commit acts, or null.</summary>
    public string? Pass { get; private init; }

    /// <summary>
    /// Appends events exactly as another store has recorded them: positions, versions, times, ids, salts and hashes are kept. They must
    /// follow the log's end and the ends of their streams; every hash is computed anew and compared before anything is stored. Not together
    /// with <see cref="Append(StreamId, ExpectedVersion, ReadOnlySpan{NewEvent})"/>. At most <see cref="StoreLimits.EventsPerCommitMax"/>.
    /// </summary>
    /// <remarks>
    /// <see cref="IStore.CommitAsync"/> answers with <see cref="Refusal.WrongPosition"/> if the first event doesn't follow the log's end, and
    /// throws an <see cref="ArgumentException"/> that names the event if anything else doesn't fit.
    /// </remarks>
    public Commit Adopt(ImmutableArray<RecordedEvent> events) => this with { Adopted = [.. Adopted, .. events] };

    /// <summary>
    /// Stores remembered results exactly as they are, replacing what is remembered under their keys. At most
    /// <see cref="StoreLimits.RememberedPerCommitMax"/>.
    /// </summary>
    public Commit Remember(params ReadOnlySpan<RememberedCommit> commits) => this with { Remembered = [.. Remembered, .. commits] };

    /// <summary>
    /// From this commit on the tenant refuses every commit (<see cref="Refusal.Fenced"/>) but those that name this fence (<see cref="Behind"/>),
    /// lift it, switch the journal, or erase. Reads go on. A tenant with the same fence keeps it; one with another refuses.
    /// </summary>
    /// <param name="reason">Why, for those who are refused; it names the fence. At most <see cref="StoreLimits.NameLengthMax"/> characters.</param>
    public Commit Fence(string reason) => this with { Life = new TenantChange.Fence(reason) };

    /// <summary>Lifts the tenant's fence, whatever its reason is (unless <see cref="Behind"/> names one).</summary>
    public Commit Unfence() => this with { Life = new TenantChange.Unfence() };

    /// <summary>
    /// Lets the commit pass the fence with this reason, and only take effect while that very fence stands; otherwise it is refused
    /// (<see cref="Refusal.NotFenced"/>). So whoever has lost its fence to another can't write any more.
    /// </summary>
    public Commit Behind(string reason) => this with { Pass = reason };

    /// <summary>
    /// Switches the tenant's journal on or off. While it is on, the store also keeps what each commit did to documents, checkpoints and
    /// remembered results, as an entry of its own (<see cref="IStore.ReadJournalAsync"/>), so that a copy that was made meanwhile can be
    /// brought up to date. Switching it on, also again, begins a new session with a number of its own
    /// (<see cref="TenantStorage.JournalStart"/>). Both remove older entries, a bounded number at a time
    /// (<see cref="CommitResult.Committed.HasMore"/>). Nothing else may be in the commit.
    /// </summary>
    public Commit Journal(bool on) => this with { Life = new TenantChange.Journal(on) };

    /// <summary>
    /// Removes the tenant: the first commit marks it, and from then on reads find an empty tenant and every commit but this one is refused
    /// (<see cref="Refusal.Erasing"/>); each further one removes at most <see cref="StoreLimits.ErasedRowsPerCommitMax"/> rows, until
    /// <see cref="CommitResult.Committed.HasMore"/> is false. Then the store knows nothing of the tenant, and the same id can begin anew.
    /// Nothing else may be in the commit but <see cref="Behind"/>, which is asked by the first.
    /// </summary>
    public Commit Erase() => this with { Life = new TenantChange.Erase() };

    /// <summary>Why the fence refuses this commit, or null if it doesn't. For stores.</summary>
    /// <param name="fence">The tenant's fence; null if it has none.</param>
    public Refusal? FencedBy(string? fence)
    {
        if (Pass is not null)
            return Pass == fence ? null : new Refusal.NotFenced(Pass, fence);
        return fence is null || Life switch
        {
            TenantChange.Fence again => again.Reason == fence && IsLifeAlone,
            TenantChange.Unfence => IsLifeAlone,
            TenantChange.Journal or TenantChange.Erase => true,
            _ => false,
        } ? null : new Refusal.Fenced(fence);
    }

    /// <summary>Whether nothing but a change of the tenant's life is in it.</summary>
    internal bool IsLifeAlone => Appends.IsEmpty && Adopted.IsEmpty && Conditions.IsEmpty && Documents.IsEmpty && Checkpoints.IsEmpty
        && Remembered.IsEmpty && Leases.IsEmpty && Fences.IsEmpty && Key is null;
}

/// <summary>What changes in the life of a tenant.</summary>
public abstract record TenantChange
{
    private TenantChange()
    {
    }

    /// <summary>From now on the tenant refuses commits.</summary>
    /// <param name="Reason">Why; it names the fence.</param>
    public sealed record Fence(string Reason) : TenantChange;

    /// <summary>From now on it takes commits again.</summary>
    public sealed record Unfence : TenantChange;

    /// <summary>From now on a journal is kept, or no longer.</summary>
    /// <param name="On">Whether it is kept.</param>
    public sealed record Journal(bool On) : TenantChange;

    /// <summary>All that the tenant has is removed, step by step.</summary>
    public sealed record Erase : TenantChange;
}

public abstract partial record Refusal
{
    /// <summary>The tenant is fenced: it takes no commits now.</summary>
    /// <param name="Fence">The fence's reason.</param>
    public sealed record Fenced(string Fence) : Refusal
    {
        /// <inheritdoc/>
        public override string ToString() => $"the tenant takes no commits now ({Fence}). Look up where the tenant is, and try again.";
    }

    /// <summary>The fence behind which the commit was to act doesn't stand.</summary>
    /// <param name="Expected">The fence that the commit named.</param>
    /// <param name="Actual">The fence that stands; null if there is none.</param>
    public sealed record NotFenced(string Expected, string? Actual) : Refusal
    {
        /// <inheritdoc/>
        public override string ToString() =>
            $"the tenant isn't fenced with '{Expected}' {(Actual is null ? "(it has no fence)" : $"but with '{Actual}'")}: somebody else has changed that. Begin again.";
    }

    /// <summary>The tenant is being erased.</summary>
    public sealed record Erasing : Refusal
    {
        /// <inheritdoc/>
        public override string ToString() => "the tenant is being erased. Go on erasing it until nothing is left; then the id can begin anew.";
    }

    /// <summary>Adopted events don't follow the log's end.</summary>
    /// <param name="First">The position of the first event to adopt.</param>
    /// <param name="Head">The log's last position.</param>
    public sealed record WrongPosition(LogPosition First, LogPosition Head) : Refusal
    {
        /// <inheritdoc/>
        public override string ToString() =>
            $"the events to adopt begin at position {First}, but the log ends at {Head}. Adopt those from position {Head.Next()}.";
    }
}
