using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Simulations;

/// <summary>Runs an application under a seed, as often as asked.</summary>
internal sealed class SimulationRunner(Action<TallystickBuilder> application, Action<SimulatedWorld>? invariants, SimulationOptions options)
{
    /// <summary>How long, in real time, work that is still on another thread is waited for when the run can't go on without it.</summary>
    private static readonly TimeSpan AwayAtMost = TimeSpan.FromSeconds(2);

    public int ShrinkRunsMax => options.ShrinkRunsMax;

    /// <summary>Runs a seed; only the decisions that are allowed may deviate.</summary>
    public SimulationRun Run(long seed, IReadOnlySet<Deviation>? allowed)
    {
        // On a thread of its own, so that it can be left behind if the application blocks it or runs in circles on it. Nothing can end it then.
        var (core, run) = ((SimulationCore?)null, (SimulationRun?)null);
        ExceptionDispatchInfo? failed = null;
        var thread = new Thread(() =>
        {
            try
            {
                // What is formatted, and perhaps stored, must not depend on where it runs.
                CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
                core = new SimulationCore(seed, allowed, application, options);
                run = RunHere(core, allowed is null);
            }
            catch (Exception error)
            {
                failed = ExceptionDispatchInfo.Capture(error);
            }
        })
        { IsBackground = true, Name = $"Simulation of seed {seed}" };
        thread.Start();
        for (var steps = -1L; !thread.Join(options.StuckAfter) && !Debugger.IsAttached; steps = core?.Scheduler.Steps ?? 0)
        {
            if (core?.Scheduler.Steps == steps)
                return LeftBehind(core);
        }

        thread.Join();
        failed?.Throw();
        return run!;
    }

    private SimulationRun LeftBehind(SimulationCore core)
    {
        core.Fail($"{core.Scheduler.Running} has been at one piece of work for {options.StuckAfter.TotalSeconds:0.###} seconds of real time (SimulationOptions.StuckAfter): something in the "
            + "application runs in circles, or blocks the only thread that there is (Wait, Result, Sleep, a lock or a semaphore that isn't awaited). The trace's end tells what it was about to do.");
        return Result(core) with { IsRepeatable = false };
    }

    private SimulationRun RunHere(SimulationCore core, bool isFirst)
    {
        try
        {
            RunUnguarded(core, isFirst);
        }
        catch (Exception error)
        {
            if (error is CheckFailedException)
                core.Fail(error.Message);
            else
                core.Fail("Something failed:", error);
        }

        core.Scheduler.Dispose();
        return core.Scheduler.Guard.Offence is { } offence ? Result(core) with { Failure = offence, IsRepeatable = false } : Result(core);
    }

    private void RunUnguarded(SimulationCore core, bool isFirst)
    {
        var observations = new Observations(core.Server);
        var deployments = Enumerable.Range(0, Math.Max(1, options.Deployments.Length)).Select(deployment => Build(core, deployment)).ToArray();
        WatchRows(core, observations, deployments);
        var clients = Enumerable.Range(1, options.Clients).Select(n => new SimulatedClient(core, observations, "client-" + n)).ToArray();
        core.Run(clients, options.Workload ?? new RandomWorkload(deployments[^1], options.Generation).ActAsync);
        SynchronizationContext.SetSynchronizationContext(null);
        var world = new SimulatedWorld(core, observations, deployments[^1]);
        if (core.Failure is null)
            new FinalChecks(core, observations, world, deployments).Run();
        if (core.IsStuck && isFirst)
            core.Scheduler.Guard.WaitForOffence(AwayAtMost);
        core.Scheduler.Dispose();
        if (core.Failure is null && core.Scheduler.Guard.Offence is null)
            Judge(core, world);
    }

    private void Judge(SimulationCore core, SimulatedWorld world)
    {
        try
        {
            invariants?.Invoke(world);
        }
        catch (Exception error) when (error is not CheckFailedException)
        {
            core.Fail("What must hold in the end doesn't:", error);
        }
    }

    private static SimulationRun Result(SimulationCore core) =>
        new(core.Choices.Seed, core.Trace.Hash(), core.Scheduler.Steps, [.. core.Trace.Lines], core.Failure)
        {
            Schedule = [.. core.Choices.Deviations],
            DeviationsAtFirst = core.Choices.Deviations.Count,
        };

    /// <summary>A process that never runs, for its deciders, projections and serializer.</summary>
    private static ServiceProvider Build(SimulationCore core, int deployment)
    {
        try
        {
            return new ServiceCollection().AddTallystick(tally => core.Configure(tally, deployment)).BuildServiceProvider();
        }
        catch (Exception error)
        {
            core.Fail("The application can't be built:", error);
            throw;
        }
    }

    private static void WatchRows(SimulationCore core, Observations observations, ServiceProvider[] deployments)
    {
        var collections = deployments.Select(services => services.GetServices<Projection>().ToDictionary(
            projection => projection.Name, projection => projection.Collections.Select(c => c.Name).Order(StringComparer.Ordinal).ToImmutableArray())).ToArray();
        var reached = new Dictionary<(TenantId, string), LogPosition>();
        core.Server.Applied = (commit, deployment) =>
        {
            foreach (var change in commit.Checkpoints)
            {
                if (change.Position is not { } position || !collections[deployment].TryGetValue(change.Name, out var names))
                    continue;
                if (position < reached.GetValueOrDefault((commit.Tenant, change.Name)))
                    core.Fail($"Tenant {commit.Tenant}: what readers see of '{change.Name}' went back from position {reached[(commit.Tenant, change.Name)]} to {position}.");
                reached[(commit.Tenant, change.Name)] = position;
                observations.Rows.Add(new RowsSeen(commit.Tenant, change.Name, deployment, position, Rows.TextOf(core.Server.Memory, commit.Tenant, names)));
            }
        };
    }
}
