using System.Collections.Immutable;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Stores;

/// <summary>
/// A fault for <see cref="FaultyStore.Inject"/>: what goes wrong, and which calls it strikes. By itself it strikes the first call of those
/// operations that it fits, once; the methods below give a copy that strikes others.
/// </summary>
public sealed record StoreFault
{
    private StoreFault(FaultKind kind, string name, Func<Exception>? error, params StoreOperation[] operations) =>
        (Kind, Name, Error, Operations) = (kind, name, error, [.. operations]);

    /// <summary>The store is busy: the call fails as transient, and nothing was done.</summary>
    public static StoreFault Busy { get; } = Fail(
        "busy", () => new TallystickException("The store is busy (an injected fault). Nothing was done; try again later.", isTransient: true));

    /// <summary>
    /// The call takes effect, but its answer is lost: the caller gets a transient failure and can't know. By itself it strikes a commit.
    /// </summary>
    public static StoreFault LostAnswer { get; } = new(
        FaultKind.FailAfter, "lost answer",
        () => new TallystickException("The connection broke (an injected fault). Whether the call took effect is unknown; repeat it with its key.", isTransient: true),
        StoreOperation.Commit);

    /// <summary>The disk is full: every commit fails as transient until the fault is removed; reads go on.</summary>
    public static StoreFault DiskFull { get; } = Fail(
        "full disk", () => new TallystickException("The disk is full (an injected fault). Nothing was stored; make room.", isTransient: true))
        .On(StoreOperation.Commit).ForEver();

    /// <summary>The process dies before the call takes effect: this call and all that follow fail, whatever their operation.</summary>
    public static StoreFault Death { get; } = new(FaultKind.DieBefore, "death", Died);

    /// <summary>The process dies when the call has taken effect: nobody gets the answer, and all calls that follow fail.</summary>
    public static StoreFault DeathAfterwards { get; } = new(FaultKind.DieAfter, "death afterwards", Died);

    /// <summary>The call doesn't begin before the test removes the fault (or the caller cancels).</summary>
    public static StoreFault Held { get; } = new(FaultKind.Hold, "held", null);

    /// <summary>The signal is lost: a wait doesn't end, although its position is reached, until the fault is removed or the caller cancels.</summary>
    public static StoreFault LostSignal { get; } =
        new(FaultKind.Hold, "lost signal", null, StoreOperation.WaitForPosition, StoreOperation.WaitForCheckpoint);

    /// <summary>A signal without a cause: a wait ends at once, although its position isn't reached.</summary>
    public static StoreFault EarlySignal { get; } =
        new(FaultKind.Skip, "early signal", null, StoreOperation.WaitForPosition, StoreOperation.WaitForCheckpoint);

    /// <summary>What goes wrong, for messages.</summary>
    public string Name { get; }

    /// <summary>The operations that it strikes; empty: all.</summary>
    public ImmutableArray<StoreOperation> Operations { get; private init; }

    /// <summary>The tenant whose calls it strikes; null: every tenant's.</summary>
    public TenantId? Tenant { get; private init; }

    /// <summary>Which of the calls that fit it strikes first, from 1.</summary>
    public int First { get; private init; } = 1;

    /// <summary>How many calls it strikes, from the first on. Default 1.</summary>
    public int Count { get; private init; } = 1;

    internal FaultKind Kind { get; }

    internal Func<Exception>? Error { get; }

    internal Func<StoreCall, Task>? Act { get; private init; }

    internal Func<StoreCall, bool>? Condition { get; private init; }

    internal (double Probability, SeededEntropy Entropy)? Odds { get; private init; }

    /// <summary>The call fails with an exception of the test's own, and nothing was done.</summary>
    /// <param name="name">What goes wrong, for messages.</param>
    /// <param name="error">Makes the exception, anew for each call.</param>
    public static StoreFault Fail(string name, Func<Exception> error) => new(FaultKind.FailBefore, name, error);

    /// <summary>
    /// No fault but a coincidence: something happens just before the call takes effect, such as another node that is faster. What it throws,
    /// the caller gets.
    /// </summary>
    public static StoreFault Meanwhile(Func<StoreCall, Task> happens) => new(FaultKind.ActBefore, "meanwhile", null) { Act = happens };

    /// <summary>Something happens when the call has taken effect and its caller doesn't have the answer yet.</summary>
    public static StoreFault Afterwards(Func<StoreCall, Task> happens) => new(FaultKind.ActAfter, "afterwards", null) { Act = happens };

    /// <summary>Strikes these operations alone.</summary>
    /// <exception cref="ArgumentException">The fault is one of waits, and another operation is named.</exception>
    public StoreFault On(params ReadOnlySpan<StoreOperation> operations)
    {
        foreach (var operation in operations)
        {
            if (Kind == FaultKind.Skip && operation is not (StoreOperation.WaitForPosition or StoreOperation.WaitForCheckpoint))
                throw new ArgumentException($"An early signal can only strike a wait, not {operation}.", nameof(operations));
        }

        return this with { Operations = [.. operations] };
    }

    /// <summary>Strikes the calls of this tenant alone.</summary>
    public StoreFault Of(TenantId tenant) => this with { Tenant = tenant };

    /// <summary>Strikes those calls alone that meet a condition.</summary>
    public StoreFault Where(Func<StoreCall, bool> condition) => this with { Condition = condition };

    /// <summary>Begins at this one of the calls that fit, from 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public StoreFault AtCall(int number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        return this with { First = number };
    }

    /// <summary>Strikes so many calls, one after the other.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public StoreFault Times(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return this with { Count = count };
    }

    /// <summary>Strikes until it is removed.</summary>
    public StoreFault ForEver() => this with { Count = int.MaxValue };

    /// <summary>Strikes each call that it would strike with this probability only, drawn from a seed, so that a run can be repeated.</summary>
    public StoreFault Sometimes(double probability, SeededEntropy entropy) => this with { Odds = (probability, entropy) };

    /// <summary>The fault as text, for messages.</summary>
    public override string ToString() =>
        $"{Name} on {(Operations.IsEmpty ? "any call" : string.Join(" or ", Operations))}{(Tenant is { } tenant ? $" of {tenant}" : "")}, from call {First}"
        + (Count == int.MaxValue ? " on" : $", {Count} times");

    private static TallystickException Died() => new("The process has died (an injected fault).", isTransient: true);
}

/// <summary>How a fault strikes.</summary>
internal enum FaultKind
{
    FailBefore,
    FailAfter,
    DieBefore,
    DieAfter,
    Hold,
    Skip,
    ActBefore,
    ActAfter,
}
