namespace Tallystick.Testing.Generation;

// Every candidate is simpler than the value by some measure that can't fall for ever (shorter; as long, but of simpler characters; nearer
// to zero), so that shrinking ends.

/// <summary>How simple values and lists become simpler.</summary>
internal static class Shrinking
{
    private static readonly DateTime Simplest = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>The list with some elements left out: all, halves, quarters, and at last each alone.</summary>
    public static IEnumerable<IReadOnlyList<T>> Fewer<T>(IReadOnlyList<T> items)
    {
        for (var chunk = items.Count; chunk > 0; chunk /= 2)
        {
            for (var at = 0; at < items.Count; at += chunk)
                yield return [.. items.Take(at), .. items.Skip(at + chunk)];
        }
    }

    public static IEnumerable<string> Text(string text)
    {
        foreach (var shorter in Fewer(text.EnumerateRunes().ToArray()))
            yield return string.Concat(shorter);
        foreach (var simple in "aA0")
        {
            var all = new string(simple, text.Length);
            if (Rank(all) < Rank(text))
                yield return all;
        }

        for (var i = 0; i < text.Length; i++)
        {
            foreach (var simple in "aA0")
            {
                if (RankOf(simple) < RankOf(text[i]) && !char.IsSurrogate(text[i]))
                    yield return $"{text[..i]}{simple}{text[(i + 1)..]}";
            }
        }
    }

    public static IEnumerable<Int128> Integer(Int128 number)
    {
        if (number < 0)
            yield return -number;
        // The halves of what is too much, so that the least number that is allowed is found in few steps.
        for (var less = number; less != 0; less /= 2)
            yield return number - less;
    }

    public static IEnumerable<decimal> Decimal(decimal number)
    {
        if (number < 0)
            yield return -number;
        for (var decimals = 0; decimals < number.Scale; decimals += decimals < 2 ? 1 : 4)
            yield return decimal.Round(number, decimals, MidpointRounding.ToZero);
        var whole = decimal.Truncate(number);
        if (whole != number)
            yield break;
        foreach (var less in Integer((Int128)whole))
            yield return (decimal)less;
    }

    public static IEnumerable<double> Real(double number)
    {
        if (number < 0)
            yield return -number;
        if (Math.Truncate(number) != number)
            yield return Math.Truncate(number);
        else if (Math.Abs(number) < 1e15)
        {
            foreach (var less in Integer((Int128)number))
                yield return (double)less;
        }
        else
            yield return 0;
    }

    /// <summary>New Year 2026, then the day alone, then the whole second.</summary>
    public static IEnumerable<DateTime> Time(DateTime time)
    {
        DateTime[] simpler = [Simplest, DateTime.SpecifyKind(time.Date, DateTimeKind.Utc), new(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), DateTimeKind.Utc)];
        return simpler.TakeWhile(one => one != time || one.Kind != time.Kind).Distinct();
    }

    /// <summary>What comes before a value in a list of ever less simple ones; all of them if it isn't among them.</summary>
    public static IEnumerable<T> Before<T>(T value, params IEnumerable<T> simplest) => simplest.TakeWhile(one => !Equals(one, value));

    private static int Rank(string text) => text.Sum(RankOf);

    private static int RankOf(char c) => c switch { 'a' => 0, 'A' => 1, '0' => 2, _ => 3 };
}
