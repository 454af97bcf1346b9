using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Tallystick.Events;

namespace Tallystick.Testing.Linearizability;

/// <summary>Histories as text: one operation a line, as a JSON object.</summary>
internal static class HistoryJson
{
    public static string Write<TInput, TOutput>(History<TInput, TOutput> history, JsonSerializerOptions? options)
        where TInput : notnull
    {
        var text = new StringBuilder();
        foreach (var operation in history.Operations)
        {
            var line = new Line<TInput, TOutput>(operation.Client, operation.Called, operation.Returned, operation.Input, operation.Output);
            text.Append(JsonSerializer.Serialize(line, options ?? EventSerializer.DefaultOptions)).Append('\n');
        }

        return text.ToString();
    }

    public static History<TInput, TOutput> Read<TInput, TOutput>(string text, JsonSerializerOptions? options)
        where TInput : notnull
    {
        var operations = ImmutableArray.CreateBuilder<Operation<TInput, TOutput>>();
        var number = 0;
        foreach (var range in text.AsSpan().Split('\n'))
        {
            number++;
            var line = text.AsSpan()[range].Trim();
            if (!line.IsEmpty)
                operations.Add(ReadLine<TInput, TOutput>(line, number, options ?? EventSerializer.DefaultOptions));
        }

        return new History<TInput, TOutput>(operations.ToImmutable());
    }

    private static Operation<TInput, TOutput> ReadLine<TInput, TOutput>(ReadOnlySpan<char> text, int number, JsonSerializerOptions options)
        where TInput : notnull
    {
        try
        {
            var line = JsonSerializer.Deserialize<Line<TInput, TOutput>>(text, options) ?? throw new JsonException("The line is null.");
            return line.Returned is { } returned
                ? Operation<TInput, TOutput>.Seen(line.Client, line.Input, line.Called, line.Output!, returned)
                : Operation<TInput, TOutput>.Unseen(line.Client, line.Input, line.Called);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or ArgumentException)
        {
            throw new FormatException(
                $"Line {number} is no operation: {error.Message} Each line is an object with client, called, returned (absent if unseen), input and output.",
                error);
        }
    }

    private sealed record Line<TInput, TOutput>(int Client, long Called, long? Returned, TInput Input, TOutput? Output);
}
