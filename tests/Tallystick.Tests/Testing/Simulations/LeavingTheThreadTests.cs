using Microsoft.Extensions.DependencyInjection;
using Tallystick.Testing;
using Tallystick.Testing.Simulations;

namespace Tallystick.Tests.Testing.Simulations;

/// <summary>An application that leaves the simulation's only thread, or never gives it back, is told so: no run hangs, and none passes by luck.</summary>
public sealed class LeavingTheThreadTests
{
    private const string Left = "Work left the simulation's thread";

    private static readonly Dictionary<string, Func<CancellationToken, Task>> Ways = new()
    {
        ["a task of the pool"] = token => Task.Run(() => 1, token),
        ["a task of the pool that nobody awaits"] = token =>
        {
            var began = new TaskCompletionSource();
            _ = Task.Run(began.SetResult, token);
            began.Task.Wait(token);
            return Task.CompletedTask;
        },
        ["a continuation without context"] = async token =>
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            token.ThrowIfCancellationRequested();
        },
        ["a real delay"] = token => Task.Delay(TimeSpan.FromMilliseconds(1), token),
        ["a semaphore with a real timeout"] = async token =>
        {
            using var semaphore = new SemaphoreSlim(0);
            await semaphore.WaitAsync(TimeSpan.FromMilliseconds(1), token);
        },
        ["a file"] = token => File.ReadAllBytesAsync(typeof(LeavingTheThreadTests).Assembly.Location, token),
    };

    public static TheoryData<string> Names => [.. Ways.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_handler_that_leaves_is_named_as_such(string way) =>
        Assert.Contains(Left, FailureOf(tally => tally.AddSubscription<Effects>(), Ways[way]), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_step_that_leaves_is_named_as_such(string way) =>
        Assert.Contains(Left, FailureOf(tally => tally.AddStep<EffectStep>("effect"), Ways[way]), StringComparison.Ordinal);

    [Fact]
    public void A_workload_that_leaves_is_named_as_such() => Assert.Contains(
        Left, FailureOf(_ => { }, null, new SimulationOptions { Workload = async _ => await Task.Run(() => 1) }), StringComparison.Ordinal);

    [Fact]
    public void The_method_to_which_it_came_back_is_named() => Assert.Contains(
        "It came back to Tallystick.Tests.Testing.Simulations.EffectStep.InvokeAsync.",
        FailureOf(tally => tally.AddStep<EffectStep>("effect"), token => Task.Delay(TimeSpan.FromMilliseconds(1), token)), StringComparison.Ordinal);

    [Fact]
    public void A_handler_that_waits_forever_is_named() =>
        Assert.Contains("'effects' on node-1", FailureOf(tally => tally.AddSubscription<Effects>(), _ => new TaskCompletionSource().Task, Calm), StringComparison.Ordinal);

    /// <summary>Its clients would only give up, and nothing would ever have been tried.</summary>
    [Fact]
    public void A_request_that_is_never_answered_is_named() => Assert.Contains(
        "hasn't answered 'tenant-a till-1 new PayIn(1)'",
        FailureOf(tally => tally.AddStep<EffectStep>("effect"), _ => new TaskCompletionSource().Task, PaysIn), StringComparison.Ordinal);

    [Fact]
    public void A_handler_that_blocks_is_left_behind()
    {
        using var never = new ManualResetEventSlim();
        var failure = FailureOf(tally => tally.AddSubscription<Effects>(), _ => { never.Wait(CancellationToken.None); return Task.CompletedTask; }, Impatient);
        Assert.Contains("blocks the only thread that there is", failure, StringComparison.Ordinal);
        never.Set();
    }

    [Fact]
    public void A_handler_that_runs_in_circles_is_left_behind()
    {
        var ends = false;
        var failure = FailureOf(tally => tally.AddSubscription<Effects>(), _ => { while (!Volatile.Read(ref ends)) { } return Task.CompletedTask; }, Impatient);
        Assert.Contains("runs in circles", failure, StringComparison.Ordinal);
        Volatile.Write(ref ends, true);
    }

    /// <summary>The other side: what stays here is let through.</summary>
    [Fact]
    public void A_semaphore_that_is_awaited_and_a_yield_are_no_offence()
    {
        async Task RunAsync(CancellationToken token)
        {
            using var semaphore = new SemaphoreSlim(0);
            var waits = semaphore.WaitAsync(CancellationToken.None);
            await Task.Yield();
            semaphore.Release();
            await waits;
        }

        Assert.Null(FailureOf(tally => tally.AddSubscription<Effects>().AddStep<EffectStep>("effect"), RunAsync));
    }

    private static SimulationOptions Calm { get; } = new() { NodesMax = 1 };

    private static SimulationOptions Impatient { get; } = new() { StuckAfter = TimeSpan.FromSeconds(1) };

    private static SimulationOptions PaysIn { get; } = new()
    {
        Operations = 2,
        Workload = client => client.ExecuteAsync(client.Tenants[0], new Tallystick.Events.StreamId("till", "1"), new PayIn(1)),
    };

    private static string? FailureOf(Action<TallystickBuilder> parts, Func<CancellationToken, Task>? effect, SimulationOptions? options = null) => Simulation.Try(
        1,
        tally =>
        {
            tally.AddDecider<TillDecider>().AddProjection<Tills>().Services.AddSingleton(new Effect(effect ?? (_ => Task.CompletedTask)));
            parts(tally);
        },
        null, options).Failure;
}
