using System.Collections.Immutable;
using Tallystick.Commands;

namespace Tallystick.AspNetCore.Problems;

/// <summary>A request has invalid values. It is answered with 400 and all of them; see <see cref="InputReader"/>.</summary>
/// <param name="errors">What is wrong with which field.</param>
public sealed class InvalidInputException(ImmutableArray<ValidationFailure> errors)
    : Exception("The request has invalid values: " + string.Join(" ", errors.Select(error => $"{error.Field}: {error.Message}")))
{
    /// <summary>What is wrong with which field.</summary>
    public ImmutableArray<ValidationFailure> Errors { get; } = errors;
}
