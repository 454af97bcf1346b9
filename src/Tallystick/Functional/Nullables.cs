#define CONTRACTS_FULL // Keeps [Pure] in the assembly, where a caller's analyzer looks for it.

using System.Diagnostics.Contracts;

namespace Tallystick.Functional;

// Two classes, because `T?` is a different type for classes and for structs while the two ToNullable have the same parameters:
// in one class they would collide; in two, the compiler picks the one whose constraint fits.

/// <summary>Turns a <see cref="Maybe{T}"/> or <see cref="Result{T, TError}"/> of a reference type into a nullable reference.</summary>
public static class NullableReferences
{
    /// <summary>The value, or null if there is none.</summary>
    [Pure]
    public static T? ToNullable<T>(this Maybe<T> maybe)
        where T : class
        => maybe.TryGet(out var value) ? value : null;

    /// <summary>The value, or null if this is a failure; the error is lost.</summary>
    [Pure]
    public static T? ToNullable<T, TError>(this Result<T, TError> result)
        where T : class
        where TError : notnull
        => result.TryGet(out var value) ? value : null;
}

/// <summary>Turns a <see cref="Maybe{T}"/> or <see cref="Result{T, TError}"/> of a value type into a <see cref="Nullable{T}"/>.</summary>
public static class NullableValues
{
    /// <summary>The value, or null if there is none.</summary>
    [Pure]
    public static T? ToNullable<T>(this Maybe<T> maybe)
        where T : struct
        => maybe.TryGet(out var value) ? value : null;

    /// <summary>The value, or null if this is a failure; the error is lost.</summary>
    [Pure]
    public static T? ToNullable<T, TError>(this Result<T, TError> result)
        where T : struct
        where TError : notnull
        => result.TryGet(out var value) ? value : null;
}
