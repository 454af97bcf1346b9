using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Audit;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Simulations;

/// <summary>What must hold of every application once everything has settled, judged by the complete log.</summary>
internal sealed class FinalChecks(SimulationCore core, Observations observations, SimulatedWorld world, IReadOnlyList<ServiceProvider> deployments)
{
    private readonly Dictionary<(TenantId, int), RowHistory> _histories = [];
    private readonly Dictionary<TenantId, IReadOnlyList<RecordedEvent>> _logs = [];

    /// <summary>Fails the run by the first thing that doesn't hold.</summary>
    public void Run()
    {
        foreach (var tenant in core.Server.Tenants)
        {
            var verification = LogVerifier.VerifyAsync(core.Server.Memory, tenant, null, CancellationToken.None).AtOnce();
            if (!verification.IsIntact)
                core.Fail($"Tenant {tenant}: the log doesn't fit its tree: {verification.Findings[0].Problem} at position {verification.Findings[0].Position}.");
        }

        foreach (var tenant in core.Tenants)
            EverythingIsUpToDate(tenant);
        foreach (var rows in observations.Rows)
            RowsAgreeWithCheckpoint(rows);
        foreach (var tenant in core.Tenants)
        {
            foreach (var collection in SharedCollections())
                DocumentChecks.Run(core, tenant, collection);
        }

        foreach (var read in observations.Documents)
            ReadIsFresh(read);
        foreach (var read in observations.States)
            StateIsTheFold(read);
        foreach (var given in observations.Commands)
            RejectionIsDeserved(given);
    }

    private void EverythingIsUpToDate(TenantId tenant)
    {
        var head = core.Server.Model(tenant).Head;
        var all = core.Nodes.SelectMany(node => node.Services.GetRequiredService<SubscriptionHost>().Status(tenant).Select(status => (Node: node, Status: status)));
        foreach (var work in all.GroupBy(one => one.Status.Name))
        {
            var here = work.Where(one => one.Status.State != SubscriptionState.Elsewhere).ToArray();
            if (here.Length == 0)
                core.FailStuck($"Tenant {tenant}: '{work.Key}' runs on no node, and nothing is left that would start it.");
            else if (here.Length > 1)
                core.Fail($"Two owners: '{work.Key}' of {tenant} runs on {string.Join(" and on ", here.Select(one => one.Node.Name))}.");
            foreach (var (node, status) in here)
            {
                if (status.State == SubscriptionState.Stopped)
                    core.Fail($"Tenant {tenant}: '{status.Name}' has stopped at position {status.Failure?.Position} ({status.Failure?.EventType}): {status.Failure?.Error}");
                else if (status.State != SubscriptionState.Superseded && (status.State != SubscriptionState.Live || status.Position.Value < head))
                    core.FailStuck($"Tenant {tenant}: '{status.Name}' on {node.Name} is {status.State} at position {status.Position} of {head}, and nothing is left that would wake it.");
            }
        }
    }

    /// <summary>Those that all deployments have in the same version: of the others, one may wait for a process that never comes.</summary>
    private IEnumerable<DocumentCollection> SharedCollections() => deployments[0].GetServices<Projection>()
        .Where(one => deployments.All(services => services.GetServices<Projection>().Any(other => other.Name == one.Name && other.Version == one.Version)))
        .SelectMany(projection => projection.Collections);

    private void RowsAgreeWithCheckpoint(RowsSeen seen)
    {
        var expected = HistoryOf(seen.Tenant, seen.Deployment).RowsAt(seen.Projection, seen.Checkpoint);
        if (expected != seen.Rows)
        {
            core.Fail($"Tenant {seen.Tenant}: when '{seen.Projection}' had saved checkpoint {seen.Checkpoint}, its rows weren't the fold of the log up to there:\n"
                + Difference(expected, seen.Rows));
        }
    }

    private void ReadIsFresh(DocumentRead read)
    {
        for (var deployment = 0; deployment < deployments.Count; deployment++)
        {
            var collection = deployments[deployment].GetServices<Projection>().SelectMany(p => p.Collections).FirstOrDefault(c => c.DocumentType == read.Type);
            if (collection is not null && HistoryOf(read.Tenant, deployment).WasEver(collection.Name, read.Key, read.Json, read.AtLeast, read.Head))
                return;
        }

        core.Fail($"Tenant {read.Tenant}: {read.Client} asked for {read.Type.Name} '{read.Key}' as of position {read.AtLeast} or later (the log ended at {read.Head}), and got what it "
            + $"never was in between: {(read.Json is null ? "nothing" : Encoding.UTF8.GetString(read.Json))}");
    }

    private void StateIsTheFold(StateRead read)
    {
        var isFold = deployments.Any(services => DeciderOf(services, read.Stream) is { } decider && decider.StateType == read.Type
            && DeciderFold.Of(decider).State(EventsOf(services, read.Tenant, read.Stream, read.Version)).AsSpan().SequenceEqual(read.Json));
        if (!isFold)
        {
            core.Fail($"Tenant {read.Tenant}: {read.Client} read the state of {read.Stream} at version {read.Version}, and it isn't the fold of its events: "
                + Encoding.UTF8.GetString(read.Json));
        }
    }

    /// <summary>
    /// A rejection must be what the decider says in a state that the stream had while the command was under way. One that it says in none of the stream's
    /// states comes from a step of the pipeline, whose reasons aren't known here.
    /// </summary>
    private void RejectionIsDeserved(GivenCommand given)
    {
        if (given.Result is not CommandResult.Rejected { Rejection: { } rejection })
            return;
        if (Versions(given.VersionBefore.Value, given.VersionAfter.Value).Any(Rejects))
            return;
        if (Versions(0, given.VersionBefore.Value - 1).Any(Rejects))
        {
            core.Fail($"Tenant {given.Tenant}: {CSharpText.Brief(given.Command, typeof(object))} to {given.Stream} was rejected as '{rejection.Code}', but in no state that the stream had meanwhile "
                + $"(versions {given.VersionBefore} to {given.VersionAfter}) does the decider reject it so; in an older one it does.");
        }

        bool Rejects(StreamVersion version) => deployments.Any(services => DeciderOf(services, given.Stream) is { } decider
            && DeciderFold.Of(decider).Rejection(given.Command, EventsOf(services, given.Tenant, given.Stream, version)) == rejection.Code);
    }

    private static IEnumerable<StreamVersion> Versions(long from, long through)
    {
        for (var version = from; version <= through; version++)
            yield return StreamVersion.Of(version);
    }

    private static Decider? DeciderOf(IServiceProvider services, StreamId stream) =>
        services.GetServices<Decider>().FirstOrDefault(decider => decider.Category == stream.Category);

    private IEnumerable<object> EventsOf(IServiceProvider services, TenantId tenant, StreamId stream, StreamVersion through)
    {
        var serializer = services.GetRequiredService<EventSerializer>();
        return LogOf(tenant).Where(e => e.Stream == stream && e.Version <= through).Select(serializer.Deserialize);
    }

    private RowHistory HistoryOf(TenantId tenant, int deployment)
    {
        if (!_histories.TryGetValue((tenant, deployment), out var history))
        {
            var services = deployments[deployment];
            _histories.Add((tenant, deployment), history = RowHistory.Of(
                tenant, LogOf(tenant), [.. services.GetServices<Projection>()], services.GetRequiredService<EventSerializer>(), core.Scheduler.Now));
        }

        return history;
    }

    private IReadOnlyList<RecordedEvent> LogOf(TenantId tenant)
    {
        if (!_logs.TryGetValue(tenant, out var log))
            _logs.Add(tenant, log = world.Log(tenant));
        return log;
    }

    private static string Difference(string expected, string actual)
    {
        var (wanted, found) = (expected.Split('\n'), actual.Split('\n'));
        return string.Join('\n', wanted.Except(found).Select(line => "  missing  " + line).Concat(found.Except(wanted).Select(line => "  instead  " + line)));
    }
}
