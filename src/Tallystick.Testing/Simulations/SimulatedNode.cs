using Microsoft.Extensions.DependencyInjection;
using Tallystick.Events;
using Tallystick.Subscriptions;

namespace Tallystick.Testing.Simulations;

/// <summary>One process that runs the application. Killing it drops everything that it was about to do; it is then started anew.</summary>
internal sealed class SimulatedNode(SimulationCore core, string name)
{
    private static readonly TimeSpan StartAgain = TimeSpan.FromMilliseconds(500);

    private SimulatedContext _context = core.NewContext(name);
    private readonly List<(string What, DateTimeOffset Since)> _serving = [];
    private ServiceProvider? _services;
    private Phase _phase = Phase.Down;
    private int _starts;
    private DateTimeOffset _cutUntil;

    private enum Phase
    {
        Down,
        Starting,
        Up,
        Stopping,
    }

    public string Name { get; } = name;

    /// <summary>The kind of decision by which it is killed.</summary>
    public string CrashKind { get; } = "crash/" + name;

    /// <summary>The kind of decision by which it is made to stand still.</summary>
    public string FreezeKind { get; } = "freeze/" + name;

    /// <summary>Whether it takes requests.</summary>
    public bool IsUp => _phase == Phase.Up;

    /// <summary>Whether it stands still.</summary>
    public bool IsFrozen => _context.IsFrozen;

    /// <summary>Which of the application's deployments it runs, from 0.</summary>
    public int Deployment { get; private set; }

    /// <summary>The requests that it has taken and not dealt with.</summary>
    public IReadOnlyList<(string What, DateTimeOffset Since)> Serving => _serving;

    /// <summary>The application's services.</summary>
    public IServiceProvider Services => _services ?? throw new InvalidOperationException($"{Name} doesn't run.");

    public bool Owns(SimulatedContext context) => ReferenceEquals(context, _context);

    public void Start()
    {
        (_context, _phase) = (core.NewContext(Name), Phase.Starting);
        _starts++;
        Deployment = core.Options.Deployments.Length < 2 ? 0 : core.Choices.Next("deployment", core.Options.Deployments.Length);
        _context.Post(_ => _ = StartAsync(), null);
    }

    /// <summary>Ends it as <c>kill -9</c> does, and starts it again after a while.</summary>
    public void Kill()
    {
        if (_phase == Phase.Down)
            return;
        core.Trace.Add(Name, "is killed");
        Fall();
    }

    /// <summary>Whether it has no connection to the store.</summary>
    public bool IsCut => core.Scheduler.Now < _cutUntil;

    /// <summary>Takes its connection to the store away for a while.</summary>
    public void Cut(TimeSpan time)
    {
        if (IsCut)
            return;
        core.Trace.Add(Name, $"has no connection to the store for {time.TotalSeconds:0.###} s");
        _cutUntil = core.Scheduler.Now + time;
    }

    /// <summary>Lets it stand still for a while, as SIGSTOP and SIGCONT do: it doesn't notice, and then goes on with what it was about to do.</summary>
    public void Freeze(TimeSpan time)
    {
        if (!IsUp || IsFrozen)
            return;
        core.Trace.Add(Name, $"stands still for {time.TotalSeconds:0.###} s");
        _context.Freeze();
        core.Scheduler.At(core.Scheduler.Now + time, core.World, static context => ((SimulatedContext)context!).Thaw(), _context);
    }

    /// <summary>The projections and subscriptions that it runs by what it knows, each with its lease; none if it stands still, and so does nothing.</summary>
    public IEnumerable<SubscriptionStatus> Running() =>
        _services is null || IsFrozen || _context.ThawedAt == core.Scheduler.Now || _phase == Phase.Starting ? [] : core.Tenants
            .SelectMany(tenant => _services.GetRequiredService<SubscriptionHost>().Status(tenant)).Where(status => status.Lease is not null);

    /// <summary>Stops it in good order, and starts it again.</summary>
    public void Restart()
    {
        if (IsUp)
            _context.Post(_ => _ = RestartAsync(), null);
    }

    /// <summary>Runs something in the process, as when a request arrives; if the process isn't there, nothing happens, and nobody is told.</summary>
    /// <param name="what">The request, for people.</param>
    /// <param name="work">What it does.</param>
    public void Run(string what, Func<IServiceProvider, Task> work)
    {
        if (IsUp)
            _context.Post(_ => _ = GuardAsync(what, work), null);
    }

    private async Task StartAsync()
    {
        try
        {
            var services = MakeServices();
            _services = services;
            await services.GetRequiredService<TallystickRuntime>().StartAsync(CancellationToken.None);
            _phase = Phase.Up;
            core.Trace.Add(Name, core.Options.Deployments.Length < 2 ? "runs" : $"runs deployment {Deployment}");
        }
        catch (TallystickException error) when (error.IsTransient)
        {
            core.Trace.Add(Name, $"couldn't start: {error.Message}");
            Fall();
        }
        catch (Exception error)
        {
            core.Fail($"{Name} can't start:", error);
        }
    }

    private ServiceProvider MakeServices()
    {
        var skew = TimeSpan.FromSeconds(core.Choices.Deviate("clock-skew", core.Rates.ClockSkew, 240) - 120);
        var time = new SimulatedTime(core.Scheduler, _context, core.Rates.ClockSkew > 0 ? skew : TimeSpan.Zero);
        var store = new SimulatedStore(core, core.Server, this, time);
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(time);
        services.AddSingleton<Entropy>(core.Choices.Entropy("entropy/" + Name));
        services.AddTallystick(tally =>
        {
            core.Configure(tally, Deployment);
            tally.UseStore(_ => store).ConfigureNodes(options => options with { NodeId = $"{Name}.{_starts}" });
        });
        return services.BuildServiceProvider();
    }

    private async Task RestartAsync()
    {
        core.Trace.Add(Name, "stops");
        _phase = Phase.Stopping;
        try
        {
            await Services.GetRequiredService<TallystickRuntime>().StopAsync(CancellationToken.None);
            core.Trace.Add(Name, "has stopped");
        }
        catch (TimeoutException error)
        {
            core.FailStuck($"{Name} can't be stopped: {error.Message}");
        }
        catch (Exception error)
        {
            core.Fail($"{Name} can't be stopped:", error);
        }

        Fall();
    }

    private void Fall()
    {
        _context.Kill();
        _serving.Clear();
        (_services, _phase) = (null, Phase.Down);
        core.Scheduler.At(core.Scheduler.Now + StartAgain, core.World, static node => ((SimulatedNode)node!).Start(), this);
    }

    private async Task GuardAsync(string what, Func<IServiceProvider, Task> work)
    {
        var request = (what, core.Scheduler.Now);
        _serving.Add(request);
        try
        {
            await work(Services);
        }
        catch (Exception error)
        {
            core.Fail($"A request failed in a way that the simulation doesn't know ({what}):", error);
        }

        _serving.Remove(request);
    }
}
