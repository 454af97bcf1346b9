using System.Globalization;
using System.Text;
using Tallystick.Functional;

namespace Tallystick.Testing.Linearizability;

/// <summary>
/// Writes why a history isn't linearizable, for people: the few operations as bars over time, the longest order that the model allows, and
/// why nothing can follow it.
/// </summary>
internal sealed class ProofText<TState, TInput, TOutput>(
    SequentialModel<TState, TInput, TOutput> model, ViolationCore<TState, TInput, TOutput> core, Func<SearchBudget> newBudget)
    where TState : notnull
    where TInput : notnull
{
    /// <summary>The most operations that are written; of more, the last.</summary>
    private const int OperationsShownMax = 80;

    /// <summary>The most characters of one input, output or state; the middle of a longer one is left out.</summary>
    private const int TextLengthMax = 80;

    private readonly Candidate<TInput, TOutput>[] _operations = [.. core.Fragment.All.OrderBy(candidate => candidate.Operation.Called)];
    private readonly HashSet<Candidate<TInput, TOutput>> _optional = [.. core.Fragment.Optional];
    private readonly StringBuilder _text = new();

    /// <param name="part">The part's name; null if the object is one part.</param>
    /// <param name="total">How many operations the part has.</param>
    public string Write(object? part, int total)
    {
        Line("Not linearizable: no order of these operations explains what they answered.");
        Line($"They are {_operations.Length} of the {Operations(total)}{(part is null ? "" : $" of part '{part}'")}; each takes effect at one moment between its call and its return.");
        WriteStarts();
        Line("");
        WriteTimeline();
        foreach (var start in core.Starts)
        {
            Line("");
            WriteLongest(start);
        }

        return _text.ToString().TrimEnd();
    }

    private void WriteStarts()
    {
        var states = string.Join(" or ", core.Starts.Select(start => State(start.State)).Distinct());
        if (core.Before == 0)
        {
            Line($"The state is {states} at first.");
            return;
        }

        Line($"The state is {states} at first: the {Operations(core.Before)} that had ended before can lead to nothing else.");
        foreach (var start in core.Starts.Where(start => !start.Story.IsEmpty))
        {
            Line("In one order that explains them, the last that changed the state are:");
            foreach (var step in start.Story)
                Line($"         client {step.Candidate.Operation.Client,-3}  {Step(step)}");
        }
    }

    private void WriteTimeline()
    {
        var shown = _operations[^Math.Min(_operations.Length, OperationsShownMax)..];
        if (shown.Length < _operations.Length)
            Line($"(The last {shown.Length} of them:)");
        var scale = new TimeScale(shown.SelectMany(candidate => new[] { candidate.Operation.Called, End(candidate) ?? candidate.Operation.Called }));
        foreach (var candidate in shown.OrderBy(candidate => candidate.Operation.Client))
            Line($"{Label(candidate)}  {scale.Bar(candidate.Operation.Called, End(candidate))}  {Text(candidate)}");
        if (_optional.Count > 0)
            Line($"A bar that ends in dots has no end here: the operation may take effect at any time after its call, or never.");
    }

    private void WriteLongest(ViolationStart<TState, TInput, TOutput> start)
    {
        var search = new Search<TState, TInput, TOutput>(model, core.FragmentFrom(start), start.State, newBudget()) { KeepsLongest = true };
        search.Run();
        var order = search.Longest;
        if (order.Count > 0)
            Line($"From state {State(start.State)} the longest order that the model allows, and the state after each:");
        foreach (var step in order.TakeLast(OperationsShownMax))
            Line($"{Label(step.Candidate)}  {Step(step)}");
        WriteDeadEnd(order.Count == 0 ? start.State : order[^1].After, [.. order.Select(step => step.Candidate), .. start.OptionalDone]);
    }

    private void WriteDeadEnd(TState state, HashSet<Candidate<TInput, TOutput>> done)
    {
        var first = core.Fragment.Required.Where(candidate => !done.Contains(candidate)).MinBy(candidate => candidate.Operation.Returned)!;
        Line($"In state {State(state)} #{Number(first)} can't follow, nor after any other that may come before it:");
        foreach (var candidate in _operations.Where(candidate => !done.Contains(candidate) && candidate.Operation.Called <= first.Operation.Returned))
            Line($"{Label(candidate)}  {Text(candidate)}  --  {WhyNot(state, candidate.Operation)}");
    }

    private string WhyNot(TState state, Operation<TInput, TOutput> operation)
    {
        var possible = operation.IsUnseen
            ? Maybe<TState>.Some(model.StepUnseen(state, operation.Input))
            : model.Step(state, operation.Input, operation.Output!);
        if (!possible.TryGet(out var next))
            return Short(model.Refute(state, operation.Input, operation.Output!));
        return next.Equals(state) ? "may be, but changes nothing" : $"may be, with state {State(next)}, but leads no further";
    }

    /// <summary>When an operation must have taken effect; null for an optional one.</summary>
    private long? End(Candidate<TInput, TOutput> candidate) => _optional.Contains(candidate) ? null : candidate.Operation.Returned;

    private int Number(Candidate<TInput, TOutput> candidate) => Array.IndexOf(_operations, candidate) + 1;

    private string Label(Candidate<TInput, TOutput> candidate) =>
        string.Create(CultureInfo.InvariantCulture, $"  {$"#{Number(candidate)}",4}  client {candidate.Operation.Client,-3}");

    private string Text(Candidate<TInput, TOutput> candidate) =>
        $"{Short(model.DescribeInput(candidate.Operation.Input))} -> {(candidate.Operation.IsUnseen ? "?" : Short(model.DescribeOutput(candidate.Operation.Input, candidate.Operation.Output!)))}";

    private string Step(OrderedStep<TState, TInput, TOutput> step) => $"{Text(step.Candidate)}  =>  {State(step.After)}";

    private string State(TState state) => Short(model.DescribeState(state));

    private static string Operations(int count) => string.Create(CultureInfo.InvariantCulture, $"{count} operation{(count == 1 ? "" : "s")}");

    private void Line(string line) => _text.Append(line.TrimEnd()).Append('\n');

    private static string Short(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= TextLengthMax ? line : $"{line[..(TextLengthMax / 3)]} ... {line[^(TextLengthMax * 2 / 3 - 5)..]}";
    }
}

/// <summary>Draws spans of time as bars of text: time passes from event to event, not by the clock, so that short overlaps are seen.</summary>
internal sealed class TimeScale
{
    private const int WidthMax = 72;

    private readonly long[] _events;

    public TimeScale(IEnumerable<long> events) => _events = [.. events.Distinct().Order()];

    /// <param name="from">The begin.</param>
    /// <param name="to">The end; null if it is open.</param>
    /// <returns>A bar, padded to the width of the scale.</returns>
    public string Bar(long from, long? to)
    {
        var start = Column(from);
        var bar = to is { } end
            ? $"|{new string('-', Math.Max(0, Column(end) - start - 1))}|"
            : $"|{new string('.', Math.Max(1, Width - start - 1))}";
        return (new string(' ', start) + bar).PadRight(Width + 1);
    }

    private int Width => Math.Min(WidthMax, (_events.Length - 1) * 3);

    private int Column(long time)
    {
        var place = Array.BinarySearch(_events, time);
        return (place < 0 ? ~place : place) * Width / Math.Max(1, _events.Length - 1);
    }
}
