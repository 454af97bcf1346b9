using System.Runtime.CompilerServices;

namespace Tallystick.Functional;

// An async lambda converts to a function returning a Task as well as to one returning a ValueTask, so two overloads that differ
// only in this are ambiguous (CSharpFunctionalExtensions#439). Here the overloads have priorities, by one rule: an async lambda
// is taken for the kind of the receiver, and on a plain Maybe for a Task. A method group, or a lambda that isn't async, has a
// return type of its own and picks the overload that fits. The whole returns the receiver's kind too; on a plain Maybe, the
// function's. The overloads for one receiver stay in one class, since priorities are compared only within a class.
// They are `this` methods and not in extension blocks, because CA2012 takes a ValueTask before a block's method for a misused one.

/// <summary>The operations of <see cref="Maybe{T}"/> with functions that return a task, on a Maybe or on a task of one.</summary>
public static partial class MaybeAsync
{
    /// <inheritdoc cref="Maybe{T}.Map{TOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Maybe<TOut>> MapAsync<T, TOut>(this Maybe<T> source, Func<T, Task<TOut>> map)
        where T : notnull
        where TOut : notnull
        => source.TryGet(out var value) ? Maybe<TOut>.Some(await map(value)) : Maybe<TOut>.None;

    /// <inheritdoc cref="Maybe{T}.Map{TOut}"/>
    public static async ValueTask<Maybe<TOut>> MapAsync<T, TOut>(this Maybe<T> source, Func<T, ValueTask<TOut>> map)
        where T : notnull
        where TOut : notnull
        => source.TryGet(out var value) ? Maybe<TOut>.Some(await map(value)) : Maybe<TOut>.None;

    /// <inheritdoc cref="Maybe{T}.Bind{TOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Maybe<TOut>> BindAsync<T, TOut>(this Maybe<T> source, Func<T, Task<Maybe<TOut>>> bind)
        where T : notnull
        where TOut : notnull
        => source.TryGet(out var value) ? await bind(value) : Maybe<TOut>.None;

    /// <inheritdoc cref="Maybe{T}.Bind{TOut}"/>
    public static async ValueTask<Maybe<TOut>> BindAsync<T, TOut>(this Maybe<T> source, Func<T, ValueTask<Maybe<TOut>>> bind)
        where T : notnull
        where TOut : notnull
        => source.TryGet(out var value) ? await bind(value) : Maybe<TOut>.None;

    /// <inheritdoc cref="Maybe{T}.Match{TOut}"/>
    [OverloadResolutionPriority(1)]
    public static async Task<TOut> MatchAsync<T, TOut>(this Maybe<T> source, Func<T, Task<TOut>> some, Func<Task<TOut>> none)
        where T : notnull
        => source.TryGet(out var value) ? await some(value) : await none();

    /// <inheritdoc cref="Maybe{T}.Match{TOut}"/>
    public static async ValueTask<TOut> MatchAsync<T, TOut>(
        this Maybe<T> source, Func<T, ValueTask<TOut>> some, Func<ValueTask<TOut>> none)
        where T : notnull
        => source.TryGet(out var value) ? await some(value) : await none();

    /// <inheritdoc cref="Maybe{T}.Filter"/>
    [OverloadResolutionPriority(1)]
    public static async Task<Maybe<T>> FilterAsync<T>(this Maybe<T> source, Func<T, Task<bool>> predicate)
        where T : notnull
        => source.TryGet(out var value) && await predicate(value) ? source : Maybe<T>.None;

    /// <inheritdoc cref="Maybe{T}.Filter"/>
    public static async ValueTask<Maybe<T>> FilterAsync<T>(this Maybe<T> source, Func<T, ValueTask<bool>> predicate)
        where T : notnull
        => source.TryGet(out var value) && await predicate(value) ? source : Maybe<T>.None;
}
