using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Functional;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Text;

namespace Tallystick.Tests.Testing.Text;

public enum Colour
{
    None,
    Red,
}

[Flags]
public enum Rights
{
    None = 0,
    Read = 1,
    Write = 2,
}

public sealed record Line(string Sku, int Quantity, decimal Price);

public sealed record Basket(string Owner, ImmutableArray<Line> Lines)
{
    public decimal Total => Lines.Sum(line => line.Quantity * line.Price);
}

public sealed record Page<T>(ImmutableList<T> Items, Maybe<int> Next)
{
    public sealed record Mark(T At);
}

public abstract record Shape
{
    private Shape()
    {
    }

    public sealed record Circle(double Radius) : Shape;

    public sealed record Square : Shape
    {
        public required float Side { get; init; }

        public string? Name { get; init; }
    }
}

public sealed record Optional(int Id, string? Note = null, EventMetadata? Origin = null, Colour Colour = default);

public sealed record Counts(byte B, sbyte Sb, short S, ushort Us, uint U, long L, ulong Ul, char C, int? Maybe);

public sealed record Held(object Any, IReadOnlyList<long> Numbers, IReadOnlyDictionary<string, int> ByName, ImmutableHashSet<string> Names);

/// <summary>A closed set of constants, with no public way to make another.</summary>
public sealed class Currency : IEquatable<Currency>
{
    private readonly string _code;

    private Currency(string code) => _code = code;

    public static Currency Euro { get; } = new("EUR");

    public static Currency Hidden() => new("XXX");

    public bool Equals(Currency? other) => other?._code == _code;

    public override bool Equals(object? obj) => Equals(obj as Currency);

    public override int GetHashCode() => _code.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => _code;
}

internal static class CSharpTextSamples
{
    /// <summary>One of everything that events, commands and states are made of.</summary>
    public static IReadOnlyList<object?> All { get; } =
    [
        null, true, 'a', '\'', '"', '\n', "", "a \"quoted\" \\ back", "line\nbreak\r\t\0\u0001\u200b\u2028 ümlaut 😀", "{brace}",
        0, -3, int.MinValue, 3L, long.MinValue, 7u, 7ul, (byte)5, (sbyte)-5, (short)-6, (ushort)6, (nint)(-8), (nuint)8, 1.5f, -0.1d, 1e300, 5d,
        double.NaN, double.NegativeInfinity, float.PositiveInfinity, 1.50m, -1m, decimal.MaxValue, (Int128)5, System.Numerics.BigInteger.Parse("-123456789012345678901234567890"),
        Colour.Red, (Colour)7, (Colour)(-7), Rights.Read | Rights.Write, typeof(Page<int>.Mark),
        new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 11, 1, 1, 2, 3, 4, 5, TimeSpan.FromMinutes(90)).AddTicks(6),
        new DateTime(2026, 1, 2, 3, 4, 5, 6, DateTimeKind.Utc), new DateOnly(2026, 2, 3), new TimeOnly(1, 2, 3, 4), new TimeOnly(1, 2, 3).Add(TimeSpan.FromTicks(1)),
        TimeSpan.Zero, TimeSpan.FromDays(2), TimeSpan.FromHours(-3), TimeSpan.FromMilliseconds(1500), TimeSpan.FromTicks(12345),
        Guid.Parse("0198e0a5-0000-7000-8000-000000000001"), new Uri("https://example.com/a?b=c"), new Uri("/a", UriKind.Relative), new Version(1, 2),
        StreamId.Parse("order-42"), default(StreamId), TenantId.Parse("acme"), default(TenantId), TenantId.Platform, LogPosition.Of(3), StreamVersion.None,
        ExpectedVersion.Any, new Rejection("order-empty", "Nothing in it."), EventMetadata.None, new EventMetadata(UserId: "ann"),
        Maybe<int>.None, Maybe<string>.Some("a"), Result<int, string>.Success(3), Result<int, string>.Failure("no"),
        (1, "two"), (1, (3L, 4m)), new KeyValuePair<string, int>("a", 1),
        ImmutableArray<int>.Empty, ImmutableArray.Create(1, 2), default(ImmutableArray<int>), new long[] { 1, 2 }, new byte[] { 1, 255 }, Array.Empty<byte>(),
        new List<string?> { "a", null }, new HashSet<int> { 1 }, ImmutableSortedSet.Create("b", "a"), new[] { new[] { 1 }, [] },
        new Dictionary<string, decimal> { ["a"] = 1.5m }, ImmutableDictionary<string, int>.Empty.Add("x", 1),
        new Dictionary<string, int> { ["a"] = 1 }.ToFrozenDictionary(), new SortedDictionary<int, int>(), ImmutableSortedDictionary<int, Line>.Empty,
        new Line("hat", 2, 1.50m), new Basket("ann", [new Line("hat", 2, 1.50m), new Line("scarf", 1, 20m)]), new Basket("bob", []), new Basket("cy", default),
        new Basket("a customer with a long name", [.. Enumerable.Range(1, 4).Select(i => new Line($"article-number-{i}", i, 12.50m))]),
        new Page<Line>([new Line("hat", 1, 2m)], Maybe<int>.Some(2)), new Page<int>.Mark(3), new Page<Shape>([new Shape.Circle(1.5), new Shape.Square { Side = 2f }], default),
        new Optional(1), new Optional(1, null, null, Colour.Red), new Optional(2, "x"), new Optional(3, Origin: new EventMetadata("c")),
        new Counts(1, -2, -3, 4, 5, 6, 7, 'c', null), new Counts(1, 2, 3, 4, 5, 6, 7, '\\', 9),
        new Held(ImmutableArray.Create(1m), [1, 2], new Dictionary<string, int> { ["k"] = 1 }, ["n"]), new Held((byte)1, [], ImmutableDictionary<string, int>.Empty, []),
        new { A = 1, B = "two" }, Currency.Euro, default(Line?), new Hash(7), new Command { Id = 1, Names = ["x"] }, JsonNode.Parse("""{"a":[1,"x"]}"""),
    ];
}

public readonly record struct Hash(int Value);

public sealed class Command
{
    public int Id { get; set; }

    public List<string> Names { get; init; } = [];
}
