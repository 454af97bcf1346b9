using System.Runtime.CompilerServices;

namespace Tallystick.Functional;

public static partial class MaybeAsync
{
    /// <inheritdoc cref="Maybe{T}.Map{TOut}"/>
    public static async Task<Maybe<TOut>> MapAsync<T, TOut>(this Task<Maybe<T>> source, Func<T, TOut> map)
        where T : notnull
        where TOut : notnull
        => (await source).Map(map);

    /// <inheritdoc cref="Maybe{T}.Map{TOut}"/>
    [OverloadResolutionPriority(2)]
    public static async Task<Maybe<TOut>> MapAsync<T, TOut>(this Task<Maybe<T>> source, Func<T, Task<TOut>> map)
        where T : notnull
        where TOut : notnull
        => await (await source).MapAsync(map);

    /// <inheritdoc cref="Maybe{T}.Map{TOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Maybe<TOut>> MapAsync<T, TOut>(this Task<Maybe<T>> source, Func<T, ValueTask<TOut>> map)
        where T : notnull
        where TOut : notnull
        => await (await source).MapAsync(map);

    /// <inheritdoc cref="Maybe{T}.Bind{TOut}"/>
    public static async Task<Maybe<TOut>> BindAsync<T, TOut>(this Task<Maybe<T>> source, Func<T, Maybe<TOut>> bind)
        where T : notnull
        where TOut : notnull
        => (await source).Bind(bind);

    /// <inheritdoc cref="Maybe{T}.Bind{TOut}"/>
    [OverloadResolutionPriority(2)]
    public static async Task<Maybe<TOut>> BindAsync<T, TOut>(this Task<Maybe<T>> source, Func<T, Task<Maybe<TOut>>> bind)
        where T : notnull
        where TOut : notnull
        => await (await source).BindAsync(bind);

    /// <inheritdoc cref="Maybe{T}.Bind{TOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Maybe<TOut>> BindAsync<T, TOut>(this Task<Maybe<T>> source, Func<T, ValueTask<Maybe<TOut>>> bind)
        where T : notnull
        where TOut : notnull
        => await (await source).BindAsync(bind);

    /// <inheritdoc cref="Maybe{T}.Match{TOut}"/>
    public static async Task<TOut> MatchAsync<T, TOut>(this Task<Maybe<T>> source, Func<T, TOut> some, Func<TOut> none)
        where T : notnull
        => (await source).Match(some, none);

    /// <inheritdoc cref="Maybe{T}.Match{TOut}"/>
    [OverloadResolutionPriority(2)]
    public static async Task<TOut> MatchAsync<T, TOut>(this Task<Maybe<T>> source, Func<T, Task<TOut>> some, Func<Task<TOut>> none)
        where T : notnull
        => await (await source).MatchAsync(some, none);

    /// <inheritdoc cref="Maybe{T}.Match{TOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<TOut> MatchAsync<T, TOut>(
        this Task<Maybe<T>> source, Func<T, ValueTask<TOut>> some, Func<ValueTask<TOut>> none)
        where T : notnull
        => await (await source).MatchAsync(some, none);

    /// <inheritdoc cref="Maybe{T}.Filter"/>
    public static async Task<Maybe<T>> FilterAsync<T>(this Task<Maybe<T>> source, Func<T, bool> predicate)
        where T : notnull
        => (await source).Filter(predicate);

    /// <inheritdoc cref="Maybe{T}.Filter"/>
    [OverloadResolutionPriority(2)]
    public static async Task<Maybe<T>> FilterAsync<T>(this Task<Maybe<T>> source, Func<T, Task<bool>> predicate)
        where T : notnull
        => await (await source).FilterAsync(predicate);

    /// <inheritdoc cref="Maybe{T}.Filter"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Maybe<T>> FilterAsync<T>(this Task<Maybe<T>> source, Func<T, ValueTask<bool>> predicate)
        where T : notnull
        => await (await source).FilterAsync(predicate);
}
