namespace Tallystick.Testing.Simulations;

/// <summary>
/// Runs everything on one thread: what is ready, in an order drawn from the seed; and when nothing is, the clock jumps to the next timer.
/// </summary>
internal sealed class SimulationScheduler(Choices choices, Trace trace, DateTimeOffset start) : IDisposable
{
    private const string Order = "order";

    private readonly List<Work> _ready = [];
    private readonly PriorityQueue<Alarm, (long Due, long Number)> _alarms = new();
    private long _alarmNumber;

    /// <summary>The world's time.</summary>
    public DateTimeOffset Now { get; private set; } = start;

    /// <summary>How many pieces of work were run.</summary>
    public long Steps { get; private set; }

    /// <summary>Notices when something leaves this thread.</summary>
    public ThreadGuard Guard { get; } = new();

    /// <summary>Whose work is being run.</summary>
    public string Running { get; private set; } = "nobody";

    /// <summary>How likely something else is run than what became ready first.</summary>
    public double ReorderProbability { get; set; }

    /// <summary>Asked before each step of a context: whether the context has just been killed.</summary>
    public Func<SimulatedContext, bool>? BeforeStep { get; set; }

    /// <summary>Adds work for a context. Work of a context that is dead is dropped, as a killed process drops it.</summary>
    public void Enqueue(SimulatedContext context, SendOrPostCallback callback, object? state)
    {
        if (!Guard.IsHere(state))
            return;
        if (!context.IsDead)
            _ready.Add(new Work(context, callback, state));
    }

    /// <summary>Calls back on a context at a time, unless it is cancelled or the context is dead by then.</summary>
    public Alarm At(DateTimeOffset due, SimulatedContext context, SendOrPostCallback callback, object? state)
    {
        var alarm = new Alarm(due, new Work(context, callback, state));
        _alarms.Enqueue(alarm, (due.UtcTicks, _alarmNumber++));
        return alarm;
    }

    /// <summary>Runs one piece of work.</summary>
    /// <returns>False if nothing is ready and no timer is set: nothing would ever happen again.</returns>
    /// <exception cref="CheckFailedException">Work left this thread, so the run can't be repeated.</exception>
    public bool Step()
    {
        if (Guard.Offence is { } offence)
            throw new CheckFailedException(offence);
        while (_ready.Count == 0)
        {
            if (!_alarms.TryDequeue(out var alarm, out _))
                return false;
            if (alarm.IsCancelled || alarm.Work.Context.IsDead)
                continue;
            if (alarm.Due > Now)
                Now = alarm.Due;
            _ready.Add(alarm.Work);
        }

        var index = _ready.Count == 1 ? 0 : choices.Deviate(Order, ReorderProbability, _ready.Count - 1);
        var work = _ready[index];
        _ready.RemoveAt(index);
        // Asked first whether it is killed or stopped just now: what it was about to do is then dropped, or kept.
        if (work.Context.Holds(work) || work.Context.IsDead || BeforeStep?.Invoke(work.Context) == true || work.Context.Holds(work))
            return true;
        Steps++;
        Running = work.Context.Name;
        trace.Step(work.Context.Name, _ready.Count, Now);
        SynchronizationContext.SetSynchronizationContext(work.Context);
        work.Callback(work.State);
        return true;
    }

    /// <summary>Ends the run.</summary>
    public void Dispose() => Guard.Dispose();

    /// <summary>A piece of work, and whose it is.</summary>
    internal readonly record struct Work(SimulatedContext Context, SendOrPostCallback Callback, object? State);

    /// <summary>Work for a later time.</summary>
    internal sealed class Alarm(DateTimeOffset due, Work work)
    {
        public DateTimeOffset Due { get; } = due;

        public Work Work { get; } = work;

        public bool IsCancelled { get; set; }
    }
}

/// <summary>
/// One process, as far as scheduling goes: every continuation of code that was started in it comes back here. Killing it drops them all, and no
/// <c>finally</c> runs, as when a real process is killed.
/// </summary>
internal sealed class SimulatedContext(SimulationScheduler scheduler, string name) : SynchronizationContext
{
    private readonly List<SimulationScheduler.Work> _held = [];

    public string Name { get; } = name;

    public bool IsDead { get; private set; }

    /// <summary>Whether it stands still: what becomes ready waits until it goes on.</summary>
    public bool IsFrozen { get; private set; }

    /// <summary>When it last went on after standing still: at that moment it may do what it should have done long before.</summary>
    public DateTimeOffset? ThawedAt { get; private set; }

    public void Kill() => IsDead = true;

    public void Freeze() => IsFrozen = true;

    public void Thaw()
    {
        (IsFrozen, ThawedAt) = (false, scheduler.Now);
        foreach (var work in _held)
            scheduler.Enqueue(this, work.Callback, work.State);
        _held.Clear();
    }

    /// <summary>Keeps work for later if the process stands still.</summary>
    public bool Holds(SimulationScheduler.Work work)
    {
        if (IsFrozen)
            _held.Add(work);
        return IsFrozen;
    }

    public override void Post(SendOrPostCallback d, object? state) => scheduler.Enqueue(this, d, state);

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException(
        "Nothing in a simulation may block until something else has run. Use Post.");

    public override SynchronizationContext CreateCopy() => this;
}
