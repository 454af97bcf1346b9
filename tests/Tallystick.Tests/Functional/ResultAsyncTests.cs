using Tallystick.Functional;
using static Tallystick.Tests.Functional.AsyncFunctions;
using Outcome = Tallystick.Functional.Result<int, string>;

namespace Tallystick.Tests.Functional;

/// <summary>
/// That these compile is half of the test: an async lambda, a lambda that returns a task, and a method group must each pick one
/// overload for each receiver, without casts (CSharpFunctionalExtensions#439).
/// </summary>
public sealed class ResultAsyncTests
{
    private static readonly Outcome Four = Outcome.Success(4);
    private static readonly Outcome Five = Outcome.Success(5);
    private static readonly Outcome Bad = Outcome.Failure("bad");

    [Fact]
    public async Task A_Result_takes_an_async_lambda()
    {
        await TaskGives(Five, Four.MapAsync(async x => await NextTask(x)));
        await TaskGives(Bad, Bad.MapAsync(async x => await NextTask(x)));
        await TaskGives(Five, Four.BindAsync(async x => Outcome.Success(await NextTask(x))));
        await TaskGives(Bad, Bad.BindAsync(async x => Outcome.Success(await NextTask(x))));
        await TaskGives(5, Four.MatchAsync(async x => await NextTask(x), async error => await LengthTask(error)));
        await TaskGives(3, Bad.MatchAsync(async x => await NextTask(x), async error => await LengthTask(error)));
        await TaskGives(Four, Four.FilterAsync(async x => await IsBigTask(x), x => $"{x} is small"));
        await TaskGives(Bad, Bad.FilterAsync(async x => await IsBigTask(x), x => $"{x} is small"));
        await TaskGives(Result.Success<int, int>(4), Four.MapErrorAsync(async error => await LengthTask(error)));
        await TaskGives(Result.Failure<int, int>(3), Bad.MapErrorAsync(async error => await LengthTask(error)));
        await TaskGives(Outcome.Failure("3 is small"),
            Outcome.Success(3).FilterAsync(async x => await IsBigTask(x), x => $"{x} is small"));
    }

    [Fact]
    public async Task A_Result_takes_a_lambda_returning_a_task()
    {
        await TaskGives(Five, Four.MapAsync(x => NextTask(x)));
        await TaskGives(Bad, Bad.MapAsync(x => NextTask(x)));
        await TaskGives(Five, Four.BindAsync(x => TryTask(x)));
        await TaskGives(Bad, Bad.BindAsync(x => TryTask(x)));
        await TaskGives(5, Four.MatchAsync(x => NextTask(x), error => LengthTask(error)));
        await TaskGives(3, Bad.MatchAsync(x => NextTask(x), error => LengthTask(error)));
        await TaskGives(Four, Four.FilterAsync(x => IsBigTask(x), x => $"{x} is small"));
        await TaskGives(Bad, Bad.FilterAsync(x => IsBigTask(x), x => $"{x} is small"));
        await TaskGives(Result.Success<int, int>(4), Four.MapErrorAsync(error => LengthTask(error)));
        await TaskGives(Result.Failure<int, int>(3), Bad.MapErrorAsync(error => LengthTask(error)));
        await TaskGives(Outcome.Failure("3 is small"), Outcome.Success(3).FilterAsync(x => IsBigTask(x), x => $"{x} is small"));
    }

    [Fact]
    public async Task A_Result_takes_a_lambda_returning_a_value_task()
    {
        await ValueTaskGives(Five, Four.MapAsync(x => NextValueTask(x)));
        await ValueTaskGives(Bad, Bad.MapAsync(x => NextValueTask(x)));
        await ValueTaskGives(Five, Four.BindAsync(x => TryValueTask(x)));
        await ValueTaskGives(Bad, Bad.BindAsync(x => TryValueTask(x)));
        await ValueTaskGives(5, Four.MatchAsync(x => NextValueTask(x), error => LengthValueTask(error)));
        await ValueTaskGives(3, Bad.MatchAsync(x => NextValueTask(x), error => LengthValueTask(error)));
        await ValueTaskGives(Four, Four.FilterAsync(x => IsBigValueTask(x), x => $"{x} is small"));
        await ValueTaskGives(Bad, Bad.FilterAsync(x => IsBigValueTask(x), x => $"{x} is small"));
        await ValueTaskGives(Result.Success<int, int>(4), Four.MapErrorAsync(error => LengthValueTask(error)));
        await ValueTaskGives(Result.Failure<int, int>(3), Bad.MapErrorAsync(error => LengthValueTask(error)));
        await ValueTaskGives(Outcome.Failure("3 is small"),
            Outcome.Success(3).FilterAsync(x => IsBigValueTask(x), x => $"{x} is small"));
    }

    [Fact]
    public async Task A_Result_takes_a_method_group_returning_a_task()
    {
        await TaskGives(Five, Four.MapAsync(NextTask));
        await TaskGives(Bad, Bad.MapAsync(NextTask));
        await TaskGives(Five, Four.BindAsync(TryTask));
        await TaskGives(Bad, Bad.BindAsync(TryTask));
        await TaskGives(5, Four.MatchAsync(NextTask, LengthTask));
        await TaskGives(3, Bad.MatchAsync(NextTask, LengthTask));
        await TaskGives(Four, Four.FilterAsync(IsBigTask, x => $"{x} is small"));
        await TaskGives(Bad, Bad.FilterAsync(IsBigTask, x => $"{x} is small"));
        await TaskGives(Result.Success<int, int>(4), Four.MapErrorAsync(LengthTask));
        await TaskGives(Result.Failure<int, int>(3), Bad.MapErrorAsync(LengthTask));
        await TaskGives(Outcome.Failure("3 is small"), Outcome.Success(3).FilterAsync(IsBigTask, x => $"{x} is small"));
    }

    [Fact]
    public async Task A_Result_takes_a_method_group_returning_a_value_task()
    {
        await ValueTaskGives(Five, Four.MapAsync(NextValueTask));
        await ValueTaskGives(Bad, Bad.MapAsync(NextValueTask));
        await ValueTaskGives(Five, Four.BindAsync(TryValueTask));
        await ValueTaskGives(Bad, Bad.BindAsync(TryValueTask));
        await ValueTaskGives(5, Four.MatchAsync(NextValueTask, LengthValueTask));
        await ValueTaskGives(3, Bad.MatchAsync(NextValueTask, LengthValueTask));
        await ValueTaskGives(Four, Four.FilterAsync(IsBigValueTask, x => $"{x} is small"));
        await ValueTaskGives(Bad, Bad.FilterAsync(IsBigValueTask, x => $"{x} is small"));
        await ValueTaskGives(Result.Success<int, int>(4), Four.MapErrorAsync(LengthValueTask));
        await ValueTaskGives(Result.Failure<int, int>(3), Bad.MapErrorAsync(LengthValueTask));
        await ValueTaskGives(Outcome.Failure("3 is small"), Outcome.Success(3).FilterAsync(IsBigValueTask, x => $"{x} is small"));
    }

    [Fact]
    public async Task A_Task_of_a_Result_takes_an_async_lambda()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(async x => await NextTask(x)));
        await TaskGives(Bad, Task.FromResult(Bad).MapAsync(async x => await NextTask(x)));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(async x => Outcome.Success(await NextTask(x))));
        await TaskGives(Bad, Task.FromResult(Bad).BindAsync(async x => Outcome.Success(await NextTask(x))));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(async x => await NextTask(x), async error => await LengthTask(error)));
        await TaskGives(3, Task.FromResult(Bad).MatchAsync(async x => await NextTask(x), async error => await LengthTask(error)));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(async x => await IsBigTask(x), x => $"{x} is small"));
        await TaskGives(Bad, Task.FromResult(Bad).FilterAsync(async x => await IsBigTask(x), x => $"{x} is small"));
        await TaskGives(Result.Success<int, int>(4), Task.FromResult(Four).MapErrorAsync(async error => await LengthTask(error)));
        await TaskGives(Result.Failure<int, int>(3), Task.FromResult(Bad).MapErrorAsync(async error => await LengthTask(error)));
        await TaskGives(Outcome.Failure("3 is small"),
            Task.FromResult(Outcome.Success(3)).FilterAsync(async x => await IsBigTask(x), x => $"{x} is small"));
    }

    [Fact]
    public async Task A_Task_of_a_Result_takes_a_lambda_returning_a_task()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(x => NextTask(x)));
        await TaskGives(Bad, Task.FromResult(Bad).MapAsync(x => NextTask(x)));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(x => TryTask(x)));
        await TaskGives(Bad, Task.FromResult(Bad).BindAsync(x => TryTask(x)));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(x => NextTask(x), error => LengthTask(error)));
        await TaskGives(3, Task.FromResult(Bad).MatchAsync(x => NextTask(x), error => LengthTask(error)));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(x => IsBigTask(x), x => $"{x} is small"));
        await TaskGives(Bad, Task.FromResult(Bad).FilterAsync(x => IsBigTask(x), x => $"{x} is small"));
        await TaskGives(Result.Success<int, int>(4), Task.FromResult(Four).MapErrorAsync(error => LengthTask(error)));
        await TaskGives(Result.Failure<int, int>(3), Task.FromResult(Bad).MapErrorAsync(error => LengthTask(error)));
        await TaskGives(Outcome.Failure("3 is small"),
            Task.FromResult(Outcome.Success(3)).FilterAsync(x => IsBigTask(x), x => $"{x} is small"));
    }

    [Fact]
    public async Task A_Task_of_a_Result_takes_a_lambda_returning_a_value_task()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(x => NextValueTask(x)));
        await TaskGives(Bad, Task.FromResult(Bad).MapAsync(x => NextValueTask(x)));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(x => TryValueTask(x)));
        await TaskGives(Bad, Task.FromResult(Bad).BindAsync(x => TryValueTask(x)));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(x => NextValueTask(x), error => LengthValueTask(error)));
        await TaskGives(3, Task.FromResult(Bad).MatchAsync(x => NextValueTask(x), error => LengthValueTask(error)));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(x => IsBigValueTask(x), x => $"{x} is small"));
        await TaskGives(Bad, Task.FromResult(Bad).FilterAsync(x => IsBigValueTask(x), x => $"{x} is small"));
        await TaskGives(Result.Success<int, int>(4), Task.FromResult(Four).MapErrorAsync(error => LengthValueTask(error)));
        await TaskGives(Result.Failure<int, int>(3), Task.FromResult(Bad).MapErrorAsync(error => LengthValueTask(error)));
        await TaskGives(Outcome.Failure("3 is small"),
            Task.FromResult(Outcome.Success(3)).FilterAsync(x => IsBigValueTask(x), x => $"{x} is small"));
    }

    [Fact]
    public async Task A_Task_of_a_Result_takes_a_method_group_returning_a_task()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(NextTask));
        await TaskGives(Bad, Task.FromResult(Bad).MapAsync(NextTask));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(TryTask));
        await TaskGives(Bad, Task.FromResult(Bad).BindAsync(TryTask));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(NextTask, LengthTask));
        await TaskGives(3, Task.FromResult(Bad).MatchAsync(NextTask, LengthTask));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(IsBigTask, x => $"{x} is small"));
        await TaskGives(Bad, Task.FromResult(Bad).FilterAsync(IsBigTask, x => $"{x} is small"));
        await TaskGives(Result.Success<int, int>(4), Task.FromResult(Four).MapErrorAsync(LengthTask));
        await TaskGives(Result.Failure<int, int>(3), Task.FromResult(Bad).MapErrorAsync(LengthTask));
        await TaskGives(Outcome.Failure("3 is small"),
            Task.FromResult(Outcome.Success(3)).FilterAsync(IsBigTask, x => $"{x} is small"));
    }

    [Fact]
    public async Task A_Task_of_a_Result_takes_a_method_group_returning_a_value_task()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(NextValueTask));
        await TaskGives(Bad, Task.FromResult(Bad).MapAsync(NextValueTask));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(TryValueTask));
        await TaskGives(Bad, Task.FromResult(Bad).BindAsync(TryValueTask));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(NextValueTask, LengthValueTask));
        await TaskGives(3, Task.FromResult(Bad).MatchAsync(NextValueTask, LengthValueTask));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(IsBigValueTask, x => $"{x} is small"));
        await TaskGives(Bad, Task.FromResult(Bad).FilterAsync(IsBigValueTask, x => $"{x} is small"));
        await TaskGives(Result.Success<int, int>(4), Task.FromResult(Four).MapErrorAsync(LengthValueTask));
        await TaskGives(Result.Failure<int, int>(3), Task.FromResult(Bad).MapErrorAsync(LengthValueTask));
        await TaskGives(Outcome.Failure("3 is small"),
            Task.FromResult(Outcome.Success(3)).FilterAsync(IsBigValueTask, x => $"{x} is small"));
    }

    [Fact]
    public async Task A_Task_of_a_Result_takes_a_lambda_without_a_task()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(x => x + 1));
        await TaskGives(Bad, Task.FromResult(Bad).MapAsync(x => x + 1));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(x => Outcome.Success(x + 1)));
        await TaskGives(Bad, Task.FromResult(Bad).BindAsync(x => Outcome.Success(x + 1)));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(x => x + 1, error => error.Length));
        await TaskGives(3, Task.FromResult(Bad).MatchAsync(x => x + 1, error => error.Length));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(x => x > 3, x => $"{x} is small"));
        await TaskGives(Bad, Task.FromResult(Bad).FilterAsync(x => x > 3, x => $"{x} is small"));
        await TaskGives(Result.Success<int, int>(4), Task.FromResult(Four).MapErrorAsync(error => error.Length));
        await TaskGives(Result.Failure<int, int>(3), Task.FromResult(Bad).MapErrorAsync(error => error.Length));
        await TaskGives(Outcome.Failure("3 is small"),
            Task.FromResult(Outcome.Success(3)).FilterAsync(x => x > 3, x => $"{x} is small"));
    }

    [Fact]
    public async Task A_Task_of_a_Result_takes_a_method_group_without_a_task()
    {
        await TaskGives(Five, Task.FromResult(Four).MapAsync(Next));
        await TaskGives(Bad, Task.FromResult(Bad).MapAsync(Next));
        await TaskGives(Five, Task.FromResult(Four).BindAsync(Try));
        await TaskGives(Bad, Task.FromResult(Bad).BindAsync(Try));
        await TaskGives(5, Task.FromResult(Four).MatchAsync(Next, Length));
        await TaskGives(3, Task.FromResult(Bad).MatchAsync(Next, Length));
        await TaskGives(Four, Task.FromResult(Four).FilterAsync(IsBig, x => $"{x} is small"));
        await TaskGives(Bad, Task.FromResult(Bad).FilterAsync(IsBig, x => $"{x} is small"));
        await TaskGives(Result.Success<int, int>(4), Task.FromResult(Four).MapErrorAsync(Length));
        await TaskGives(Result.Failure<int, int>(3), Task.FromResult(Bad).MapErrorAsync(Length));
        await TaskGives(Outcome.Failure("3 is small"),
            Task.FromResult(Outcome.Success(3)).FilterAsync(IsBig, x => $"{x} is small"));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Result_takes_an_async_lambda()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(async x => await NextTask(x)));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).MapAsync(async x => await NextTask(x)));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(async x => Outcome.Success(await NextTask(x))));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).BindAsync(async x => Outcome.Success(await NextTask(x))));
        await ValueTaskGives(5,
            ValueTask.FromResult(Four).MatchAsync(async x => await NextTask(x), async error => await LengthTask(error)));
        await ValueTaskGives(3,
            ValueTask.FromResult(Bad).MatchAsync(async x => await NextTask(x), async error => await LengthTask(error)));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(async x => await IsBigTask(x), x => $"{x} is small"));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).FilterAsync(async x => await IsBigTask(x), x => $"{x} is small"));
        await ValueTaskGives(Result.Success<int,
            int>(4), ValueTask.FromResult(Four).MapErrorAsync(async error => await LengthTask(error)));
        await ValueTaskGives(Result.Failure<int,
            int>(3), ValueTask.FromResult(Bad).MapErrorAsync(async error => await LengthTask(error)));
        await ValueTaskGives(Outcome.Failure("3 is small"),
            ValueTask.FromResult(Outcome.Success(3)).FilterAsync(async x => await IsBigTask(x), x => $"{x} is small"));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Result_takes_a_lambda_returning_a_task()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(x => NextTask(x)));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).MapAsync(x => NextTask(x)));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(x => TryTask(x)));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).BindAsync(x => TryTask(x)));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(x => NextTask(x), error => LengthTask(error)));
        await ValueTaskGives(3, ValueTask.FromResult(Bad).MatchAsync(x => NextTask(x), error => LengthTask(error)));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(x => IsBigTask(x), x => $"{x} is small"));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).FilterAsync(x => IsBigTask(x), x => $"{x} is small"));
        await ValueTaskGives(Result.Success<int, int>(4), ValueTask.FromResult(Four).MapErrorAsync(error => LengthTask(error)));
        await ValueTaskGives(Result.Failure<int, int>(3), ValueTask.FromResult(Bad).MapErrorAsync(error => LengthTask(error)));
        await ValueTaskGives(Outcome.Failure("3 is small"),
            ValueTask.FromResult(Outcome.Success(3)).FilterAsync(x => IsBigTask(x), x => $"{x} is small"));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Result_takes_a_lambda_returning_a_value_task()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(x => NextValueTask(x)));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).MapAsync(x => NextValueTask(x)));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(x => TryValueTask(x)));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).BindAsync(x => TryValueTask(x)));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(x => NextValueTask(x), error => LengthValueTask(error)));
        await ValueTaskGives(3, ValueTask.FromResult(Bad).MatchAsync(x => NextValueTask(x), error => LengthValueTask(error)));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(x => IsBigValueTask(x), x => $"{x} is small"));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).FilterAsync(x => IsBigValueTask(x), x => $"{x} is small"));
        await ValueTaskGives(Result.Success<int,
            int>(4), ValueTask.FromResult(Four).MapErrorAsync(error => LengthValueTask(error)));
        await ValueTaskGives(Result.Failure<int, int>(3), ValueTask.FromResult(Bad).MapErrorAsync(error => LengthValueTask(error)));
        await ValueTaskGives(Outcome.Failure("3 is small"),
            ValueTask.FromResult(Outcome.Success(3)).FilterAsync(x => IsBigValueTask(x), x => $"{x} is small"));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Result_takes_a_method_group_returning_a_task()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(NextTask));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).MapAsync(NextTask));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(TryTask));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).BindAsync(TryTask));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(NextTask, LengthTask));
        await ValueTaskGives(3, ValueTask.FromResult(Bad).MatchAsync(NextTask, LengthTask));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(IsBigTask, x => $"{x} is small"));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).FilterAsync(IsBigTask, x => $"{x} is small"));
        await ValueTaskGives(Result.Success<int, int>(4), ValueTask.FromResult(Four).MapErrorAsync(LengthTask));
        await ValueTaskGives(Result.Failure<int, int>(3), ValueTask.FromResult(Bad).MapErrorAsync(LengthTask));
        await ValueTaskGives(Outcome.Failure("3 is small"),
            ValueTask.FromResult(Outcome.Success(3)).FilterAsync(IsBigTask, x => $"{x} is small"));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Result_takes_a_method_group_returning_a_value_task()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(NextValueTask));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).MapAsync(NextValueTask));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(TryValueTask));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).BindAsync(TryValueTask));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(NextValueTask, LengthValueTask));
        await ValueTaskGives(3, ValueTask.FromResult(Bad).MatchAsync(NextValueTask, LengthValueTask));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(IsBigValueTask, x => $"{x} is small"));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).FilterAsync(IsBigValueTask, x => $"{x} is small"));
        await ValueTaskGives(Result.Success<int, int>(4), ValueTask.FromResult(Four).MapErrorAsync(LengthValueTask));
        await ValueTaskGives(Result.Failure<int, int>(3), ValueTask.FromResult(Bad).MapErrorAsync(LengthValueTask));
        await ValueTaskGives(Outcome.Failure("3 is small"),
            ValueTask.FromResult(Outcome.Success(3)).FilterAsync(IsBigValueTask, x => $"{x} is small"));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Result_takes_a_lambda_without_a_task()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(x => x + 1));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).MapAsync(x => x + 1));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(x => Outcome.Success(x + 1)));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).BindAsync(x => Outcome.Success(x + 1)));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(x => x + 1, error => error.Length));
        await ValueTaskGives(3, ValueTask.FromResult(Bad).MatchAsync(x => x + 1, error => error.Length));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(x => x > 3, x => $"{x} is small"));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).FilterAsync(x => x > 3, x => $"{x} is small"));
        await ValueTaskGives(Result.Success<int, int>(4), ValueTask.FromResult(Four).MapErrorAsync(error => error.Length));
        await ValueTaskGives(Result.Failure<int, int>(3), ValueTask.FromResult(Bad).MapErrorAsync(error => error.Length));
        await ValueTaskGives(Outcome.Failure("3 is small"),
            ValueTask.FromResult(Outcome.Success(3)).FilterAsync(x => x > 3, x => $"{x} is small"));
    }

    [Fact]
    public async Task A_ValueTask_of_a_Result_takes_a_method_group_without_a_task()
    {
        await ValueTaskGives(Five, ValueTask.FromResult(Four).MapAsync(Next));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).MapAsync(Next));
        await ValueTaskGives(Five, ValueTask.FromResult(Four).BindAsync(Try));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).BindAsync(Try));
        await ValueTaskGives(5, ValueTask.FromResult(Four).MatchAsync(Next, Length));
        await ValueTaskGives(3, ValueTask.FromResult(Bad).MatchAsync(Next, Length));
        await ValueTaskGives(Four, ValueTask.FromResult(Four).FilterAsync(IsBig, x => $"{x} is small"));
        await ValueTaskGives(Bad, ValueTask.FromResult(Bad).FilterAsync(IsBig, x => $"{x} is small"));
        await ValueTaskGives(Result.Success<int, int>(4), ValueTask.FromResult(Four).MapErrorAsync(Length));
        await ValueTaskGives(Result.Failure<int, int>(3), ValueTask.FromResult(Bad).MapErrorAsync(Length));
        await ValueTaskGives(Outcome.Failure("3 is small"),
            ValueTask.FromResult(Outcome.Success(3)).FilterAsync(IsBig, x => $"{x} is small"));
    }

    [Fact]
    public async Task A_chain_mixes_kinds()
    {
        var stopped = await Four
            .BindAsync(TryValueTask)
            .FilterAsync(async x => await IsBigTask(x) && x > 5, x => $"{x} is small")
            .MapAsync(NextTask)
            .MapErrorAsync(error => error.Length);

        Assert.Equal(Result.Failure<int, int>(10), stopped);
    }
}
