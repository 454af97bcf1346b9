using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Leaks;

/// <summary>Runs operations and looks at all that comes out: what they give, what they throw, what the process tells of them.</summary>
internal sealed class Observer(LeakageOptions options, Watcher watcher)
{
    private const int DigitsMin = 6;

    private readonly List<string> _names = [];
    private readonly HashSet<string> _known = [];

    /// <summary>The operations that were run, in the order of their first run.</summary>
    public ImmutableArray<string> Names => [.. _names];

    /// <summary>How many runs were searched.</summary>
    public int Runs { get; private set; }

    /// <summary>What the tenant is answered while its twin has nothing.</summary>
    public async Task<ImmutableArray<string>> AnswersAsync(LeakOperation[] reads, Twin tenant, Twin twin, CancellationToken cancellationToken)
    {
        var answers = ImmutableArray.CreateBuilder<string>(reads.Length);
        foreach (var read in reads)
            answers.Add(read.AsksForOther ? "" : await RunAsync(read, tenant, twin, cancellationToken));
        return answers.MoveToImmutable();
    }

    /// <summary>Each read as the twin, as the tenant and as the twin again; gives what the twin was answered.</summary>
    public async Task<ImmutableArray<string>> InTurnAsync(LeakOperation[] reads, ImmutableArray<string> expected, Twin tenant, Twin twin, CancellationToken cancellationToken)
    {
        var answers = ImmutableArray.CreateBuilder<string>(reads.Length);
        for (var i = 0; i < reads.Length; i++)
        {
            var first = await RunAsync(reads[i], twin, tenant, cancellationToken);
            NoteNumbers(first, expected[i], twin);
            DemandEqual(reads[i], expected[i], await RunAsync(reads[i], tenant, twin, cancellationToken), tenant, $"since its twin '{twin.Id}' has data");
            DemandEqual(reads[i], first, await RunAsync(reads[i], twin, tenant, cancellationToken), twin, $"after the same as '{tenant.Id}'");
            answers.Add(first);
        }

        return answers.MoveToImmutable();
    }

    /// <summary>That the twin is still answered as before.</summary>
    public async Task DemandSameAsync(LeakOperation[] reads, ImmutableArray<string> before, Twin twin, Twin tenant, CancellationToken cancellationToken)
    {
        for (var i = 0; i < reads.Length; i++)
            DemandEqual(reads[i], before[i], await RunAsync(reads[i], twin, tenant, cancellationToken), twin, $"after all that was done as '{tenant.Id}'");
    }

    /// <summary>Runs something as the twin, which is of no interest in itself.</summary>
    public async Task TouchAsync(LeakOperation read, Twin twin, Twin tenant, CancellationToken cancellationToken)
    {
        await TextOfAsync(read, twin, tenant, cancellationToken);
        watcher.Take();
    }

    /// <summary>Runs an operation as one of the two and searches all of it for the other.</summary>
    /// <returns>What came out.</returns>
    /// <exception cref="CheckFailedException">Something of the other was seen.</exception>
    public async Task<string> RunAsync(LeakOperation operation, Twin actor, Twin other, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_known.Add(operation.Name))
            _names.Add(operation.Name);
        watcher.Take();
        actor.LastRequest = null;
        var text = await TextOfAsync(operation, actor, other, cancellationToken);
        Demand(operation.Name, text, actor, other);
        return text;
    }

    /// <summary>Searches what came out, and what the process has told meanwhile, for the other.</summary>
    /// <exception cref="CheckFailedException">Something of the other was seen.</exception>
    public void Demand(string name, string text, Twin actor, Twin other)
    {
        Runs++;
        if (other.Secrets.Find(text, withIds: true, actor.Sent.Has) is { } found)
            throw Shown(name, text.StartsWith("threw ", StringComparison.Ordinal) ? "the message of an exception" : WhereIn(text, found), found, actor, other);
        foreach (var seen in watcher.Take())
        {
            // A line about a request may come when the next one is already on its way: what either has sent itself isn't a leak there.
            if (other.Secrets.Find(seen.Text, withIds: false, token => actor.Sent.Has(token) || other.Sent.Has(token)) is { } told)
                throw Shown(name, seen.Where, told, actor, other);
        }
    }

    /// <exception cref="CheckFailedException">The twin isn't what it was.</exception>
    public static void DemandUnchanged(string name, string before, string after, Twin tenant, Twin twin)
    {
        if (before != after)
        {
            throw new CheckFailedException(
                $"{name} as tenant '{tenant.Id}' changed its twin '{twin.Id}'. What is stored of the twin:\n{CSharpText.Indented(Difference.Between(before.Split('\n'), after.Split('\n')).ToString(), "  ")}");
        }
    }

    private void DemandEqual(LeakOperation read, string expected, string actual, Twin actor, string since)
    {
        if (expected != actual && !read.AsksForOther && !options.Varying.ContainsKey(NameOf(read)))
        {
            throw new CheckFailedException(
                $"{read.Name} as tenant '{actor.Id}' is answered differently {since}:\n{CSharpText.Indented(Difference.Between(expected.Split('\n'), actual.Split('\n')).ToString(), "  ")}\n"
                + $"If this answer changes by itself, say so by LeakageOptions.Varies(\"{NameOf(read)}\", …).");
        }
    }

    private static CheckFailedException Shown(string name, string where, Sighting found, Twin actor, Twin other) => new(
        $"{name} as tenant '{actor.Id}' shows something of its twin '{other.Id}': {where} has {found.Token}{(found.Form.Length == 0 ? "" : $", {found.Form}")}.\n  {found.Excerpt}"
        + (actor.LastRequest is { } request ? $"\nThe request: {request}" : ""));

    private static async Task<string> TextOfAsync(LeakOperation operation, Twin actor, Twin other, CancellationToken cancellationToken)
    {
        try
        {
            return await operation.RunAsync(actor, other, cancellationToken);
        }
        catch (CheckFailedException error)
        {
            throw new CheckFailedException($"{operation.Name}: {error.Message}", error);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return ResultText.Of(error);
        }
    }

    /// <summary>An answer over HTTP begins with its status and headers; the body comes after an empty line.</summary>
    private static string WhereIn(string text, Sighting found)
    {
        if (text.Length < 4 || !char.IsAsciiDigit(text[0]) || text[3] != '\n')
            return "the result";
        var body = text.IndexOf("\n\n", StringComparison.Ordinal);
        return text.IndexOf(found.Token, StringComparison.OrdinalIgnoreCase) < body ? "a header of the answer" : "the body of the answer";
    }

    /// <summary>The operation without what a variant adds in brackets.</summary>
    private static string NameOf(LeakOperation operation) => operation.Name.Split(" (")[0];

    /// <summary>Long numbers that only the twin was answered are its secrets too: they may be sums of others.</summary>
    private static void NoteNumbers(string answer, string others, Twin twin)
    {
        var body = answer.IndexOf("\n\n", StringComparison.Ordinal);
        foreach (var number in NumbersOf(body < 0 ? "" : answer[(body + 2)..]))
        {
            if (!others.Contains(number, StringComparison.Ordinal))
                twin.Secrets.AddNumber(number);
        }
    }

    private static IEnumerable<string> NumbersOf(string json)
    {
        try
        {
            return json.Length == 0 ? [] : [.. NumbersOf(JsonNode.Parse(json))];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static IEnumerable<string> NumbersOf(JsonNode? node) => node switch
    {
        JsonObject made => made.SelectMany(pair => NumbersOf(pair.Value)),
        JsonArray many => many.SelectMany(NumbersOf),
        JsonValue value when value.GetValueKind() == JsonValueKind.Number && value.ToJsonString().Split('.')[0] is { Length: >= DigitsMin } digits => [digits],
        _ => [],
    };
}
