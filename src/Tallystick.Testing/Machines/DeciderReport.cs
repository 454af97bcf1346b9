using System.Globalization;
using System.Text;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Machines;

/// <summary>A counter-example in words, and as a specification to paste.</summary>
internal sealed class DeciderReport<TCommand, TEvent, TState>(Walk<TCommand, TEvent, TState> walk, DeciderFinding finding, string provenance)
    where TCommand : notnull
    where TEvent : notnull
    where TState : notnull
{
    private string Decider => CSharpText.TypeName(walk.Decider.GetType());

    /// <summary>The whole message.</summary>
    public string Text
    {
        get
        {
            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture, $"{finding.Rule}: that doesn't hold for {Decider} {When()}.\n\n");
            text.Append(finding.What.TrimEnd('\n'));
            text.Append("\n\nAs a specification:\n\n    [Fact]\n    public void Counter_example() =>\n");
            text.Append(CultureInfo.InvariantCulture, $"        Specification.For<{Decider}>(){string.Concat(Calls().Select(call => $"\n{CSharpText.Indented(call, "            ")}"))};\n");
            if (walk.Commands.Length > 0)
                text.Append(CultureInfo.InvariantCulture, $"\nThe commands, from the initial state:\n{string.Join('\n', Commands())}\n");
            text.Append('\n').Append(provenance);
            return text.ToString();
        }
    }

    private string When() => (finding.At, walk.Commands.Length) switch
    {
        (-1, _) => "in the initial state",
        (_, 1) => "after 1 command",
        var (_, count) => string.Create(CultureInfo.InvariantCulture, $"after {count} commands"),
    };

    private IEnumerable<string> Calls()
    {
        var events = walk.Steps.Take(Math.Max(0, finding.At)).SelectMany(step => step.Decision.Events).Select(e => CSharpText.Of(e)).ToArray();
        if (events.Length > 0)
            yield return Specifications.Story.Call("Given", events);
        if (finding.At >= 0)
            yield return Specifications.Story.Call("When", CSharpText.Of(walk.Commands[finding.At]));
        if ((finding.Then ?? Happened()) is { Length: > 0 } then)
            yield return then;
    }

    /// <summary>What happened in the step, as a demand.</summary>
    private string Happened()
    {
        if (finding.At < 0 || finding.At >= walk.Steps.Length)
            return "";
        var decision = walk.Steps[finding.At].Decision;
        if (decision.IsRejected)
            return $".ThenRejected({CSharpText.Of(decision.Rejection.Code)})";
        return decision.Events.IsEmpty ? ".ThenNothing()" : Specifications.Story.Call("Then", [.. decision.Events.Select(e => CSharpText.Of(e))]);
    }

    private IEnumerable<string> Commands()
    {
        for (var i = 0; i < walk.Commands.Length; i++)
        {
            var number = string.Create(CultureInfo.InvariantCulture, $"  {i + 1}. ");
            yield return $"{number}{CSharpText.Brief(walk.Commands[i], typeof(object))}";
            if (i >= walk.Steps.Length)
            {
                yield return "     threw";
                continue;
            }

            var decision = walk.Steps[i].Decision;
            yield return decision.IsRejected
                ? $"     rejected: {decision.Rejection}"
                : $"     accepted: {(decision.Events.IsEmpty ? "nothing happened" : string.Join(", ", decision.Events.Select(e => CSharpText.Brief(e, typeof(object)))))}";
            yield return $"     state: {CSharpText.Brief(walk.Steps[i].After, typeof(TState))}";
        }
    }
}
