using System.Runtime.CompilerServices;

namespace Tallystick.Functional;

// An async lambda converts to a function returning a Task as well as to one returning a ValueTask, so two overloads that differ
// only in this are ambiguous (CSharpFunctionalExtensions#439). Here the overloads have priorities, by one rule: an async lambda
// is taken for the kind of the receiver, and on a plain Result for a Task. A method group, or a lambda that isn't async, has a
// return type of its own and picks the overload that fits. The whole returns the receiver's kind too; on a plain Result, the
// function's. The overloads for one receiver stay in one class, since priorities are compared only within a class.
// They are `this` methods and not in extension blocks, because CA2012 takes a ValueTask before a block's method for a misused one.

/// <summary>The operations of <see cref="Result{T, TError}"/> with functions that return a task, on a Result or on a task of one.</summary>
public static partial class ResultAsync
{
    /// <inheritdoc cref="Result{T, TError}.Map{TOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Result<TOut, TError>> MapAsync<T, TError, TOut>(this Result<T, TError> source, Func<T, Task<TOut>> map)
        where T : notnull
        where TError : notnull
        where TOut : notnull
        => source.TryGet(out var value, out var error)
            ? Result<TOut, TError>.Success(await map(value))
            : Result<TOut, TError>.Failure(error);

    /// <inheritdoc cref="Result{T, TError}.Map{TOut}"/>
    public static async ValueTask<Result<TOut, TError>> MapAsync<T, TError, TOut>(
        this Result<T, TError> source, Func<T, ValueTask<TOut>> map)
        where T : notnull
        where TError : notnull
        where TOut : notnull
        => source.TryGet(out var value, out var error)
            ? Result<TOut, TError>.Success(await map(value))
            : Result<TOut, TError>.Failure(error);

    /// <inheritdoc cref="Result{T, TError}.MapError{TErrorOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Result<T, TErrorOut>> MapErrorAsync<T, TError, TErrorOut>(
        this Result<T, TError> source, Func<TError, Task<TErrorOut>> map)
        where T : notnull
        where TError : notnull
        where TErrorOut : notnull
        => source.TryGet(out var value, out var error)
            ? Result<T, TErrorOut>.Success(value)
            : Result<T, TErrorOut>.Failure(await map(error));

    /// <inheritdoc cref="Result{T, TError}.MapError{TErrorOut}"/>
    public static async ValueTask<Result<T, TErrorOut>> MapErrorAsync<T, TError, TErrorOut>(
        this Result<T, TError> source, Func<TError, ValueTask<TErrorOut>> map)
        where T : notnull
        where TError : notnull
        where TErrorOut : notnull
        => source.TryGet(out var value, out var error)
            ? Result<T, TErrorOut>.Success(value)
            : Result<T, TErrorOut>.Failure(await map(error));

    /// <inheritdoc cref="Result{T, TError}.Bind{TOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Result<TOut, TError>> BindAsync<T, TError, TOut>(
        this Result<T, TError> source, Func<T, Task<Result<TOut, TError>>> bind)
        where T : notnull
        where TError : notnull
        where TOut : notnull
        => source.TryGet(out var value, out var error) ? await bind(value) : Result<TOut, TError>.Failure(error);

    /// <inheritdoc cref="Result{T, TError}.Bind{TOut}"/>
    public static async ValueTask<Result<TOut, TError>> BindAsync<T, TError, TOut>(
        this Result<T, TError> source, Func<T, ValueTask<Result<TOut, TError>>> bind)
        where T : notnull
        where TError : notnull
        where TOut : notnull
        => source.TryGet(out var value, out var error) ? await bind(value) : Result<TOut, TError>.Failure(error);

    /// <inheritdoc cref="Result{T, TError}.Match{TOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<TOut> MatchAsync<T, TError, TOut>(
        this Result<T, TError> source, Func<T, Task<TOut>> success, Func<TError, Task<TOut>> failure)
        where T : notnull
        where TError : notnull
        => source.TryGet(out var value, out var error) ? await success(value) : await failure(error);

    /// <inheritdoc cref="Result{T, TError}.Match{TOut}"/>
    public static async ValueTask<TOut> MatchAsync<T, TError, TOut>(
        this Result<T, TError> source, Func<T, ValueTask<TOut>> success, Func<TError, ValueTask<TOut>> failure)
        where T : notnull
        where TError : notnull
        => source.TryGet(out var value, out var error) ? await success(value) : await failure(error);

    /// <inheritdoc cref="Result{T, TError}.Filter"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Result<T, TError>> FilterAsync<T, TError>(
        this Result<T, TError> source, Func<T, Task<bool>> predicate, Func<T, TError> error)
        where T : notnull
        where TError : notnull
        => source.TryGet(out var value) && !await predicate(value) ? Result<T, TError>.Failure(error(value)) : source;

    /// <inheritdoc cref="Result{T, TError}.Filter"/>
    public static async ValueTask<Result<T, TError>> FilterAsync<T, TError>(
        this Result<T, TError> source, Func<T, ValueTask<bool>> predicate, Func<T, TError> error)
        where T : notnull
        where TError : notnull
        => source.TryGet(out var value) && !await predicate(value) ? Result<T, TError>.Failure(error(value)) : source;
}
