#define CONTRACTS_FULL // Keeps [Pure] in the assembly, where a caller's analyzer looks for it.

using System.Collections.Immutable;
using System.Diagnostics.Contracts;

namespace Tallystick.Functional;

/// <summary>Makes and combines <see cref="Result{T, TError}"/>s.</summary>
public static class Result
{
    /// <inheritdoc cref="Result{T, TError}.Success"/>
    [Pure]
    public static Result<T, TError> Success<T, TError>(T value)
        where T : notnull
        where TError : notnull
        => Result<T, TError>.Success(value);

    /// <inheritdoc cref="Result{T, TError}.Failure"/>
    [Pure]
    public static Result<T, TError> Failure<T, TError>(TError error)
        where T : notnull
        where TError : notnull
        => Result<T, TError>.Failure(error);

    /// <summary>Turns a nullable reference into a result: null becomes a failure with what <paramref name="error"/> returns.</summary>
    [Pure]
    public static Result<T, TError> From<T, TError>(T? value, Func<TError> error)
        where T : class
        where TError : notnull
        => Maybe.From(value).ToResult(error);

    /// <summary>Turns a nullable value into a result: null becomes a failure with what <paramref name="error"/> returns.</summary>
    [Pure]
    public static Result<T, TError> From<T, TError>(T? value, Func<TError> error)
        where T : struct
        where TError : notnull
        => Maybe.From(value).ToResult(error);

    /// <summary>All values in their order, or all errors in their order if there is any. No results make a success of no values.</summary>
    [Pure]
    public static Result<ImmutableArray<T>, ImmutableArray<TError>> Combine<T, TError>(IEnumerable<Result<T, TError>> results)
        where T : notnull
        where TError : notnull
    {
        var values = ImmutableArray.CreateBuilder<T>();
        var errors = ImmutableArray.CreateBuilder<TError>();
        foreach (var result in results)
        {
            if (result.TryGet(out var value, out var error))
                values.Add(value);
            else
                errors.Add(error);
        }

        return Combined(values.ToImmutable, errors);
    }

    /// <summary>Both values, or all errors in their order.</summary>
    [Pure]
    public static Result<(T1 First, T2 Second), ImmutableArray<TError>> Combine<T1, T2, TError>(
        Result<T1, TError> first, Result<T2, TError> second)
        where T1 : notnull
        where T2 : notnull
        where TError : notnull
    {
        var errors = ImmutableArray.CreateBuilder<TError>();
        var one = ValueOrKeepError(first, errors);
        var two = ValueOrKeepError(second, errors);
        return Combined(() => (one!, two!), errors);
    }

    /// <summary>All three values, or all errors in their order.</summary>
    [Pure]
    public static Result<(T1 First, T2 Second, T3 Third), ImmutableArray<TError>> Combine<T1, T2, T3, TError>(
        Result<T1, TError> first, Result<T2, TError> second, Result<T3, TError> third)
        where T1 : notnull
        where T2 : notnull
        where T3 : notnull
        where TError : notnull
    {
        var errors = ImmutableArray.CreateBuilder<TError>();
        var one = ValueOrKeepError(first, errors);
        var two = ValueOrKeepError(second, errors);
        var three = ValueOrKeepError(third, errors);
        return Combined(() => (one!, two!, three!), errors);
    }

    /// <summary>All four values, or all errors in their order. For more, combine combinations or make the values of one type.</summary>
    [Pure]
    public static Result<(T1 First, T2 Second, T3 Third, T4 Fourth), ImmutableArray<TError>> Combine<T1, T2, T3, T4, TError>(
        Result<T1, TError> first, Result<T2, TError> second, Result<T3, TError> third, Result<T4, TError> fourth)
        where T1 : notnull
        where T2 : notnull
        where T3 : notnull
        where T4 : notnull
        where TError : notnull
    {
        var errors = ImmutableArray.CreateBuilder<TError>();
        var one = ValueOrKeepError(first, errors);
        var two = ValueOrKeepError(second, errors);
        var three = ValueOrKeepError(third, errors);
        var four = ValueOrKeepError(fourth, errors);
        return Combined(() => (one!, two!, three!, four!), errors);
    }

    private static T? ValueOrKeepError<T, TError>(Result<T, TError> result, ImmutableArray<TError>.Builder errors)
        where T : notnull
        where TError : notnull
    {
        if (!result.TryGet(out var value, out var error))
            errors.Add(error);
        return value;
    }

    private static Result<T, ImmutableArray<TError>> Combined<T, TError>(Func<T> value, ImmutableArray<TError>.Builder errors)
        where T : notnull
        => errors.Count == 0
            ? Result<T, ImmutableArray<TError>>.Success(value())
            : Result<T, ImmutableArray<TError>>.Failure(errors.ToImmutable());
}
