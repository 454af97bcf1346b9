using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Simulations;

/// <summary>One simulated world: a database, processes that run the application over it, clients, and trouble.</summary>
internal sealed class SimulationCore
{
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 8, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan ServerIsBack = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan DiskIsFullFor = TimeSpan.FromSeconds(3);

    /// <summary>Far longer than any request or operation takes, whatever fails.</summary>
    private static readonly TimeSpan StuckAfter = TimeSpan.FromHours(1);

    /// <summary>Longer than any delay before a retry, and than work takes to move after its node has died.</summary>
    private static readonly TimeSpan SettledAfter = TimeSpan.FromSeconds(60);

    private readonly Action<TallystickBuilder> _application;
    private readonly bool _isEmbedded;
    private readonly DrawnSizes _sizes;
    private IReadOnlyList<SimulatedClient> _clients = [];
    private int _clientsRunning;
    private DateTimeOffset _workedAt;

    public SimulationCore(long seed, IReadOnlySet<Deviation>? allowed, Action<TallystickBuilder> application, SimulationOptions options)
    {
        (_application, Options) = (application, options);
        Choices = new Choices(seed, allowed);
        Rates = new FaultRates(Choices);
        _sizes = new DrawnSizes(Choices);
        Scheduler = new SimulationScheduler(Choices, Trace, Start) { ReorderProbability = Rates.Reorder, BeforeStep = Crashes };
        World = NewContext("world");
        Time = new SimulatedTime(Scheduler, World, TimeSpan.Zero);
        Server = new SimulatedServer(this);
        Nodes = [.. Enumerable.Range(1, 1 + Choices.Deviate("nodes", 0.5, options.NodesMax - 1)).Select(n => new SimulatedNode(this, "node-" + n))];
        _isEmbedded = Nodes.Count == 1;
        Tenants = [.. Enumerable.Range(0, options.Tenants).Select(n => TenantId.Parse("tenant-" + (char)('a' + n)))];
    }

    public SimulationOptions Options { get; }

    public Choices Choices { get; }

    public FaultRates Rates { get; private set; }

    public Trace Trace { get; } = new();

    public SimulationScheduler Scheduler { get; }

    public SimulatedServer Server { get; }

    /// <summary>The context of all that is no process: clients, trouble, the network.</summary>
    public SimulatedContext World { get; }

    public TimeProvider Time { get; }

    public IReadOnlyList<SimulatedNode> Nodes { get; }

    public IReadOnlyList<TenantId> Tenants { get; }

    /// <summary>The first thing that went wrong; null while nothing has.</summary>
    public string? Failure { get; private set; }

    /// <summary>Fails the run; only the first failure counts.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="error">What was thrown. Its stack isn't traced: what the compiler inlines differs from run to run, and a seed has one hash.</param>
    public void Fail(string message, Exception? error = null)
    {
        if (Failure is not null)
            return;
        Failure = error is null ? message : $"{message} {error}";
        Trace.Add("!!", error is null ? message : $"{message} {error.GetType().Name}: {error.Message}");
    }

    /// <summary>Whether the failure is that something is awaited that never comes; perhaps it comes from another thread.</summary>
    public bool IsStuck { get; private set; }

    /// <summary>Fails because nothing is left to happen and somebody still waits.</summary>
    public void FailStuck(string message)
    {
        IsStuck |= Failure is null;
        Fail(message + " Either a signal is lost, or somebody awaits what isn't the simulation's: a real timer, I/O, another thread.");
    }

    public SimulatedContext NewContext(string name) => new(Scheduler, name);

    public void Configure(TallystickBuilder tally, int deployment)
    {
        _application(tally);
        if (deployment < Options.Deployments.Length)
            Options.Deployments[deployment](tally);
        _sizes.Apply(tally);
    }

    /// <summary>Lets the clients do what they do, in trouble; then lets everything settle, in peace.</summary>
    public void Run(IReadOnlyList<SimulatedClient> clients, Func<SimulatedClient, Task> workload)
    {
        foreach (var commit in Options.Given)
            Server.Store(commit);
        foreach (var node in Nodes)
            node.Start();
        (_clients, _clientsRunning) = (clients, clients.Count);
        World.Post(_ => _ = BeginAsync(clients, workload), null);
        World.Post(_ => _ = TroubleAsync(), null);
        Drive(() => _clientsRunning == 0, "the clients to be done");
        Calm();
        Drive(HasSettled, "everything to settle");
        if (Failure is null && Nodes.FirstOrDefault(node => !node.IsUp) is { } down)
            FailStuck($"{down.Name} never came up, and nothing is left to happen.");
        if (Failure is null && Unfinished(TimeSpan.Zero) is { Length: > 0 } unfinished)
            FailStuck($"Nothing is left to happen, but something hasn't ended.{unfinished}");
    }

    /// <summary>A process that takes requests, or any if none does.</summary>
    public SimulatedNode PickNode() => Nodes[Choices.Next("node", Nodes.Count)];

    private void Drive(Func<bool> done, string what)
    {
        var checkedAt = Scheduler.Now;
        while (Failure is null && !done())
        {
            if (!Scheduler.Step())
            {
                if (what.StartsWith("the clients", StringComparison.Ordinal))
                    FailStuck($"Nothing is left to happen, but the clients aren't done.{Unfinished(TimeSpan.Zero)}");
                return;
            }

            if (Scheduler.Steps > Options.StepsMax)
                Fail($"After {Options.StepsMax} steps (SimulationOptions.StepsMax) the run still waits for {what}: something runs in circles.{Unfinished(TimeSpan.Zero)}");
            if (Scheduler.Now - checkedAt < StuckAfter)
                continue;
            checkedAt = Scheduler.Now;
            if (Unfinished(StuckAfter) is { Length: > 0 } stuck)
                FailStuck($"Something never ends.{stuck}");
        }
    }

    /// <summary>What began at least some time ago and goes on; empty if there is nothing.</summary>
    private string Unfinished(TimeSpan atLeast)
    {
        var all = Nodes.SelectMany(node => node.Serving.Select(request => ($"{node.Name} hasn't answered '{request.What}'", request.Since)))
            .Concat(_clients.Where(client => client.ActsSince is not null).Select(client => ($"{client.Name} is at its operation", client.ActsSince!.Value)));
        return string.Concat(all.Where(one => Scheduler.Now - one.Item2 >= atLeast).Take(3)
            .Select(one => string.Create(CultureInfo.InvariantCulture, $" {one.Item1}, begun {(Scheduler.Now - one.Item2).TotalSeconds:0.###} seconds ago.")));
    }

    /// <summary>
    /// Whether nothing but beats happens any more. Without beats there is no need to ask: then nothing is left to happen at all.
    /// </summary>
    private bool HasSettled()
    {
        if (Server.HasWorked || Nodes.Any(node => !node.IsUp || node.IsFrozen || node.IsCut || node.Serving.Count > 0))
            (Server.HasWorked, _workedAt) = (false, Scheduler.Now);
        return !_isEmbedded && Scheduler.Now - _workedAt > SettledAfter;
    }

    private async Task BeginAsync(IReadOnlyList<SimulatedClient> clients, Func<SimulatedClient, Task> workload)
    {
        foreach (var tenant in Tenants)
            await clients[0].CreateAsync(tenant);
        foreach (var client in clients)
            _ = LiveAsync(client, workload);
    }

    private async Task LiveAsync(SimulatedClient client, Func<SimulatedClient, Task> workload)
    {
        try
        {
            for (var i = 0; i < Options.Operations; i++)
            {
                if (!client.BeginOperation())
                    continue;
                client.ActsSince = Scheduler.Now;
                await workload(client);
                client.ActsSince = null;
                await Task.Delay(TimeSpan.FromMilliseconds(client.Randomness.Next(1, 400)), Time);
            }
        }
        catch (Exception error)
        {
            Fail($"The workload of {client.Name} failed:", error);
        }

        _clientsRunning--;
    }

    private async Task TroubleAsync()
    {
        while (_clientsRunning > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100 + Choices.Next("trouble/when", 900)), Time);
            if (_clientsRunning == 0)
                return;
            if (Choices.Chance("trouble/restart", Rates.Restart))
                PickNode().Restart();
            if (!Server.IsFull && Choices.Chance("trouble/disk-full", Rates.DiskFull))
                FillDisk();
            if (Choices.Chance("trouble/rebuild", Rates.Rebuild))
                Rebuild();
            if (!_isEmbedded && Choices.Chance("trouble/cut", Rates.Cut))
                PickNode().Cut(TimeSpan.FromMilliseconds(500 + Choices.Next("trouble/cut-for", 14_000)));
        }
    }

    /// <summary>A process may die or stand still before any of its steps. An embedded database dies with its process.</summary>
    private bool Crashes(SimulatedContext context)
    {
        if (Nodes.FirstOrDefault(node => node.Owns(context)) is { } node)
        {
            if (!_isEmbedded && Choices.Chance(node.FreezeKind, Rates.Freeze))
                node.Freeze(TimeSpan.FromMilliseconds(500 + Choices.Next("freeze-for", 14_000)));
            if (!Choices.Chance(node.CrashKind, Rates.Crash))
                return false;
            node.Kill();
            if (_isEmbedded)
                CrashServer();
        }
        else if (!_isEmbedded && Server.Owns(context) && Choices.Chance("crash/store", Rates.ServerCrash))
        {
            CrashServer();
        }

        return context.IsDead;
    }

    private void CrashServer()
    {
        if (!Server.IsUp)
            return;
        Server.Crash();
        Scheduler.At(Scheduler.Now + ServerIsBack, World, _ => Server.Recover(), null);
    }

    private void FillDisk()
    {
        Trace.Add("store", "the disk is full");
        Server.IsFull = true;
        Scheduler.At(Scheduler.Now + DiskIsFullFor, World, _ => Server.IsFull = false, null);
    }

    private void Rebuild()
    {
        var tenant = Tenants[Choices.Next("trouble/rebuild-of", Tenants.Count)];
        var which = Choices.Next("trouble/rebuild-what", 1000);
        // The node that runs it is the one that can do it.
        foreach (var node in Nodes)
            node.Run("rebuild", services => RebuildAsync(node, services.GetRequiredService<SubscriptionHost>(), tenant, which));
    }

    private async Task RebuildAsync(SimulatedNode node, SubscriptionHost host, TenantId tenant, int which)
    {
        var statuses = host.Status(tenant);
        if (statuses.IsEmpty || statuses[which % statuses.Length].State == SubscriptionState.Elsewhere)
            return;
        var name = statuses[which % statuses.Length].Name;
        try
        {
            await host.RebuildAsync(tenant, name, CancellationToken.None);
            Trace.Add(node.Name, $"{tenant} rebuilds {name}");
        }
        catch (Exception error) when (error is InvalidOperationException or TallystickException)
        {
            // A subscription, a projection that isn't ready for it, or the store failed: nothing was begun.
        }
    }

    /// <summary>
    /// When a process is given a lease, no other may still do what the lease is for, unless it stands still and can't know. And all that a
    /// projection or subscription commits depends on a lease, if there are several processes.
    /// </summary>
    public void DemandOneOwner(Commit commit)
    {
        if (!_isEmbedded && commit.Tenant != TenantId.Platform && commit.Fences.IsEmpty && !commit.Checkpoints.IsEmpty)
            Fail($"Tenant {commit.Tenant}: a commit saves checkpoints and depends on no lease: {CommitText.Of(commit)}.");
        foreach (var acquired in commit.Leases.OfType<LeaseChange.Acquire>())
        {
            foreach (var node in Nodes)
            {
                if (node.Running().FirstOrDefault(status => status.Lease!.Name == acquired.Name && status.Lease.Owner != acquired.Owner) is { } other)
                    Fail($"Two owners: '{acquired.Owner}' was given lease '{acquired.Name}', under which {node.Name} still runs '{other.Name}' of {other.Tenant}.");
            }
        }
    }

    private void Calm()
    {
        Rates = FaultRates.None;
        Scheduler.ReorderProbability = 0;
        Server.IsFull = false;
        Trace.Add("world", "no more trouble");
    }
}
