#define CONTRACTS_FULL // Keeps [Pure] in the assembly, where a caller's analyzer looks for it.

using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Contracts;
using System.Text.Json.Serialization;

namespace Tallystick.Functional;

// A Result is a class, not a struct, for the sake of its default. A struct's default would exist in every new array, absent JSON
// property and `out` that was never set, neither success nor failure (error-or#102: a default that looks valid), and the best
// it could do is to throw when it is used. A class's default is null, which the compiler's nullable analysis refuses to let in.
// The price is one small allocation for each result, which is nothing beside the command or the append that it reports.
// [Pure] makes analyzer CA1806 report a call whose result is dropped.

/// <summary>The outcome of something that can be refused: a success with a value, or a failure with an error.</summary>
/// <remarks>
/// In JSON, a success is <c>{"value": ...}</c> and a failure <c>{"error": ...}</c>. There is no <c>where</c> in query syntax,
/// since it couldn't say with which error to fail: use <see cref="Filter"/>.
/// </remarks>
/// <typeparam name="T">The value's type; a null value can't be held.</typeparam>
/// <typeparam name="TError">The error's type; a null error can't be held.</typeparam>
[JsonConverter(typeof(ResultJsonConverterFactory))]
public sealed record Result<T, TError>
    where T : notnull
    where TError : notnull
{
    private readonly T? _value;
    private readonly TError? _error;

    private Result(bool isSuccess, T? value, TError? error)
    {
        IsSuccess = isSuccess;
        _value = value;
        _error = error;
    }

    /// <summary>Whether this is a success.</summary>
    public bool IsSuccess { get; }

    /// <summary>Whether this is a failure.</summary>
    public bool IsFailure => !IsSuccess;

    /// <summary>A success with <paramref name="value"/>.</summary>
    /// <exception cref="ArgumentNullException">
    /// <paramref name="value"/> is null; use a <see cref="Maybe{T}"/> as the value's type.
    /// </exception>
    [Pure]
    public static Result<T, TError> Success(T value) => value is null
        ? throw new ArgumentNullException(
            nameof(value), $"Success of {typeof(T).Name} was given null. Use Maybe<{typeof(T).Name}> where there may be no value.")
        : new Result<T, TError>(true, value, default);

    /// <summary>A failure with <paramref name="error"/>.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="error"/> is null; a failure says why.</exception>
    [Pure]
    public static Result<T, TError> Failure(TError error) => error is null
        ? throw new ArgumentNullException(
            nameof(error), $"Failure of {typeof(TError).Name} was given null. Give it an error that says why.")
        : new Result<T, TError>(false, default, error);

    /// <summary>Reads the value: true and the value, or false when this is a failure.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return IsSuccess;
    }

    /// <summary>Reads the value or the error: true and the value, or false and the error.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value, [MaybeNullWhen(true)] out TError error)
    {
        value = _value;
        error = _error;
        return IsSuccess;
    }

    /// <summary>Reads the error: true and the error, or false when this is a success.</summary>
    public bool TryGetError([MaybeNullWhen(false)] out TError error)
    {
        error = _error;
        return IsFailure;
    }

    /// <summary>Applies <paramref name="map"/> to the value; a failure stays as it is.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="map"/> returned null.</exception>
    [Pure]
    public Result<TOut, TError> Map<TOut>(Func<T, TOut> map)
        where TOut : notnull
        => IsSuccess ? Result<TOut, TError>.Success(map(_value!)) : Result<TOut, TError>.Failure(_error!);

    /// <summary>Applies <paramref name="map"/> to the error; a success stays as it is.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="map"/> returned null.</exception>
    [Pure]
    public Result<T, TErrorOut> MapError<TErrorOut>(Func<TError, TErrorOut> map)
        where TErrorOut : notnull
        => IsSuccess ? Result<T, TErrorOut>.Success(_value!) : Result<T, TErrorOut>.Failure(map(_error!));

    /// <summary>Applies <paramref name="bind"/>, which may itself fail, to the value; a failure stays as it is.</summary>
    [Pure]
    public Result<TOut, TError> Bind<TOut>(Func<T, Result<TOut, TError>> bind)
        where TOut : notnull
        => IsSuccess ? bind(_value!) : Result<TOut, TError>.Failure(_error!);

    /// <summary>Answers with <paramref name="success"/> of the value, or with <paramref name="failure"/> of the error.</summary>
    public TOut Match<TOut>(Func<T, TOut> success, Func<TError, TOut> failure) => IsSuccess ? success(_value!) : failure(_error!);

    /// <summary>
    /// Keeps a success if <paramref name="predicate"/> holds for its value, else fails with what <paramref name="error"/> returns
    /// for that value. A failure stays as it is.
    /// </summary>
    [Pure]
    public Result<T, TError> Filter(Func<T, bool> predicate, Func<T, TError> error)
        => IsFailure || predicate(_value!) ? this : Failure(error(_value!));

    /// <summary>The value, or <paramref name="fallback"/>; the error is lost.</summary>
    [Pure]
    public T GetValueOr(T fallback) => IsSuccess ? _value! : fallback;

    /// <summary>The value, or what <paramref name="fallback"/> makes of the error.</summary>
    [Pure]
    public T GetValueOr(Func<TError, T> fallback) => IsSuccess ? _value! : fallback(_error!);

    /// <summary>Some value, or none if this is a failure; the error is lost.</summary>
    [Pure]
    public Maybe<T> ToMaybe() => IsSuccess ? Maybe<T>.Some(_value!) : Maybe<T>.None;

    /// <summary><see cref="Map{TOut}"/>, for <c>select</c> in query syntax.</summary>
    [Pure]
    public Result<TOut, TError> Select<TOut>(Func<T, TOut> map)
        where TOut : notnull
        => Map(map);

    /// <summary><see cref="Bind{TOut}"/>, for a second <c>from</c> in query syntax.</summary>
    [Pure]
    public Result<TOut, TError> SelectMany<TMiddle, TOut>(Func<T, Result<TMiddle, TError>> bind, Func<T, TMiddle, TOut> project)
        where TMiddle : notnull
        where TOut : notnull
        => Bind(value => bind(value).Map(middle => project(value, middle)));

    /// <summary><c>Success(value)</c> or <c>Failure(error)</c>.</summary>
    public override string ToString() => IsSuccess ? $"Success({_value})" : $"Failure({_error})";
}
