using Tallystick.Functional;
using Outcome = Tallystick.Functional.Result<int, string>;

namespace Tallystick.Tests.Functional;

/// <summary>Method groups of each kind for the tests of the async forms, and assertions that say of which kind a result is.</summary>
internal static class AsyncFunctions
{
    public static async Task TaskGives<T>(T expected, Task<T> actual) => Assert.Equal(expected, await actual);

    public static async Task ValueTaskGives<T>(T expected, ValueTask<T> actual) => Assert.Equal(expected, await actual);

    public static int Next(int value) => value + 1;

    public static async Task<int> NextTask(int value)
    {
        await Task.Yield();
        return value + 1;
    }

    public static async ValueTask<int> NextValueTask(int value) => await NextTask(value);

    public static Maybe<int> Find(int value) => Maybe.Some(value + 1);

    public static async Task<Maybe<int>> FindTask(int value) => Maybe.Some(await NextTask(value));

    public static async ValueTask<Maybe<int>> FindValueTask(int value) => Maybe.Some(await NextTask(value));

    public static Outcome Try(int value) => Outcome.Success(value + 1);

    public static async Task<Outcome> TryTask(int value) => Outcome.Success(await NextTask(value));

    public static async ValueTask<Outcome> TryValueTask(int value) => Outcome.Success(await NextTask(value));

    public static bool IsBig(int value) => value > 3;

    public static async Task<bool> IsBigTask(int value) => await NextTask(value) > 4;

    public static async ValueTask<bool> IsBigValueTask(int value) => await NextTask(value) > 4;

    public static int Zero() => 0;

    public static Task<int> ZeroTask() => Task.FromResult(0);

    public static ValueTask<int> ZeroValueTask() => ValueTask.FromResult(0);

    public static int Length(string error) => error.Length;

    public static async Task<int> LengthTask(string error) => await NextTask(error.Length - 1);

    public static async ValueTask<int> LengthValueTask(string error) => await NextTask(error.Length - 1);
}
