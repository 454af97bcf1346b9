using Tallystick.Functional;
using static Tallystick.Tests.Functional.AsyncFunctions;

namespace Tallystick.Tests.Functional;

/// <summary>
/// That these compile is half of the test: an async lambda, a lambda that returns a task, and a method group must each pick one
/// overload for each receiver, without casts (CSharpFunctionalExtensions#439).
/// </summary>
public sealed class MaybeAsyncTests
{
    private static readonly Maybe<int> Four = Maybe.Some(4);
    private static readonly Maybe<int> Five = Maybe.Some(5);
    private static readonly Maybe<int> None = Maybe.None<int>();

    [Fact]
    public async Task A_Maybe_takes_an_async_lambda()
    {
        await TaskGives(Five, Four.MapAsync(async x => await NextTask(x)));
        await TaskGives(None, None.MapAsync(async x => await NextTask(x)));
        await TaskGives(Five, Four.BindAsync(async x => Maybe.Some(await NextTask(x))));
        await TaskGives(None, None.BindAsync(async x => Maybe.Some(await NextTask(x))));
        await TaskGives(5, Four.MatchAsync(async x => await NextTask(x), async () => await ZeroTask()));
        await TaskGives(0, None.MatchAsync(async x => await NextTask(x), async () => await ZeroTask()));
        await TaskGives(Four, Four.FilterAsync(async x => await IsBigTask(x)));
        await TaskGives(None, None.FilterAsync(async x => await IsBigTask(x)));
        await TaskGives(None, Maybe.Some(3).FilterAsync(async x => await IsBigTask(x)));
    }

    [Fact]
    public async Task A_Maybe_takes_a_lambda_returning_a_task()
    {
        await TaskGives(Five, Four.MapAsync(x => NextTask(x)));
        await TaskGives(None, None.MapAsync(x => NextTask(x)));
        await TaskGives(Five, Four.BindAsync(x => FindTask(x)));
        await TaskGives(None, None.BindAsync(x => FindTask(x)));
        await TaskGives(5, Four.MatchAsync(x => NextTask(x), () => ZeroTask()));
        await TaskGives(0, None.MatchAsync(x => NextTask(x), () => ZeroTask()));
        await TaskGives(Four, Four.FilterAsync(x => IsBigTask(x)));
        await TaskGives(None, None.FilterAsync(x => IsBigTask(x)));
        await TaskGives(None, Maybe.Some(3).FilterAsync(x => IsBigTask(x)));
    }

    [Fact]
    public async Task A_Maybe_takes_a_lambda_returning_a_value_task()
    {
        await ValueTaskGives(Five, Four.MapAsync(x => NextValueTask(x)));
        await ValueTaskGives(None, None.MapAsync(x => NextValueTask(x)));
        await ValueTaskGives(Five, Four.BindAsync(x => FindValueTask(x)));
        await ValueTaskGives(None, None.BindAsync(x => FindValueTask(x)));
        await ValueTaskGives(5, Four.MatchAsync(x => NextValueTask(x), () => ZeroValueTask()));
        await ValueTaskGives(0, None.MatchAsync(x => NextValueTask(x), () => ZeroValueTask()));
        await ValueTaskGives(Four, Four.FilterAsync(x => IsBigValueTask(x)));
        await ValueTaskGives(None, None.FilterAsync(x => IsBigValueTask(x)));
        await ValueTaskGives(None, Maybe.Some(3).FilterAsync(x => IsBigValueTask(x)));
    }

    [Fact]
    public async Task A_Maybe_takes_a_method_group_returning_a_task()
    {
        await TaskGives(Five, Four.MapAsync(NextTask));
        await TaskGives(None, None.MapAsync(NextTask));
        await TaskGives(Five, Four.BindAsync(FindTask));
        await TaskGives(None, None.BindAsync(FindTask));
        await TaskGives(5, Four.MatchAsync(NextTask, ZeroTask));
        await TaskGives(0, None.MatchAsync(NextTask, ZeroTask));
        await TaskGives(Four, Four.FilterAsync(IsBigTask));
        await TaskGives(None, None.FilterAsync(IsBigTask));
        await TaskGives(None, Maybe.Some(3).FilterAsync(IsBigTask));
    }

    [Fact]
    public async Task A_Maybe_takes_a_method_group_returning_a_value_task()
    {
        await ValueTaskGives(Five, Four.MapAsync(NextValueTask));
        await ValueTaskGives(None, None.MapAsync(NextValueTask));
        await ValueTaskGives(Five, Four.BindAsync(FindValueTask));
        await ValueTaskGives(None, None.BindAsync(FindValueTask));
        await ValueTaskGives(5, Four.MatchAsync(NextValueTask, ZeroValueTask));
        await ValueTaskGives(0, None.MatchAsync(NextValueTask, ZeroValueTask));
        await ValueTaskGives(Four, Four.FilterAsync(IsBigValueTask));
        await ValueTaskGives(None, None.FilterAsync(IsBigValueTask));
        await ValueTaskGives(None, Maybe.Some(3).FilterAsync(IsBigValueTask));
    }

    [Fact]
    public async Task A_Task_of_a_Maybe_takes_an_async_lambda()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(async x => await NextTask(x)));
        await TaskGives(None, Task.FromResult(None).MapAsync(async x => await NextTask(x)));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(async x => Maybe.Some(await NextTask(x))));
        await TaskGives(None, Task.FromResult(None).BindAsync(async x => Maybe.Some(await NextTask(x))));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(async x => await NextTask(x), async () => await ZeroTask()));
        await TaskGives(0, Task.FromResult(None).MatchAsync(async x => await NextTask(x), async () => await ZeroTask()));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(async x => await IsBigTask(x)));
        await TaskGives(None, Task.FromResult(None).FilterAsync(async x => await IsBigTask(x)));
        await TaskGives(None, Task.FromResult(Maybe.Some(3)).FilterAsync(async x => await IsBigTask(x)));
    }

    [Fact]
    public async Task A_Task_of_a_Maybe_takes_a_lambda_returning_a_task()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(x => NextTask(x)));
        await TaskGives(None, Task.FromResult(None).MapAsync(x => NextTask(x)));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(x => FindTask(x)));
        await TaskGives(None, Task.FromResult(None).BindAsync(x => FindTask(x)));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(x => NextTask(x), () => ZeroTask()));
        await TaskGives(0, Task.FromResult(None).MatchAsync(x => NextTask(x), () => ZeroTask()));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(x => IsBigTask(x)));
        await TaskGives(None, Task.FromResult(None).FilterAsync(x => IsBigTask(x)));
        await TaskGives(None, Task.FromResult(Maybe.Some(3)).FilterAsync(x => IsBigTask(x)));
    }

    [Fact]
    public async Task A_Task_of_a_Maybe_takes_a_lambda_returning_a_value_task()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(x => NextValueTask(x)));
        await TaskGives(None, Task.FromResult(None).MapAsync(x => NextValueTask(x)));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(x => FindValueTask(x)));
        await TaskGives(None, Task.FromResult(None).BindAsync(x => FindValueTask(x)));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(x => NextValueTask(x), () => ZeroValueTask()));
        await TaskGives(0, Task.FromResult(None).MatchAsync(x => NextValueTask(x), () => ZeroValueTask()));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(x => IsBigValueTask(x)));
        await TaskGives(None, Task.FromResult(None).FilterAsync(x => IsBigValueTask(x)));
        await TaskGives(None, Task.FromResult(Maybe.Some(3)).FilterAsync(x => IsBigValueTask(x)));
    }

    [Fact]
    public async Task A_Task_of_a_Maybe_takes_a_method_group_returning_a_task()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(NextTask));
        await TaskGives(None, Task.FromResult(None).MapAsync(NextTask));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(FindTask));
        await TaskGives(None, Task.FromResult(None).BindAsync(FindTask));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(NextTask, ZeroTask));
        await TaskGives(0, Task.FromResult(None).MatchAsync(NextTask, ZeroTask));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(IsBigTask));
        await TaskGives(None, Task.FromResult(None).FilterAsync(IsBigTask));
        await TaskGives(None, Task.FromResult(Maybe.Some(3)).FilterAsync(IsBigTask));
    }

    [Fact]
    public async Task A_Task_of_a_Maybe_takes_a_method_group_returning_a_value_task()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(NextValueTask));
        await TaskGives(None, Task.FromResult(None).MapAsync(NextValueTask));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(FindValueTask));
        await TaskGives(None, Task.FromResult(None).BindAsync(FindValueTask));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(NextValueTask, ZeroValueTask));
        await TaskGives(0, Task.FromResult(None).MatchAsync(NextValueTask, ZeroValueTask));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(IsBigValueTask));
        await TaskGives(None, Task.FromResult(None).FilterAsync(IsBigValueTask));
        await TaskGives(None, Task.FromResult(Maybe.Some(3)).FilterAsync(IsBigValueTask));
    }

    [Fact]
    public async Task A_Task_of_a_Maybe_takes_a_lambda_without_a_task()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(x => x + 1));
        await TaskGives(None, Task.FromResult(None).MapAsync(x => x + 1));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(x => Maybe.Some(x + 1)));
        await TaskGives(None, Task.FromResult(None).BindAsync(x => Maybe.Some(x + 1)));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(x => x + 1, () => 0));
        await TaskGives(0, Task.FromResult(None).MatchAsync(x => x + 1, () => 0));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(x => x > 3));
        await TaskGives(None, Task.FromResult(None).FilterAsync(x => x > 3));
        await TaskGives(None, Task.FromResult(Maybe.Some(3)).FilterAsync(x => x > 3));
    }

    [Fact]
    public async Task A_Task_of_a_Maybe_takes_a_method_group_without_a_task()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(Next));
        await TaskGives(None, Task.FromResult(None).MapAsync(Next));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(Find));
        await TaskGives(None, Task.FromResult(None).BindAsync(Find));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(Next, Zero));
        await TaskGives(0, Task.FromResult(None).MatchAsync(Next, Zero));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(IsBig));
        await TaskGives(None, Task.FromResult(None).FilterAsync(IsBig));
        await TaskGives(None, Task.FromResult(Maybe.Some(3)).FilterAsync(IsBig));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Maybe_takes_an_async_lambda()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(async x => await NextTask(x)));
        await ValueTaskGives(None, ValueTask.FromResult(None).MapAsync(async x => await NextTask(x)));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(async x => Maybe.Some(await NextTask(x))));
        await ValueTaskGives(None, ValueTask.FromResult(None).BindAsync(async x => Maybe.Some(await NextTask(x))));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(async x => await NextTask(x), async () => await ZeroTask()));
        await ValueTaskGives(0, ValueTask.FromResult(None).MatchAsync(async x => await NextTask(x), async () => await ZeroTask()));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(async x => await IsBigTask(x)));
        await ValueTaskGives(None, ValueTask.FromResult(None).FilterAsync(async x => await IsBigTask(x)));
        await ValueTaskGives(None, ValueTask.FromResult(Maybe.Some(3)).FilterAsync(async x => await IsBigTask(x)));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Maybe_takes_a_lambda_returning_a_task()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(x => NextTask(x)));
        await ValueTaskGives(None, ValueTask.FromResult(None).MapAsync(x => NextTask(x)));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(x => FindTask(x)));
        await ValueTaskGives(None, ValueTask.FromResult(None).BindAsync(x => FindTask(x)));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(x => NextTask(x), () => ZeroTask()));
        await ValueTaskGives(0, ValueTask.FromResult(None).MatchAsync(x => NextTask(x), () => ZeroTask()));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(x => IsBigTask(x)));
        await ValueTaskGives(None, ValueTask.FromResult(None).FilterAsync(x => IsBigTask(x)));
        await ValueTaskGives(None, ValueTask.FromResult(Maybe.Some(3)).FilterAsync(x => IsBigTask(x)));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Maybe_takes_a_lambda_returning_a_value_task()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(x => NextValueTask(x)));
        await ValueTaskGives(None, ValueTask.FromResult(None).MapAsync(x => NextValueTask(x)));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(x => FindValueTask(x)));
        await ValueTaskGives(None, ValueTask.FromResult(None).BindAsync(x => FindValueTask(x)));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(x => NextValueTask(x), () => ZeroValueTask()));
        await ValueTaskGives(0, ValueTask.FromResult(None).MatchAsync(x => NextValueTask(x), () => ZeroValueTask()));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(x => IsBigValueTask(x)));
        await ValueTaskGives(None, ValueTask.FromResult(None).FilterAsync(x => IsBigValueTask(x)));
        await ValueTaskGives(None, ValueTask.FromResult(Maybe.Some(3)).FilterAsync(x => IsBigValueTask(x)));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Maybe_takes_a_method_group_returning_a_task()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(NextTask));
        await ValueTaskGives(None, ValueTask.FromResult(None).MapAsync(NextTask));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(FindTask));
        await ValueTaskGives(None, ValueTask.FromResult(None).BindAsync(FindTask));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(NextTask, ZeroTask));
        await ValueTaskGives(0, ValueTask.FromResult(None).MatchAsync(NextTask, ZeroTask));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(IsBigTask));
        await ValueTaskGives(None, ValueTask.FromResult(None).FilterAsync(IsBigTask));
        await ValueTaskGives(None, ValueTask.FromResult(Maybe.Some(3)).FilterAsync(IsBigTask));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Maybe_takes_a_method_group_returning_a_value_task()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(NextValueTask));
        await ValueTaskGives(None, ValueTask.FromResult(None).MapAsync(NextValueTask));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(FindValueTask));
        await ValueTaskGives(None, ValueTask.FromResult(None).BindAsync(FindValueTask));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(NextValueTask, ZeroValueTask));
        await ValueTaskGives(0, ValueTask.FromResult(None).MatchAsync(NextValueTask, ZeroValueTask));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(IsBigValueTask));
        await ValueTaskGives(None, ValueTask.FromResult(None).FilterAsync(IsBigValueTask));
        await ValueTaskGives(None, ValueTask.FromResult(Maybe.Some(3)).FilterAsync(IsBigValueTask));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Maybe_takes_a_lambda_without_a_task()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(x => x + 1));
        await ValueTaskGives(None, ValueTask.FromResult(None).MapAsync(x => x + 1));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(x => Maybe.Some(x + 1)));
        await ValueTaskGives(None, ValueTask.FromResult(None).BindAsync(x => Maybe.Some(x + 1)));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(x => x + 1, () => 0));
        await ValueTaskGives(0, ValueTask.FromResult(None).MatchAsync(x => x + 1, () => 0));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(x => x > 3));
        await ValueTaskGives(None, ValueTask.FromResult(None).FilterAsync(x => x > 3));
        await ValueTaskGives(None, ValueTask.FromResult(Maybe.Some(3)).FilterAsync(x => x > 3));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Maybe_takes_a_method_group_without_a_task()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(Next));
        await ValueTaskGives(None, ValueTask.FromResult(None).MapAsync(Next));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(Find));
        await ValueTaskGives(None, ValueTask.FromResult(None).BindAsync(Find));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(Next, Zero));
        await ValueTaskGives(0, ValueTask.FromResult(None).MatchAsync(Next, Zero));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(IsBig));
        await ValueTaskGives(None, ValueTask.FromResult(None).FilterAsync(IsBig));
        await ValueTaskGives(None, ValueTask.FromResult(Maybe.Some(3)).FilterAsync(IsBig));
    }

    [Fact]
    public async Task A_chain_mixes_kinds()
    {
        var text = await Four
            .MapAsync(async x => await NextTask(x))
            .BindAsync(FindValueTask)
            .FilterAsync(x => x == 6)
            .MatchAsync(x => $"{x}", () => "none");

        Assert.Equal("6", text);
    }

    [Fact]
    public async Task An_exception_of_the_function_comes_out_of_the_await()
    {
        var task = Four.MapAsync(Task<int> (_) => throw new InvalidOperationException("broken"));

        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidOperationException>(() => task)).Message);
    }

    [Fact]
    public async Task A_function_that_returns_null_is_refused()
        => await Assert.ThrowsAsync<ArgumentNullException>(() => Four.MapAsync(_ => Task.FromResult<string>(null!)));
}
