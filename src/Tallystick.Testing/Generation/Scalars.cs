using System.Collections.Frozen;
using System.Globalization;
using System.Numerics;
using Tallystick.Events;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Generation;

/// <summary>The simple values that are known: how each is generated and made simpler.</summary>
internal static class Scalars
{
    private static readonly FrozenDictionary<Type, ScalarShape> Known = new ScalarShape[]
    {
        Of(Texts.Generate, Shrinking.Text),
        Of((draw, _, _) => draw.Entropy.Chance(0.5), value => value ? [false] : []),
        Of((draw, field, tries) => draw.IsNasty() ? draw.Entropy.Pick(' ', '\'', '\\', 'ß', '日') : (char)('a' + draw.Entropy.Next(26)), value => Shrinking.Before(value, 'a', 'A')),
        Integer<sbyte>(), Integer<byte>(), Integer<short>(), Integer<ushort>(), Integer<int>(), Integer<uint>(), Integer<long>(), Integer<ulong>(),
        Of((draw, field, tries) => (BigInteger)Numbers.Whole(draw, tries, long.MinValue, long.MaxValue), value => Shrinking.Integer((Int128)value).Select(less => (BigInteger)less)),
        Of((draw, _, tries) => Numbers.Decimal(draw, tries), Shrinking.Decimal),
        Of((draw, _, tries) => Numbers.Real(draw, tries, double.MaxValue, double.Epsilon), Shrinking.Real),
        Of((draw, _, tries) => (float)Numbers.Real(draw, tries, float.MaxValue, float.Epsilon), value => Shrinking.Real(value).Select(less => (float)less)),
        Of((draw, _, _) => Texts.Guids(draw.Entropy), value => Shrinking.Before(value, new Guid(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))),
        Of((draw, _, _) => Times.Moment(draw), Shrinking.Time),
        Of((draw, _, _) => Times.MomentWithOffset(draw), value => value.Offset == TimeSpan.Zero
            ? Shrinking.Time(value.UtcDateTime).Select(time => new DateTimeOffset(time)) : [value.ToUniversalTime()]),
        Of((draw, _, _) => DateOnly.FromDateTime(Times.Moment(draw)), value => Shrinking.Before(value, new DateOnly(2026, 1, 1))),
        Of((draw, _, _) => Times.Clock(draw), value => Shrinking.Before(value, new TimeOnly(0, 0), new TimeOnly(value.Hour, 0), new TimeOnly(value.Hour, value.Minute))),
        Of((draw, _, tries) => Times.Span(draw, tries), value => Shrinking.Integer(value.Ticks / TimeSpan.TicksPerSecond)
            .Select(seconds => TimeSpan.FromSeconds((long)seconds)).Where(less => less.Duration() < value.Duration() || (value < TimeSpan.Zero && less == -value))),
        Of((draw, _, _) => new Uri(Texts.Url(draw.Entropy)), value => Shrinking.Before(value, new Uri("https://example.com/"))),
        Of((draw, _, _) => new Version(draw.Entropy.Next(10), draw.Entropy.Next(20)), value => Shrinking.Before(value, new Version(0, 1))),
        Of((draw, _, _) => new StreamId(draw.Entropy.Pick("order", "user", "tea"), draw.Entropy.Next(1, 10).ToString(CultureInfo.InvariantCulture)),
            value => Shrinking.Before(value, new StreamId("a", "1"), new StreamId(value.Category, "1"))),
        Of((draw, _, _) => TenantId.Parse(Texts.Slug(draw.Entropy)), value => Shrinking.Before(value, TenantId.Parse("a"))),
        Of((draw, _, tries) => LogPosition.Of((long)Numbers.Whole(draw, tries, 0, long.MaxValue)), value => Shrinking.Integer(value.Value).Select(less => LogPosition.Of((long)less))),
        Of((draw, _, tries) => StreamVersion.Of((long)Numbers.Whole(draw, tries, 0, long.MaxValue)), value => Shrinking.Integer(value.Value).Select(less => StreamVersion.Of((long)less))),
    }.ToFrozenDictionary(shape => shape.Type);

    /// <summary>The shape of a simple value's type; null if it is none that is known.</summary>
    public static ScalarShape? Find(Type type) => type.IsEnum ? Enumeration(type) : Known.GetValueOrDefault(type);

    private static ScalarShape Of<T>(Func<Draw, string, int, T> generate, Func<T, IEnumerable<T>> shrink)
        where T : notnull => new(typeof(T), (draw, field, tries) => generate(draw, field, tries), value => shrink((T)value).Cast<object>());

    private static ScalarShape Integer<T>()
        where T : IBinaryInteger<T>, IMinMaxValue<T> => Of(
            (draw, _, tries) => T.CreateSaturating(Numbers.Whole(draw, tries, Int128.CreateSaturating(T.MinValue), Int128.CreateSaturating(T.MaxValue))),
            value => Shrinking.Integer(Int128.CreateSaturating(value)).Select(T.CreateSaturating));

    private static ScalarShape Enumeration(Type type)
    {
        var values = Enum.GetValues(type).Cast<object>().Distinct().ToArray();
        if (values.Length == 0)
            throw new InvalidOperationException($"{type} defines no value.");
        return new ScalarShape(type, (draw, _, _) => draw.Entropy.Pick<object>(values), value => Shrinking.Before(value, values));
    }
}

/// <summary>Numbers: mostly small, sometimes the ends of their range.</summary>
internal static class Numbers
{
    public static Int128 Whole(Draw draw, int tries, Int128 min, Int128 max)
    {
        var entropy = draw.Entropy;
        if (tries == 0 && draw.IsNasty())
            return entropy.Pick(min, max, max - 1, Int128.Max(min, -1), Int128.Zero);
        Int128 number = tries == 0
            ? entropy.Chance(0.9) || min == 0 ? entropy.Next(draw.Size / 5 + 6) : -entropy.Next(1, 6)
            : entropy.Next(6) switch
            {
                0 => entropy.Next(1, 4),
                1 => entropy.Next(1, 100),
                2 => -entropy.Next(1, 100),
                3 => entropy.Next(1000, 10_000),
                4 => (Int128)Math.Pow(10, entropy.Next(1, 12)),
                _ => entropy.Next(10, 2100),
            };
        return Int128.Clamp(number, min, max);
    }

    public static decimal Decimal(Draw draw, int tries)
    {
        var entropy = draw.Entropy;
        if (tries == 0 && draw.IsNasty())
            return entropy.Pick(decimal.MaxValue, decimal.MinValue, 0.0000000001m, 0.005m, -0.01m, 1.10m, 1e15m);
        return entropy.Next(tries == 0 ? 4 : 8) switch
        {
            0 => 0m,
            1 => entropy.Next(1, draw.Size + 2),
            2 or 3 => entropy.Next(1, 100 * (draw.Size + 1)) / 100m,
            4 => -entropy.Next(1, 100),
            5 => entropy.Next(100) / 100m,
            6 => (decimal)Math.Pow(10, entropy.Next(1, 12)),
            _ => entropy.Next(1, 10_000) / 1000m,
        };
    }

    /// <summary>A finite number: JSON has no others.</summary>
    public static double Real(Draw draw, int tries, double max, double least)
    {
        var entropy = draw.Entropy;
        if (tries == 0 && draw.IsNasty())
            return entropy.Pick(max, -max, least, 1e-7, -1, 0.1 + 0.2, 1e16);
        return entropy.Next(tries == 0 ? 3 : 5) switch
        {
            0 => 0,
            1 => entropy.Next(1, draw.Size + 2),
            2 => entropy.Next(1, 10_000) / 8.0,
            3 => -entropy.Next(1, 100),
            _ => entropy.NextDouble(),
        };
    }
}

/// <summary>Times: in the present years, sometimes at the edges of the calendar.</summary>
internal static class Times
{
    private static readonly DateTime[] Edges =
    [
        new(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc), new(2024, 2, 29, 23, 59, 59, DateTimeKind.Utc), new(1, 1, 2, 0, 0, 0, DateTimeKind.Utc),
        new(9999, 12, 30, 0, 0, 0, DateTimeKind.Utc), new(2026, 3, 29, 1, 30, 0, DateTimeKind.Utc), new(2025, 12, 31, 23, 59, 59, 999, DateTimeKind.Utc),
    ];

    public static DateTime Moment(Draw draw)
    {
        var entropy = draw.Entropy;
        if (draw.IsNasty())
            return entropy.Pick<DateTime>(Edges);
        var moment = new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(entropy.Next(4 * 365 * 86_400));
        return entropy.Chance(0.2) ? moment.AddTicks(entropy.Next((int)TimeSpan.TicksPerSecond)) : moment;
    }

    public static DateTimeOffset MomentWithOffset(Draw draw)
    {
        var moment = new DateTimeOffset(Moment(draw));
        return draw.IsNasty() ? moment.ToOffset(TimeSpan.FromMinutes(draw.Entropy.Pick(-570, -60, 60, 330, 840))) : moment;
    }

    public static TimeOnly Clock(Draw draw) =>
        draw.IsNasty() ? draw.Entropy.Pick(TimeOnly.MinValue, TimeOnly.MaxValue) : new TimeOnly(draw.Entropy.Next(24), draw.Entropy.Next(60), draw.Entropy.Next(60));

    public static TimeSpan Span(Draw draw, int tries)
    {
        var entropy = draw.Entropy;
        if (tries == 0 && draw.IsNasty())
            return entropy.Pick(TimeSpan.Zero, TimeSpan.FromTicks(1), TimeSpan.FromDays(-1), TimeSpan.FromDays(36500));
        return entropy.Next(3) switch
        {
            0 => TimeSpan.FromSeconds(entropy.Next(1, 100)),
            1 => TimeSpan.FromMinutes(entropy.Next(1, 1000)),
            _ => TimeSpan.FromDays(entropy.Next(1, 100)),
        };
    }
}
