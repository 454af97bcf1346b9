using Microsoft.Extensions.DependencyInjection;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;
using Tallystick.Testing.Stores;

namespace Tallystick.Testing.Leaks;

/// <summary>Every method of the host of projections and subscriptions that concerns one tenant.</summary>
internal static class HostOperations
{
    private const long BrokenEventId = 9_999;

    /// <summary>What can be done while everything goes well, with the application's own host.</summary>
    public static IEnumerable<LeakOperation> OfApplication(IServiceProvider services)
    {
        var host = services.GetRequiredService<SubscriptionHost>();
        string[] projections = [.. services.GetServices<Projection>().Select(projection => projection.Name)];
        string[] all = [.. projections, .. services.GetServices<Subscription>().Select(subscription => subscription.Name)];
        yield return new LeakOperation("SubscriptionHost.Status", IsRead: true, (twin, _, _) => Task.FromResult(ResultText.Of(host.Status(twin.Id))));
        foreach (var name in all)
        {
            yield return new LeakOperation($"SubscriptionHost.WaitForStatusAsync of {name}", IsRead: true, async (twin, _, cancellationToken) =>
                ResultText.Of(await host.WaitForStatusAsync(twin.Id, name, status => status.State == SubscriptionState.Live, cancellationToken)));
            yield return new LeakOperation($"SubscriptionHost.ResumeAsync of {name}, which isn't stopped", IsRead: false, async (twin, _, cancellationToken) =>
            {
                await host.ResumeAsync(twin.Id, name, cancellationToken);
                return "resumed";
            });
            yield return new LeakOperation($"SubscriptionHost.SkipAsync of {name}, which isn't stopped", IsRead: false, async (twin, _, cancellationToken) =>
            {
                await host.SkipAsync(twin.Id, name, LogPosition.Of(1), twin.Secrets.Text("reason"), "leakage", cancellationToken);
                return "skipped";
            });
        }

        foreach (var name in projections)
        {
            yield return new LeakOperation($"SubscriptionHost.RebuildAsync of {name}", IsRead: false, async (twin, _, cancellationToken) =>
            {
                await host.RebuildAsync(twin.Id, name, cancellationToken);
                return ResultText.Of(await host.WaitForStatusAsync(
                    twin.Id, name, status => status is { State: SubscriptionState.Live, Rebuild: null } or { RebuildFailure: not null }, cancellationToken) with { Rebuild = null });
            });
        }

        yield return new LeakOperation("SubscriptionHost.RemoveTenantAsync and AddTenant", IsRead: false, async (twin, _, cancellationToken) =>
        {
            await host.RemoveTenantAsync(twin.Id, cancellationToken);
            var removed = ResultText.Of(host.Status(twin.Id));
            host.AddTenant(twin.Id);
            return $"{removed}\n{ResultText.Of(host.Status(twin.Id))}";
        });
    }

    /// <summary>
    /// What is done when something has stopped: each projection meets an event that it can't read, in a host of its own that doesn't retry, for the tenants
    /// of the store's operations.
    /// </summary>
    public static IEnumerable<LeakOperation> OfStopped(IServiceProvider services)
    {
        var (store, serializer) = (services.GetRequiredService<IStore>(), services.GetRequiredService<EventSerializer>());
        Projection[] projections = [.. services.GetServices<Projection>()];
        if (projections.Length == 0)
            yield break;
        yield return new LeakOperation("SubscriptionHost of stopped projections: StartAsync, SkipAsync, ResumeAsync, StopAsync", IsRead: false, async (twin, other, cancellationToken) =>
        {
            await using var host = await StartAsync(services, [twin.Id, other.Id], cancellationToken);
            return string.Join('\n', await StopAndGoOnAsync(host, store, serializer, twin, projections, cancellationToken));
        });
    }

    /// <summary>A host of its own for some tenants, in which everything is live.</summary>
    public static async Task<SubscriptionHost> StartAsync(IServiceProvider services, TenantId[] tenants, CancellationToken cancellationToken)
    {
        var options = new SubscriptionOptions { RetriesMax = 0, Time = services.GetRequiredService<TimeProvider>(), Entropy = services.GetRequiredService<Entropy>() };
        Projection[] projections = [.. services.GetServices<Projection>()];
        // It takes no leases: with those of the application it would share the work, and what it waits for would run there.
        var store = new FaultyStore(services.GetRequiredService<IStore>()) { IsShared = false, KeepsCalls = false };
        var host = new SubscriptionHost(store, services.GetRequiredService<EventSerializer>(), projections, [], options);
        foreach (var tenant in tenants)
            host.AddTenant(tenant);
        await host.StartAsync(cancellationToken);
        foreach (var tenant in tenants)
        {
            foreach (var projection in projections)
                await host.WaitForStatusAsync(tenant, projection.Name, status => status.State == SubscriptionState.Live, cancellationToken);
        }

        return host;
    }

    private static async Task<List<string>> StopAndGoOnAsync(
        SubscriptionHost host, IStore store, EventSerializer serializer, Twin twin, Projection[] projections, CancellationToken cancellationToken)
    {
        var texts = new List<string>();
        for (var i = 0; i < projections.Length; i++)
        {
            var (name, type) = (projections[i].Name, serializer.Types.StoredNamesOf(projections[i].EventTypes[0]).First());
            var broken = new NewEvent(TestEvents.Id(BrokenEventId + i), type, 1, TestEvents.Bytes($"{{\"{twin.Secrets.Text("broken")}"), []);
            var at = (await store.CommitAsync(Commit.For(twin.Id).Append(new StreamId("leakage", "2"), ExpectedVersion.Any, broken), cancellationToken)).Demand();
            var stopped = await host.WaitForStatusAsync(twin.Id, name, status => status.State == SubscriptionState.Stopped, cancellationToken);
            texts.Add($"{stopped.Failure?.Error}");
            // Going on at the same event stops it again; then it is left out.
            await host.ResumeAsync(twin.Id, name, cancellationToken);
            await host.WaitForStatusAsync(twin.Id, name, status => status.State == SubscriptionState.Stopped, cancellationToken);
            foreach (var stuck in projections.Where(one => one.EventTypes.SelectMany(handled => serializer.Types.StoredNamesOf(handled)).Contains(type)))
            {
                await host.WaitForStatusAsync(twin.Id, stuck.Name, status => status.State == SubscriptionState.Stopped, cancellationToken);
                await host.SkipAsync(twin.Id, stuck.Name, at.Position, twin.Secrets.Text("reason"), "leakage", cancellationToken);
            }

            foreach (var other in projections)
                texts.Add(ResultText.Of(await host.WaitForStatusAsync(twin.Id, other.Name, status => status.State == SubscriptionState.Live, cancellationToken)));
        }

        return texts;
    }
}
