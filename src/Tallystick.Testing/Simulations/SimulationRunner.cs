using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Simulations;

/// <summary>Runs an application under a seed, as often as asked.</summary>
internal sealed class SimulationRunner(Action<TallystickBuilder> application, Action<SimulatedWorld>? invariants, SimulationOptions options)
{
    public int ShrinkRunsMax => options.ShrinkRunsMax;

    /// <summary>Runs a seed; only the decisions that are allowed may deviate.</summary>
    public SimulationRun Run(long seed, IReadOnlySet<Deviation>? allowed)
    {
        var before = SynchronizationContext.Current;
        try
        {
            return RunHere(seed, allowed);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private SimulationRun RunHere(long seed, IReadOnlySet<Deviation>? allowed)
    {
        var core = new SimulationCore(seed, allowed, application, options);
        var observations = new Observations(core.Server);
        var deployments = Enumerable.Range(0, Math.Max(1, options.Deployments.Length)).Select(deployment => Build(core, deployment)).ToArray();
        WatchRows(core, observations, deployments);
        var clients = Enumerable.Range(1, options.Clients).Select(n => new SimulatedClient(core, observations, "client-" + n)).ToArray();
        try
        {
            core.Run(clients, options.Workload ?? new RandomWorkload(deployments[^1], options.Generation).ActAsync);
            SynchronizationContext.SetSynchronizationContext(null);
            if (core.Failure is null)
            {
                var world = new SimulatedWorld(core, observations, deployments[^1]);
                new FinalChecks(core, observations, world, deployments).Run();
                if (core.Failure is null)
                    invariants?.Invoke(world);
            }
        }
        catch (Exception error)
        {
            core.Fail(error is CheckFailedException ? error.Message : error.ToString());
        }

        return new SimulationRun(seed, core.Trace.Hash(), core.Scheduler.Steps, [.. core.Trace.Lines], core.Failure)
        {
            Schedule = [.. core.Choices.Deviations],
            DeviationsAtFirst = core.Choices.Deviations.Count,
        };
    }

    /// <summary>A process that never runs, for its deciders, projections and serializer.</summary>
    private static ServiceProvider Build(SimulationCore core, int deployment) =>
        new ServiceCollection().AddTallystick(tally => core.Configure(tally, deployment)).BuildServiceProvider();

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
