using System.Collections.Frozen;
using System.Collections.Immutable;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Functional;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Testing.Generation;

public sealed record Everything(
    string Text,
    int Whole,
    byte Small,
    long Large,
    decimal Amount,
    double Real,
    bool Flag,
    char Letter,
    Guid Id,
    DateTimeOffset Time,
    DateTime Utc,
    DateOnly Day,
    TimeOnly Clock,
    TimeSpan Span,
    Uri Link,
    Version Version,
    DayOfWeek Weekday,
    StreamId Stream,
    TenantId Tenant,
    LogPosition Position,
    string? Note,
    int? Perhaps,
    Maybe<string> Maybe,
    ImmutableArray<Item> Items,
    ImmutableList<int> Numbers,
    ImmutableHashSet<string> Words,
    FrozenSet<int> Frozen,
    ImmutableSortedDictionary<string, decimal> Prices,
    ImmutableDictionary<int, Item> ById,
    (int Left, string Right) Pair,
    Shape Shape)
{
    public bool Extra { get; init; }
}

public sealed record Item(string Name, int Count);

public abstract record Shape;

public sealed record Dot : Shape;

public sealed record Circle(decimal Radius) : Shape;

public sealed record Group(ImmutableArray<Shape> Members, Shape? Frame) : Shape;

/// <summary>With rules of all sorts, one of them over two fields.</summary>
public sealed record Transfer(string Source, string Target, string Currency, ImmutableArray<Part> Amounts, int Percent, string Reference, DateTimeOffset At) : IValidated
{
    public IEnumerable<ValidationFailure> Validate()
    {
        if (Source.Length is 0 or > 10 || Source.Any(c => !char.IsAsciiLetterLower(c)))
            yield return new ValidationFailure("source", "Use 1 to 10 lower-case letters.");
        if (string.IsNullOrWhiteSpace(Target))
            yield return new ValidationFailure("target", "Name the target.");
        if (Source == Target)
            yield return new ValidationFailure("", "Source and target must differ.");
        if (Currency is not { Length: 3 } || !Currency.All(char.IsAsciiLetterUpper))
            yield return new ValidationFailure("currency", "Use three upper-case letters.");
        if (Amounts.Length > 3)
            yield return new ValidationFailure("amounts", "Use at most 3 amounts.");
        for (var i = 0; i < Amounts.Length; i++)
        {
            if (Amounts[i].Amount <= 0 || decimal.Round(Amounts[i].Amount, 2) != Amounts[i].Amount)
                yield return new ValidationFailure($"amounts[{i}].amount", "Use a positive amount with at most two decimals.");
        }

        if (Percent is < 1 or > 100)
            yield return new ValidationFailure("percent", "Use 1 to 100.");
        if (!Guid.TryParse(Reference, out _))
            yield return new ValidationFailure("reference", "Use a UUID.");
    }
}

public sealed record Part(decimal Amount, string Purpose);

/// <summary>Its rule can't be guessed.</summary>
public sealed record Voucher(string Code, int Count) : IValidated
{
    public IEnumerable<ValidationFailure> Validate()
    {
        if (Code != "X-7731")
            yield return new ValidationFailure("code", "Use a code of this year's list.");
    }
}

public sealed record CartLike(int Count);

public sealed class OnlyEven : CommandValidator<CartLike>
{
    public override IEnumerable<ValidationFailure> Validate(CartLike command)
    {
        if (command.Count % 2 != 0)
            yield return new ValidationFailure("count", "Use an even number.");
    }
}

public sealed record Careless(string Text) : IValidated
{
    public IEnumerable<ValidationFailure> Validate() => throw new InvalidOperationException("oops");
}

public sealed record Percentage
{
    public Percentage(int value) => Value = value is >= 1 and <= 100 ? value : throw new ArgumentOutOfRangeException(nameof(value));

    public int Value { get; }
}

public sealed record Never
{
    public Never(int value) => throw new ArgumentException($"no.{(value == 0 ? "" : "")}");
}

public sealed class Hidden
{
    private Hidden()
    {
    }
}

public interface IOpen;
