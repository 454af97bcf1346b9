using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tallystick.Events;

namespace Tallystick.Testing.Text;

/// <summary>Values without parts, as C# expressions.</summary>
internal static class CSharpLiterals
{
    /// <summary>The expression, or null if the value isn't one of these.</summary>
    /// <param name="value">The value.</param>
    /// <param name="target">The type of the place where it is written: there a constant may need no cast.</param>
    public static string? Of(object value, Type target) => value switch
    {
        string text => Text(text),
        char c => $"'{(c == '\'' ? "\\'" : c == '"' ? "\"" : Escape(c))}'",
        bool flag => flag ? "true" : "false",
        Enum name => Enumeration(name),
        Type type => $"typeof({CSharpTypeNames.Of(type)})",
        DateTimeOffset time => Time(time),
        DateTime time => $"new DateTime({Date(time)}, {Clock(time.TimeOfDay)}, DateTimeKind.{time.Kind}){Rest(time.TimeOfDay)}",
        DateOnly day => Invariant($"new DateOnly({day.Year}, {day.Month}, {day.Day})"),
        TimeOnly time => time.Ticks % TimeSpan.TicksPerMicrosecond == 0
            ? $"new TimeOnly({Clock(time.ToTimeSpan())})" : Invariant($"new TimeOnly({time.Ticks}L)"),
        TimeSpan span => Span(span),
        Guid id => $"Guid.Parse(\"{id}\")",
        Uri uri => $"new Uri({Text(uri.OriginalString)}{(uri.IsAbsoluteUri ? "" : ", UriKind.Relative")})",
        Version version => $"new Version(\"{version}\")",
        LogPosition position => Invariant($"LogPosition.Of({position.Value})"),
        StreamVersion version => Invariant($"StreamVersion.Of({version.Value})"),
        ReadOnlyMemory<byte> bytes => Bytes(bytes.Span),
        byte[] bytes => Bytes(bytes),
        JsonNode node => $"JsonNode.Parse({Text(node.ToJsonString())})",
        JsonElement { ValueKind: not JsonValueKind.Undefined } json => $"JsonDocument.Parse({Text(json.GetRawText())}).RootElement",
        _ => Number(value, target) ?? Parsed(value),
    };

    /// <summary>A quoted string.</summary>
    public static string Text(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
            quoted.Append(Escape(c));
        return quoted.Append('"').ToString();
    }

    private static string Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => @"\\",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        '\0' => @"\0",
        _ when char.IsControl(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator => Invariant($"\\u{(int)c:x4}"),
        _ => c.ToString(),
    };

    private static string? Number(object value, Type target)
    {
        // What fits a place of a smaller type is converted by the compiler; anywhere else it would become an int.
        var cast = target == value.GetType() ? "" : $"({CSharpTypeNames.Of(value.GetType())})";
        return value switch
        {
            int number => Invariant($"{number}"),
            long number => Invariant($"{number}L"),
            uint number => Invariant($"{number}u"),
            ulong number => Invariant($"{number}ul"),
            decimal number => Invariant($"{number}m"),
            byte or ushort => Invariant($"{cast}{value}"),
            sbyte or short => Invariant($"{(cast == "" ? "" : $"{cast}(")}{value}{(cast == "" ? "" : ")")}"),
            nint number => Invariant($"(nint)({(long)number}L)"),
            nuint number => Invariant($"(nuint){(ulong)number}ul"),
            double number when !double.IsFinite(number) => $"double.{NotFinite(number)}",
            double number => Invariant($"{number:R}d"),
            float number when !float.IsFinite(number) => $"float.{NotFinite(number)}",
            float number => Invariant($"{number:R}f"),
            _ => null,
        };
    }

    private static string NotFinite(double number) =>
        double.IsNaN(number) ? "NaN" : number > 0 ? "PositiveInfinity" : "NegativeInfinity";

    private static string Enumeration(Enum value)
    {
        var type = CSharpTypeNames.Of(value.GetType());
        var names = value.ToString();
        return char.IsAsciiDigit(names[0]) || names[0] == '-'
            ? $"({type})({names})"
            : string.Join(" | ", names.Split(", ").Select(name => $"{type}.{name}"));
    }

    private static string Time(DateTimeOffset time)
    {
        var moment = time.DateTime;
        return $"new DateTimeOffset({Date(moment)}, {Clock(moment.TimeOfDay)}, {Span(time.Offset)}){Rest(moment.TimeOfDay)}";
    }

    private static string Date(DateTime time) => Invariant($"{time.Year}, {time.Month}, {time.Day}");

    private static string Clock(TimeSpan time)
    {
        var clock = Invariant($"{time.Hours}, {time.Minutes}, {time.Seconds}");
        if (time.Microseconds != 0)
            return Invariant($"{clock}, {time.Milliseconds}, {time.Microseconds}");
        return time.Milliseconds == 0 ? clock : Invariant($"{clock}, {time.Milliseconds}");
    }

    /// <summary>What is less than a microsecond; no constructor takes it.</summary>
    private static string Rest(TimeSpan time) =>
        time.Nanoseconds == 0 ? "" : Invariant($".AddTicks({time.Nanoseconds / TimeSpan.NanosecondsPerTick})");

    private static string Span(TimeSpan span)
    {
        if (span == TimeSpan.Zero)
            return "TimeSpan.Zero";
        ReadOnlySpan<(long Ticks, string Unit)> units =
        [
            (TimeSpan.TicksPerDay, "Days"), (TimeSpan.TicksPerHour, "Hours"), (TimeSpan.TicksPerMinute, "Minutes"),
            (TimeSpan.TicksPerSecond, "Seconds"), (TimeSpan.TicksPerMillisecond, "Milliseconds"),
        ];
        foreach (var (ticks, unit) in units)
        {
            if (span.Ticks % ticks == 0)
                return Invariant($"TimeSpan.From{unit}({span.Ticks / ticks})");
        }

        return Invariant($"TimeSpan.FromTicks({span.Ticks})");
    }

    private static string Bytes(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? "Array.Empty<byte>()" : $"Convert.FromHexString(\"{Convert.ToHexString(bytes)}\")";

    /// <summary>A value that can be read from its own text, such as a <c>StreamId</c>.</summary>
    private static string? Parsed(object value)
    {
        var type = value.GetType();
        if (!type.GetInterfaces().Any(one => one.IsGenericType && one.GetGenericTypeDefinition() == typeof(IParsable<>)))
            return null;
        Type[][] signatures = [[typeof(string)], [typeof(string), typeof(IFormatProvider)]];
        foreach (var signature in signatures)
        {
            if (type.GetMethod("Parse", signature) is not { IsStatic: true } parse)
                continue;
            var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            object?[] arguments = signature.Length == 1 ? [text] : [text, CultureInfo.InvariantCulture];
            try
            {
                if (value.Equals(parse.Invoke(null, arguments)))
                    return $"{CSharpTypeNames.Of(type)}.Parse({Text(text)}{(signature.Length == 1 ? "" : ", CultureInfo.InvariantCulture")})";
            }
            catch (System.Reflection.TargetInvocationException)
            {
                // Its text isn't what it reads: it is written in another way.
            }
        }

        return null;
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
