namespace Tallystick.Testing.Simulations;

/// <summary>
/// How likely each kind of trouble is in one run. Each run draws which kinds it has at all (swarm testing: Groce and others, 2012): a run in
/// which everything fails all the time hides the faults that need some calm.
/// </summary>
internal sealed class FaultRates
{
    private FaultRates()
    {
    }

    public FaultRates(Choices choices)
    {
        double Rate(string kind, double probability, double rate) => choices.Chance("swarm/" + kind, probability) ? rate : 0;

        Reorder = Rate("reorder", 0.7, 0.3);
        Busy = Rate("busy", 0.4, 0.02);
        LostRequest = Rate("lost-request", 0.4, 0.02);
        LostAnswer = Rate("lost-answer", 0.5, 0.03);
        Late = Rate("late", 0.4, 0.06);
        Slow = Rate("slow", 0.6, 0.1);
        Repeat = Rate("repeat", 0.4, 0.1);
        Crash = Rate("crash", 0.6, 0.002);
        Restart = Rate("restart", 0.3, 0.06);
        ServerCrash = Rate("server-crash", 0.4, 0.02);
        DiskFull = Rate("disk-full", 0.25, 0.06);
        Rebuild = Rate("rebuild", 0.4, 0.1);
        ClockSkew = Rate("clock-skew", 0.3, 1);
        Freeze = Rate("freeze", 0.4, 0.002);
        Cut = Rate("cut", 0.4, 0.05);
    }

    /// <summary>No trouble at all.</summary>
    public static FaultRates None { get; } = new();

    /// <summary>Another piece of work than the one that became ready first is run.</summary>
    public double Reorder { get; }

    /// <summary>The store says that it is busy, and does nothing.</summary>
    public double Busy { get; }

    /// <summary>A message never arrives.</summary>
    public double LostRequest { get; }

    /// <summary>What was asked is done, but the answer never arrives.</summary>
    public double LostAnswer { get; }

    /// <summary>Whoever commits is told that the connection was lost, but the commit arrives, and takes effect, some time later.</summary>
    public double Late { get; }

    /// <summary>A message takes its time, so that others overtake it.</summary>
    public double Slow { get; }

    /// <summary>A client's message arrives twice.</summary>
    public double Repeat { get; }

    /// <summary>A process is killed, at any of its steps.</summary>
    public double Crash { get; }

    /// <summary>A process is stopped in good order and started again.</summary>
    public double Restart { get; }

    /// <summary>The store's own process is killed, while it syncs.</summary>
    public double ServerCrash { get; }

    /// <summary>The disk is full for a while.</summary>
    public double DiskFull { get; }

    /// <summary>An operator rebuilds a projection.</summary>
    public double Rebuild { get; }

    /// <summary>The processes' clocks differ.</summary>
    public double ClockSkew { get; }

    /// <summary>A process stands still for a while, from any of its steps on, as by SIGSTOP, and then goes on as if nothing had happened.</summary>
    public double Freeze { get; }

    /// <summary>A process has no connection to the store for a while, and the others have.</summary>
    public double Cut { get; }
}
