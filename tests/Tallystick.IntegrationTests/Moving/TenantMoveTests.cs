using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy.Moving;
using Tallystick.Testing.Conformance;
using Tallystick.Testing.Randomness;

namespace Tallystick.IntegrationTests.Moving;

/// <summary>Moving a tenant that is in use, undisturbed and killed at every step.</summary>
public sealed class TenantMoveTests
{
    private static readonly long Seed = Environment.GetEnvironmentVariable("TALLYSTICK_SEED") is { Length: > 0 } seed
        ? long.Parse(seed, System.Globalization.CultureInfo.InvariantCulture) : SeededEntropy.NewSeed();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(StoreKind.Memory, StoreKind.Memory)]
    [InlineData(StoreKind.Memory, StoreKind.Sqlite)]
    [InlineData(StoreKind.Sqlite, StoreKind.Memory)]
    [InlineData(StoreKind.Sqlite, StoreKind.Sqlite)]
    public async Task A_tenant_moves_with_all_that_is_written_meanwhile_and_back_again(StoreKind source, StoreKind target)
    {
        Say();
        await using var world = NewWorld(source, target);
        await world.FillAsync(120);
        world.CommitsPerCall = 2;

        var steps = new List<TenantMoveProgress>();
        var there = await world.Mover(0, progress: new Listener(steps)).RunAsync(world.SwitchToTarget, Stop);
        await world.DemandAsync(world.Target, "after the move");
        Assert.Equal(TenantMove.MovedFence, (await world.Source.ReadTenantAsync(MovingWorld.Acme, Stop)).Fence);
        Assert.Equal(there.Position, (await world.Source.ReadHeadAsync(MovingWorld.Acme, Stop)).Position);
        Assert.Equal(there.Root, (await world.Source.ReadHeadAsync(MovingWorld.Acme, Stop)).Tree.Root());
        Assert.Equal(Enum.GetValues<TenantMoveStep>(), steps.Select(progress => progress.Step).Distinct());
        Assert.All(steps, progress => Assert.True(progress.Events <= progress.OfEvents));

        var back = await world.Mover(0).UndoAsync(world.SwitchToSource, Stop);
        await world.DemandAsync(world.Source, "after the undoing");
        await world.DemandGoneAsync(world.Target);
        Assert.True(there.Events > 50, $"{there}");
        Assert.True(back.Events < there.Events, "what the source had kept was copied again");

        var again = world.Mover(0);
        await again.RunAsync(world.SwitchToTarget, Stop);
        await again.ConfirmAsync(Stop);
        await again.ConfirmAsync(Stop);
        await world.DemandAsync(world.Target, "after the second move");
        await world.DemandGoneAsync(world.Source);
        Assert.True(world.Waited > 0, "no writer met a fence");
    }

    public static TheoryData<StoreKind, StoreKind, int> Kills => new()
    {
        { StoreKind.Memory, StoreKind.Memory, 0 },
        { StoreKind.Memory, StoreKind.Memory, 1 },
        { StoreKind.Memory, StoreKind.Memory, 3 },
    };

    [Theory]
    [MemberData(nameof(Kills))]
    [Trait("Speed", "Slow")]
    public Task A_move_killed_at_any_step_and_abandoned_leaves_the_tenant_where_it_is(StoreKind source, StoreKind target, int load) =>
        KillAtEveryStepAsync(source, target, load, step: 1, async (world, why) =>
        {
            var done = await world.Source.ReadTenantAsync(MovingWorld.Acme, Stop) is { Fence: TenantMove.MovedFence };
            var mover = world.Mover(0);
            try
            {
                await mover.AbandonAsync(world.SwitchToSource, Stop);
                await mover.AbandonAsync(world.SwitchToSource, Stop);
            }
            catch (InvalidOperationException)
            {
                // The target had taken over: then it stays there, and the same mover ends what it began.
                await mover.RunAsync(world.SwitchToTarget, Stop);
                await world.DemandAsync(world.Target, why);
                return;
            }

            Assert.False(done, why);
            await world.DemandAsync(world.Source, why);
            await world.DemandGoneAsync(world.Target);
        });

    [Theory]
    [MemberData(nameof(Kills))]
    [Trait("Speed", "Slow")]
    public Task A_move_killed_at_any_step_and_run_again_is_done(StoreKind source, StoreKind target, int load) =>
        KillAtEveryStepAsync(source, target, load, step: 1, ResumeAsync);

    [Theory]
    [InlineData(StoreKind.Sqlite, StoreKind.Memory)]
    [InlineData(StoreKind.Memory, StoreKind.Sqlite)]
    [Trait("Speed", "Slow")]
    public Task A_move_between_kinds_of_stores_killed_at_some_steps_and_run_again_is_done(StoreKind source, StoreKind target) =>
        KillAtEveryStepAsync(source, target, 1, step: 7, ResumeAsync);

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_move_killed_again_and_again_is_done_in_the_end()
    {
        Say();
        await using var world = NewWorld(StoreKind.Memory, StoreKind.Memory);
        await world.FillAsync(60);
        world.CommitsPerCall = 1;
        var killAt = 1;
        for (; ; killAt += 5)
        {
            try
            {
                await world.Mover(killAt).RunAsync(world.SwitchToTarget, Stop);
                break;
            }
            catch (KilledException)
            {
                await world.WriteAsync(3);
            }
        }

        Assert.True(killAt > 50, $"{killAt}");
        await world.DemandAsync(world.Target, $"seed {Seed}");
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Confirming_undoing_and_abandoning_killed_at_any_step_are_done_when_they_are_repeated()
    {
        Say();
        for (var killAt = 1; ; killAt++)
        {
            var kills = 0;
            await using var world = NewWorld(StoreKind.Memory, StoreKind.Memory);
            await world.FillAsync(30);
            kills += await KilledAsync(world, world.Mover(13), mover => mover.RunAsync(world.SwitchToTarget, Stop).AsTask()) ? 0 : 1;
            kills += await KilledAsync(world, world.Mover(killAt), mover => mover.AbandonAsync(world.SwitchToSource, Stop).AsTask()) ? 1 : 0;
            await world.Mover(0).AbandonAsync(world.SwitchToSource, Stop);
            await world.DemandAsync(world.Source, $"abandoned, killed at {killAt}, seed {Seed}");
            await world.Mover(0).RunAsync(world.SwitchToTarget, Stop);
            await world.WriteAsync(10);
            kills += await KilledAsync(world, world.Mover(killAt), mover => mover.UndoAsync(world.SwitchToSource, Stop).AsTask()) ? 1 : 0;
            await world.Mover(0).UndoAsync(world.SwitchToSource, Stop);
            await world.DemandAsync(world.Source, $"undone, killed at {killAt}, seed {Seed}");
            await world.DemandGoneAsync(world.Target);
            await world.Mover(0).RunAsync(world.SwitchToTarget, Stop);
            kills += await KilledAsync(world, world.Mover(killAt), mover => mover.ConfirmAsync(Stop).AsTask()) ? 1 : 0;
            await world.Mover(0).ConfirmAsync(Stop);
            await world.DemandAsync(world.Target, $"confirmed, killed at {killAt}, seed {Seed}");
            await world.DemandGoneAsync(world.Source);
            if (kills == 0)
            {
                Assert.True(killAt > 60, $"{killAt}");
                return;
            }
        }
    }

    [Fact]
    public async Task A_tenant_is_not_moved_onto_another_nor_from_behind_a_fence_of_somebody_else()
    {
        await using var world = NewWorld(StoreKind.Memory, StoreKind.Memory);
        await world.FillAsync(10);
        await TenantCalls.FillAsync(world.Target, MovingWorld.Acme, 1, Stop);
        var before = await TenantDump.EverythingAsync(world.Target, MovingWorld.Acme, Stop);

        var taken = await Assert.ThrowsAsync<InvalidOperationException>(() => world.Mover(0).RunAsync(world.SwitchToTarget, Stop).AsTask());
        await world.Mover(0).AbandonAsync(world.SwitchToSource, Stop);
        await Assert.ThrowsAsync<InvalidOperationException>(() => world.Mover(0).ConfirmAsync(Stop).AsTask());
        await Assert.ThrowsAsync<InvalidOperationException>(() => world.Mover(0).UndoAsync(world.SwitchToSource, Stop).AsTask());

        Assert.Contains("has a tenant 'acme' already", taken.Message, StringComparison.Ordinal);
        Assert.Equal(before, await TenantDump.EverythingAsync(world.Target, MovingWorld.Acme, Stop));
        await TenantErasure.RunAsync(world.Target, MovingWorld.Acme, null, Stop);
        (await world.Source.CommitAsync(Commit.For(MovingWorld.Acme).Fence("suspended"), Stop)).Demand();
        var fenced = await Assert.ThrowsAsync<InvalidOperationException>(() => world.Mover(0).RunAsync(world.SwitchToTarget, Stop).AsTask());
        Assert.Contains("fenced (suspended)", fenced.Message, StringComparison.Ordinal);
        (await world.Source.CommitAsync(Commit.For(MovingWorld.Acme).Unfence(), Stop)).Demand();
        await world.DemandAsync(world.Source, "never moved");
    }

    [Fact]
    public async Task Of_two_movers_the_later_takes_over_and_the_earlier_fails_without_harm()
    {
        await using var world = NewWorld(StoreKind.Memory, StoreKind.Memory);
        await world.FillAsync(40);
        var later = new TenantMove(world.Source, world.Target, MovingWorld.Acme);
        TenantMoveResult? result = null;
        var earlier = new TenantMove(world.Source, world.Target, MovingWorld.Acme, progress: new Then(TenantMoveStep.Copying, async () =>
        {
            result ??= await later.RunAsync(world.SwitchToTarget, Stop);
        }));

        await Assert.ThrowsAnyAsync<TallystickException>(() => earlier.RunAsync(world.SwitchToTarget, Stop).AsTask());

        Assert.NotNull(result);
        await world.DemandAsync(world.Target, "after both");
    }

    [Theory]
    [InlineData("document")]
    [InlineData("checkpoint")]
    [InlineData("key")]
    [InlineData("collection")]
    public async Task A_copy_that_differs_is_found_before_the_placement_is_switched_and_writers_go_on(string spoilt)
    {
        await using var world = NewWorld(StoreKind.Memory, StoreKind.Memory);
        await world.FillAsync(40);
        var switched = false;
        var mover = new TenantMove(world.Source, world.Target, MovingWorld.Acme, progress: new Then(TenantMoveStep.Verifying, async () =>
        {
            var commit = Commit.For(MovingWorld.Acme).Behind((await world.Target.ReadTenantAsync(MovingWorld.Acme, Stop)).Fence!);
            var key = new IdempotencyKey("once", "print");
            (await world.Target.CommitAsync(
                spoilt switch
                {
                    "document" => commit.Change(new DocumentChange.Put(new CollectionId("orders", 1), TestEvents.Document("1", "spoilt"))),
                    "checkpoint" => commit.Save("orders", LogPosition.Of(99)),
                    "key" => commit.Remember(new RememberedCommit(key, new CommitResult.Committed(LogPosition.Of(1), LogPosition.Of(9), [], IsReplay: true))),
                    _ => commit.Change(new DocumentChange.Activate(new CollectionId("new", 7))),
                },
                Stop)).Demand();
        }));

        var error = await Assert.ThrowsAsync<TallystickException>(() => mover.RunAsync(_ => { switched = true; return ValueTask.CompletedTask; }, Stop).AsTask());

        Assert.Contains("differs from the source", error.Message, StringComparison.Ordinal);
        Assert.False(switched);
        Assert.False((await world.Source.ReadTenantAsync(MovingWorld.Acme, Stop)).IsFenced);
        await mover.AbandonAsync(world.SwitchToSource, Stop);
        await world.DemandAsync(world.Source, "abandoned");
        await world.DemandGoneAsync(world.Target);
    }

    [Fact]
    public async Task A_fence_that_stands_too_long_is_lifted_and_the_move_can_be_run_again()
    {
        await using var world = NewWorld(StoreKind.Memory, StoreKind.Memory);
        await world.FillAsync(20);
        var time = new Tallystick.Testing.Time.ManualTime();
        var late = new TenantMove(
            world.Source, world.Target, MovingWorld.Acme, new TenantMoveOptions { Time = time, FenceTimeout = TimeSpan.FromSeconds(3) },
            new Then(TenantMoveStep.Fenced, () =>
            {
                time.Advance(TimeSpan.FromSeconds(3));
                return Task.CompletedTask;
            }));

        var error = await Assert.ThrowsAsync<TallystickException>(() => late.RunAsync(world.SwitchToTarget, Stop).AsTask());

        Assert.True(error.IsTransient);
        Assert.Contains("FenceTimeout", error.Message, StringComparison.Ordinal);
        Assert.False((await world.Source.ReadTenantAsync(MovingWorld.Acme, Stop)).IsFenced);
        await world.WriteAsync(5);
        await world.Mover(0).RunAsync(world.SwitchToTarget, Stop);
        await world.DemandAsync(world.Target, "second try");
    }

    private static void Say() => TestContext.Current.TestOutputHelper?.WriteLine($"seed {Seed} (TALLYSTICK_SEED)");

    private static MovingWorld NewWorld(StoreKind source, StoreKind target)
    {
        return new MovingWorld(source, target, Seed);
    }

    private static async Task ResumeAsync(MovingWorld world, string why)
    {
        await world.WriteAsync(3);
        var mover = world.Mover(0);
        await mover.RunAsync(world.SwitchToTarget, Stop);
        await mover.RunAsync(world.SwitchToTarget, Stop);
        await world.DemandAsync(world.Target, why);
        await mover.ConfirmAsync(Stop);
        await world.DemandGoneAsync(world.Source);
        await world.DemandAsync(world.Target, why);
    }

    private static async Task KillAtEveryStepAsync(StoreKind source, StoreKind target, int load, int step, Func<MovingWorld, string, Task> then)
    {
        Say();
        for (var killAt = 1; ; killAt += step)
        {
            await using var world = NewWorld(source, target);
            await world.FillAsync(60);
            world.CommitsPerCall = load;
            if (!await KilledAsync(world, world.Mover(killAt), mover => mover.RunAsync(world.SwitchToTarget, Stop).AsTask()))
            {
                Assert.True(killAt > 100, $"only {killAt} steps");
                return;
            }

            world.CommitsPerCall = 0;
            await then(world, $"killed at step {killAt} with load {load}, seed {Seed}");
        }
    }

    /// <summary>Runs something; whether it was killed.</summary>
    private static async Task<bool> KilledAsync(MovingWorld world, TenantMove mover, Func<TenantMove, Task> run)
    {
        try
        {
            await run(mover);
        }
        catch (KilledException)
        {
            return true;
        }

        Assert.False(world.IsKilled);
        return false;
    }

    private sealed class Listener(List<TenantMoveProgress> into) : IProgress<TenantMoveProgress>
    {
        public void Report(TenantMoveProgress value) => into.Add(value);
    }

    /// <summary>Does something once, when a step is reached. The stores are in memory, so that it is done when it returns.</summary>
    private sealed class Then(TenantMoveStep step, Func<Task> act) : IProgress<TenantMoveProgress>
    {
        private bool _done;

        public void Report(TenantMoveProgress value)
        {
            if (_done || value.Step != step)
                return;
            _done = true;
            var task = act();
            Assert.True(task.IsCompleted, "it isn't done");
            task.GetAwaiter().GetResult();
        }
    }
}
