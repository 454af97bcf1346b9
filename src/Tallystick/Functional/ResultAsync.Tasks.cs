using System.Runtime.CompilerServices;

namespace Tallystick.Functional;

public static partial class ResultAsync
{
    /// <inheritdoc cref="Result{T, TError}.Map{TOut}"/>
    public static async Task<Result<TOut, TError>> MapAsync<T, TError, TOut>(this Task<Result<T, TError>> source, Func<T, TOut> map)
        where T : notnull
        where TError : notnull
        where TOut : notnull
        => (await source).Map(map);

    /// <inheritdoc cref="Result{T, TError}.Map{TOut}"/>
    [OverloadResolutionPriority(2)]
    public static async Task<Result<TOut, TError>> MapAsync<T, TError, TOut>(
        this Task<Result<T, TError>> source, Func<T, Task<TOut>> map)
        where T : notnull
        where TError : notnull
        where TOut : notnull
        => await (await source).MapAsync(map);

    /// <inheritdoc cref="Result{T, TError}.Map{TOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Result<TOut, TError>> MapAsync<T, TError, TOut>(
        this Task<Result<T, TError>> source, Func<T, ValueTask<TOut>> map)
        where T : notnull
        where TError : notnull
        where TOut : notnull
        => await (await source).MapAsync(map);

    /// <inheritdoc cref="Result{T, TError}.MapError{TErrorOut}"/>
    public static async Task<Result<T, TErrorOut>> MapErrorAsync<T, TError, TErrorOut>(
        this Task<Result<T, TError>> source, Func<TError, TErrorOut> map)
        where T : notnull
        where TError : notnull
        where TErrorOut : notnull
        => (await source).MapError(map);

    /// <inheritdoc cref="Result{T, TError}.MapError{TErrorOut}"/>
    [OverloadResolutionPriority(2)]
    public static async Task<Result<T, TErrorOut>> MapErrorAsync<T, TError, TErrorOut>(
        this Task<Result<T, TError>> source, Func<TError, Task<TErrorOut>> map)
        where T : notnull
        where TError : notnull
        where TErrorOut : notnull
        => await (await source).MapErrorAsync(map);

    /// <inheritdoc cref="Result{T, TError}.MapError{TErrorOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Result<T, TErrorOut>> MapErrorAsync<T, TError, TErrorOut>(
        this Task<Result<T, TError>> source, Func<TError, ValueTask<TErrorOut>> map)
        where T : notnull
        where TError : notnull
        where TErrorOut : notnull
        => await (await source).MapErrorAsync(map);

    /// <inheritdoc cref="Result{T, TError}.Bind{TOut}"/>
    public static async Task<Result<TOut, TError>> BindAsync<T, TError, TOut>(
        this Task<Result<T, TError>> source, Func<T, Result<TOut, TError>> bind)
        where T : notnull
        where TError : notnull
        where TOut : notnull
        => (await source).Bind(bind);

    /// <inheritdoc cref="Result{T, TError}.Bind{TOut}"/>
    [OverloadResolutionPriority(2)]
    public static async Task<Result<TOut, TError>> BindAsync<T, TError, TOut>(
        this Task<Result<T, TError>> source, Func<T, Task<Result<TOut, TError>>> bind)
        where T : notnull
        where TError : notnull
        where TOut : notnull
        => await (await source).BindAsync(bind);

    /// <inheritdoc cref="Result{T, TError}.Bind{TOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Result<TOut, TError>> BindAsync<T, TError, TOut>(
        this Task<Result<T, TError>> source, Func<T, ValueTask<Result<TOut, TError>>> bind)
        where T : notnull
        where TError : notnull
        where TOut : notnull
        => await (await source).BindAsync(bind);

    /// <inheritdoc cref="Result{T, TError}.Match{TOut}"/>
    public static async Task<TOut> MatchAsync<T, TError, TOut>(
        this Task<Result<T, TError>> source, Func<T, TOut> success, Func<TError, TOut> failure)
        where T : notnull
        where TError : notnull
        => (await source).Match(success, failure);

    /// <inheritdoc cref="Result{T, TError}.Match{TOut}"/>
    [OverloadResolutionPriority(2)]
    public static async Task<TOut> MatchAsync<T, TError, TOut>(
        this Task<Result<T, TError>> source, Func<T, Task<TOut>> success, Func<TError, Task<TOut>> failure)
        where T : notnull
        where TError : notnull
        => await (await source).MatchAsync(success, failure);

    /// <inheritdoc cref="Result{T, TError}.Match{TOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<TOut> MatchAsync<T, TError, TOut>(
        this Task<Result<T, TError>> source, Func<T, ValueTask<TOut>> success, Func<TError, ValueTask<TOut>> failure)
        where T : notnull
        where TError : notnull
        => await (await source).MatchAsync(success, failure);

    /// <inheritdoc cref="Result{T, TError}.Filter"/>
    public static async Task<Result<T, TError>> FilterAsync<T, TError>(
        this Task<Result<T, TError>> source, Func<T, bool> predicate, Func<T, TError> error)
        where T : notnull
        where TError : notnull
        => (await source).Filter(predicate, error);

    /// <inheritdoc cref="Result{T, TError}.Filter"/>
    [OverloadResolutionPriority(2)]
    public static async Task<Result<T, TError>> FilterAsync<T, TError>(
        this Task<Result<T, TError>> source, Func<T, Task<bool>> predicate, Func<T, TError> error)
        where T : notnull
        where TError : notnull
        => await (await source).FilterAsync(predicate, error);

    /// <inheritdoc cref="Result{T, TError}.Filter"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Result<T, TError>> FilterAsync<T, TError>(
        this Task<Result<T, TError>> source, Func<T, ValueTask<bool>> predicate, Func<T, TError> error)
        where T : notnull
        where TError : notnull
        => await (await source).FilterAsync(predicate, error);
}
