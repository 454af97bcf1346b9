using System.Buffers.Binary;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Events;

namespace Tallystick.Testing.Simulations;

/// <summary>One process that runs the application. Killing it drops everything that it was about to do; it is then started anew.</summary>
internal sealed class SimulatedNode(SimulationCore core, string name)
{
    private static readonly TimeSpan StartAgain = TimeSpan.FromMilliseconds(500);

    private SimulatedContext _context = core.NewContext(name);
    private ServiceProvider? _services;
    private bool _stopping;

    public string Name { get; } = name;

    /// <summary>Whether it takes requests.</summary>
    public bool IsUp => _services is not null && !_stopping;

    /// <summary>Which of the application's deployments it runs, from 0.</summary>
    public int Deployment { get; private set; }

    /// <summary>The application's services.</summary>
    public IServiceProvider Services => _services ?? throw new InvalidOperationException($"{Name} doesn't run.");

    public void Start()
    {
        _context = core.NewContext(Name);
        Deployment = core.Options.Deployments == 1 ? 0 : core.Choices.Next("deployment", core.Options.Deployments);
        _context.Post(_ => _ = StartAsync(), null);
    }

    /// <summary>Ends it as <c>kill -9</c> does, and starts it again after a while.</summary>
    public void Kill()
    {
        core.Trace.Add(Name, "is killed");
        _context.Kill();
        _services = null;
        StartLater();
    }

    /// <summary>Stops it in good order, and starts it again.</summary>
    public void Restart()
    {
        if (IsUp)
            _context.Post(_ => _ = RestartAsync(), null);
    }

    /// <summary>Runs something in the process, as when a request arrives; if the process isn't there, nothing happens, and nobody is told.</summary>
    public void Run(Func<IServiceProvider, Task> work)
    {
        if (IsUp)
            _context.Post(_ => _ = GuardAsync(work), null);
    }

    private async Task StartAsync()
    {
        try
        {
            var services = MakeServices();
            _services = services;
            await services.GetRequiredService<TallystickRuntime>().StartAsync(CancellationToken.None);
            core.Trace.Add(Name, core.Options.Deployments == 1 ? "runs" : $"runs deployment {Deployment}");
        }
        catch (TallystickException error) when (error.IsTransient)
        {
            core.Trace.Add(Name, $"couldn't start: {error.Message}");
            _context.Kill();
            _services = null;
            StartLater();
        }
        catch (Exception error)
        {
            core.Fail($"{Name} can't start: {error}");
        }
    }

    private ServiceProvider MakeServices()
    {
        var skew = TimeSpan.FromSeconds(core.Choices.Deviate("clock-skew", core.Rates.ClockSkew, 240) - 120);
        var time = new SimulatedTime(core.Scheduler, _context, core.Rates.ClockSkew > 0 ? skew : TimeSpan.Zero);
        var store = new SimulatedStore(core, core.Server, Name, time);
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(time);
        services.AddSingleton<Entropy>(new SeededEntropy(core.Choices.Seed("entropy/" + Name)));
        services.AddTallystick(tally =>
        {
            core.Application(tally, Deployment);
            tally.UseStore(_ => store);
        });
        return services.BuildServiceProvider();
    }

    private async Task RestartAsync()
    {
        core.Trace.Add(Name, "stops");
        _stopping = true;
        var services = _services!;
        try
        {
            await services.GetRequiredService<TallystickRuntime>().StopAsync(CancellationToken.None);
            core.Trace.Add(Name, "has stopped");
        }
        catch (Exception error)
        {
            core.Fail($"{Name} can't be stopped: {error}");
        }

        _context.Kill();
        _services = null;
        _stopping = false;
        StartLater();
    }

    private void StartLater() =>
        core.Scheduler.At(core.Scheduler.Now + StartAgain, core.World, static node => ((SimulatedNode)node!).Start(), this);

    private async Task GuardAsync(Func<IServiceProvider, Task> work)
    {
        try
        {
            await work(Services);
        }
        catch (Exception error)
        {
            core.Fail($"A request failed in a way that the simulation doesn't know: {error}");
        }
    }

    private sealed class SeededEntropy(ulong seed) : Entropy
    {
        private ulong _state = seed;

        public override void Fill(Span<byte> buffer)
        {
            Span<byte> word = stackalloc byte[8];
            for (var i = 0; i < buffer.Length; i += 8)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(word, Choices.Mix(_state = unchecked(_state + 0x9E3779B97F4A7C15)));
                word[..Math.Min(8, buffer.Length - i)].CopyTo(buffer[i..]);
            }
        }
    }
}
