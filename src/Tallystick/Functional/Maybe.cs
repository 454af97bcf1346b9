#define CONTRACTS_FULL // Keeps [Pure] in the assembly, where a caller's analyzer looks for it.

using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Contracts;
using System.Text.Json.Serialization;

namespace Tallystick.Functional;

// A Maybe is a struct because its default is a meaningful value: none. So an absent JSON property, a new array's element and
// an uninitialised field are all none, and no Maybe is ever null. There is no `Value` that throws: Match, TryGet and GetValueOr
// make the caller say what happens with none. [Pure] makes analyzer CA1806 report a call whose result is dropped.

/// <summary>A value of type <typeparamref name="T"/>, or none. <c>default</c> is none.</summary>
/// <remarks>In JSON, some is the value itself and none is <c>null</c>; an absent property reads as none.</remarks>
/// <typeparam name="T">The value's type; a null value can't be held.</typeparam>
[JsonConverter(typeof(MaybeJsonConverterFactory))]
public readonly record struct Maybe<T>
    where T : notnull
{
    private readonly bool _hasValue;
    private readonly T _value;

    private Maybe(T value)
    {
        _hasValue = true;
        _value = value;
    }

    /// <summary>No value; the same as <c>default</c>.</summary>
    public static Maybe<T> None => default;

    /// <summary>Whether there is a value.</summary>
    public bool IsSome => _hasValue;

    /// <summary>Whether there is no value.</summary>
    public bool IsNone => !_hasValue;

    /// <summary>Holds <paramref name="value"/>.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is null; <c>Maybe.From</c> turns null into none.</exception>
    [Pure]
    public static Maybe<T> Some(T value) => value is null
        ? throw new ArgumentNullException(
            nameof(value), $"Some of {typeof(T).Name} was given null. Use Maybe.From to turn null into none, or Maybe.None.")
        : new Maybe<T>(value);

    /// <summary>Reads the value: true and the value, or false when there is none.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return _hasValue;
    }

    /// <summary>Applies <paramref name="map"/> to the value; none stays none.</summary>
    /// <exception cref="ArgumentNullException">
    /// <paramref name="map"/> returned null; use <see cref="Bind{TOut}"/> with <c>Maybe.From</c>.
    /// </exception>
    [Pure]
    public Maybe<TOut> Map<TOut>(Func<T, TOut> map)
        where TOut : notnull
        => _hasValue ? Maybe<TOut>.Some(map(_value)) : Maybe<TOut>.None;

    /// <summary>Applies <paramref name="bind"/>, which may itself find nothing, to the value; none stays none.</summary>
    [Pure]
    public Maybe<TOut> Bind<TOut>(Func<T, Maybe<TOut>> bind)
        where TOut : notnull
        => _hasValue ? bind(_value) : Maybe<TOut>.None;

    /// <summary>Answers with <paramref name="some"/> of the value, or with <paramref name="none"/>.</summary>
    public TOut Match<TOut>(Func<T, TOut> some, Func<TOut> none) => _hasValue ? some(_value) : none();

    /// <summary>Keeps the value if <paramref name="predicate"/> holds for it; else none.</summary>
    [Pure]
    public Maybe<T> Filter(Func<T, bool> predicate) => _hasValue && predicate(_value) ? this : None;

    /// <summary>This if there is a value, else what <paramref name="alternative"/> returns.</summary>
    [Pure]
    public Maybe<T> OrElse(Func<Maybe<T>> alternative) => _hasValue ? this : alternative();

    /// <summary>The value, or <paramref name="fallback"/>. (For null as the fallback, use <c>ToNullable</c>.)</summary>
    [Pure]
    public T GetValueOr(T fallback) => _hasValue ? _value : fallback;

    /// <summary>The value, or what <paramref name="fallback"/> returns; it is called only when there is no value.</summary>
    [Pure]
    public T GetValueOr(Func<T> fallback) => _hasValue ? _value : fallback();

    /// <summary>A success with the value, or a failure with what <paramref name="error"/> returns.</summary>
    [Pure]
    public Result<T, TError> ToResult<TError>(Func<TError> error)
        where TError : notnull
        => _hasValue ? Result<T, TError>.Success(_value) : Result<T, TError>.Failure(error());

    /// <summary><see cref="Map{TOut}"/>, for <c>select</c> in query syntax.</summary>
    [Pure]
    public Maybe<TOut> Select<TOut>(Func<T, TOut> map)
        where TOut : notnull
        => Map(map);

    /// <summary><see cref="Bind{TOut}"/>, for a second <c>from</c> in query syntax.</summary>
    [Pure]
    public Maybe<TOut> SelectMany<TMiddle, TOut>(Func<T, Maybe<TMiddle>> bind, Func<T, TMiddle, TOut> project)
        where TMiddle : notnull
        where TOut : notnull
        => Bind(value => bind(value).Map(middle => project(value, middle)));

    /// <summary><see cref="Filter"/>, for <c>where</c> in query syntax.</summary>
    [Pure]
    public Maybe<T> Where(Func<T, bool> predicate) => Filter(predicate);

    /// <summary><c>Some(value)</c> or <c>None</c>.</summary>
    public override string ToString() => _hasValue ? $"Some({_value})" : "None";
}

/// <summary>Makes <see cref="Maybe{T}"/>s with their type inferred.</summary>
public static class Maybe
{
    /// <inheritdoc cref="Maybe{T}.Some"/>
    [Pure]
    public static Maybe<T> Some<T>(T value)
        where T : notnull
        => Maybe<T>.Some(value);

    /// <inheritdoc cref="Maybe{T}.None"/>
    [Pure]
    public static Maybe<T> None<T>()
        where T : notnull
        => Maybe<T>.None;

    /// <summary>Turns a nullable reference into a <see cref="Maybe{T}"/>: null becomes none.</summary>
    [Pure]
    public static Maybe<T> From<T>(T? value)
        where T : class
        => value is null ? Maybe<T>.None : Maybe<T>.Some(value);

    /// <summary>Turns a nullable value into a <see cref="Maybe{T}"/>: null becomes none.</summary>
    [Pure]
    public static Maybe<T> From<T>(T? value)
        where T : struct
        => value is null ? Maybe<T>.None : Maybe<T>.Some(value.Value);
}
