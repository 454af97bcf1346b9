// These types are wrong on purpose, and only looked at through reflection.
#pragma warning disable CA1051, CS0067, CS0169
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Numerics;
using System.Text;
using Tallystick.Functional;

namespace Tallystick.Tests.Functional;

/// <summary>Types for <see cref="ImmutabilityTests"/>.</summary>
public static class ImmutabilitySamples
{
    public sealed record Everything(
        bool Flag, char Letter, double Real, decimal Amount, Guid Id, DateTime Time, DateTimeOffset At, DateOnly Day, TimeOnly Hour,
        TimeSpan Span, Uri Link, Version Version, DayOfWeek Weekday, int? Perhaps, BigInteger Big, Int128 Wide, Half Small, Rune Rune,
        ImmutableArray<int> Array, ImmutableList<string> List, ImmutableDictionary<string, Point> Map,
        ImmutableSortedDictionary<int, Guid> SortedMap, ImmutableHashSet<int> Set, ImmutableSortedSet<int> SortedSet,
        ImmutableQueue<int> Queue, ImmutableStack<int> Stack, FrozenSet<int> FrozenSet, FrozenDictionary<int, Point?> FrozenMap,
        (int X, string Name) Tuple, Maybe<string> Note, Result<Point, string> Outcome, KeyValuePair<string, int> Pair)
    {
        public required string Title { get; init; }

        public readonly int Field;

        private readonly string _checked = "";

        public string Checked
        {
            get => _checked;
            init => _checked = value.Trim();
        }
    }

    public readonly record struct Point(int X, int Y);

    public struct InitStruct
    {
        public int X { get; init; }
    }

    public record struct Mutable(int X);

    public sealed record Tree(int Value, ImmutableArray<Tree> Children, Tree? Parent, Maybe<Tree> Other);

    public sealed class Computed(int a, int b)
    {
        public int Sum { get; } = a + b;

        public int Twice => Sum * 2;
    }

    public sealed record Order(string Number, ImmutableArray<Line> Lines, Line? Best);

    public sealed record Line(string Text)
    {
        public decimal Price { get; set; }
    }

    public abstract class FlawedBase
    {
        public readonly int Fine;
        private int inherited;
    }

    public sealed class Flawed(int captured) : FlawedBase
    {
        public int open;
        private static int s_static;
        private int _hidden;

        public event EventHandler? Changed;

        public int Automatic { get; set; }

        public int PrivatelySet { get; private set; }

        public int Elsewhere
        {
            get => s_static;
            set => s_static = value;
        }

        public string Lazy => field ??= "computed";

        public int Captured => captured;
    }

    public abstract record GoodShape
    {
        private GoodShape()
        {
        }

        public sealed record Round(double Radius) : GoodShape;

        public sealed record Empty : GoodShape;
    }

    public sealed record Drawing(Shape Shape);

    public sealed record CircleThenShape(Circle One, Shape Any);

    public abstract record Shape(string Name);

    public sealed record Circle(double Radius) : Shape("circle");

    public record Square : Shape
    {
        public Square()
            : base("square")
        {
        }

        public double Side { get; set; }
    }

    public sealed record Cube : Square
    {
        public double Depth { get; set; }
    }

    public abstract record Unknown;

    public sealed record Page<T>(T First, int Count);

    public abstract record Node<T>;

    public sealed record Leaf<T>(T Item) : Node<T>;

    /// <summary>A case of a node of lists alone.</summary>
    public sealed record Branch<T>(int[] Wrong) : Node<ImmutableArray<T>>;

    public sealed record TextLeaf(StringHolder Text) : Node<string>;

    public sealed record StringHolder(int[] Codes);

    public sealed record Constrained<T>(int[] Wrong) : Node<T>
        where T : Stream;

    public abstract record Open<T>;

    public sealed record OpenCase<T, TExtra>(TExtra Extra) : Open<T>;

    public sealed record Growing<T>(T Value, Growing<Maybe<T>>? Next)
        where T : notnull;

    public sealed class DerivedException : Exception;

    [Immutable("The cached hash is computed from readonly fields and is the same each time.")]
    public sealed class Trusted
    {
        private int _hash;
    }

    [Immutable("The only implementations are in this file.")]
    public interface ITrusted;

    public sealed record HoldsTrusted(Trusted One, ITrusted Two, TrustedBox<int> Three);

    [Immutable("It holds an array that it never hands out.")]
    public sealed class TrustedBox<T>
    {
        private readonly T[] _items = [];
    }

    [Immutable("A base class.")]
    public abstract class TrustedBase
    {
        private int _hash;
    }

    public sealed class TrustsNotItself : TrustedBase
    {
        public int Own { get; set; }
    }
}
