using System.Collections.Immutable;
using Tallystick.Commands;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Machines;


/// <summary>Walks a decider through random commands and holds each walk against rules. It needs nothing but the decider.</summary>
/// <param name="make">Makes the decider, anew for every walk where that is possible, so that a walk doesn't depend on those before.</param>
/// <param name="options">How thoroughly, and with what.</param>
internal sealed class DeciderMachine<TCommand, TEvent, TState>(Func<Decider<TCommand, TEvent, TState>> make, PropertyOptions options)
    where TCommand : notnull
    where TEvent : notnull
    where TState : notnull
{
    private readonly Decider<TCommand, TEvent, TState> _decider = make();
    private readonly StoredLog _log = StoredLog.Of(make());
    private long _commands;
    private long _accepted;

    public StoredLog Log => _log;

    /// <summary>The rules that every decider must keep. Snapshots only concern one that wants them.</summary>
    public ImmutableArray<Func<Walk<TCommand, TEvent, TState>, DeciderFinding?>> BuiltIn =>
    [
        DeciderRules<TCommand, TEvent, TState>.DecidesTheSameAgain,
        walk => DeciderRules<TCommand, TEvent, TState>.EventsSurviveSerialisation(walk, _log),
        walk => DeciderRules<TCommand, TEvent, TState>.FoldEqualsLive(walk, _log),
        DeciderRules<TCommand, TEvent, TState>.RejectionsChangeNothing,
        .. _decider.SnapshotEvery == 0
            ? ImmutableArray<Func<Walk<TCommand, TEvent, TState>, DeciderFinding?>>.Empty
            : [DeciderRules<TCommand, TEvent, TState>.StatesSurviveSerialisation, walk => DeciderRules<TCommand, TEvent, TState>.SnapshotPlusTailEqualsFold(walk, _log)],
    ];

    /// <summary>Holds random walks against rules.</summary>
    /// <exception cref="CheckFailedException">One is broken, or no command was ever accepted, so that nothing was tried.</exception>
    public void Check(params ImmutableArray<Func<Walk<TCommand, TEvent, TState>, DeciderFinding?>> rules)
    {
        var sequences = new CommandSequences<TCommand, TEvent, TState>(make, CommandGenerator.For(_decider, options.Generation), options.LengthMax);
        var experiment = new Experiment<Sequence, DeciderFinding>(
            options,
            (seed, size) => new Sequence(sequences.Make(seed, size)),
            sequence => sequences.Shrink(sequence.Commands).Select(commands => new Sequence(commands)),
            sequence => Find(sequence.Commands, rules));
        if (experiment.Run() is { } found)
        {
            var walk = (Walk<TCommand, TEvent, TState>)found.Finding.Walk!;
            throw new CheckFailedException(new DeciderReport<TCommand, TEvent, TState>(walk, found.Finding, found.Provenance).Text, found.Finding.Cause);
        }

        if (_accepted == 0)
        {
            throw new CheckFailedException(
                $"{CSharpText.TypeName(_decider.GetType())} rejected all of {_commands} random commands, so nothing was tried. Say by With or WithPool which values it accepts.");
        }
    }

    /// <summary>Stores events that are generated from their types, also those that no command has led to.</summary>
    /// <exception cref="CheckFailedException">One comes back as another.</exception>
    public void CheckGeneratedEvents()
    {
        foreach (var type in DeciderRegistration.Of(_decider).EventTypes)
        {
            var values = new ValueGenerator(type, options.Generation);
            var experiment = new Experiment<object, ValueFinding>(
                options,
                (seed, size) => values.Next(new SeededEntropy(seed), new ValueMemory(), size),
                values.Shrink,
                e => _log.RoundTrip(e).Problem is { } problem ? new ValueFinding(DeciderRules<TCommand, TEvent, TState>.EventRule, problem) : null);
            if (experiment.Run() is not { } found)
                continue;
            throw new CheckFailedException(
                $"{found.Finding.Rule}: that doesn't hold for {CSharpText.TypeName(type)}, an event of {CSharpText.TypeName(_decider.GetType())}.\n\n{found.Finding.What}\n\n"
                + $"As a specification:\n\n    [Fact]\n    public void {CSharpText.TypeName(type)}_survives() =>\n"
                + $"        Specification.For<{CSharpText.TypeName(_decider.GetType())}>()\n"
                + $"{CSharpText.Indented($".Given({CSharpText.Of(found.Value)});", "            ")}\n\n{found.Provenance}");
        }
    }

    private DeciderFinding? Find(ImmutableArray<TCommand> commands, ImmutableArray<Func<Walk<TCommand, TEvent, TState>, DeciderFinding?>> rules)
    {
        var walk = Walk<TCommand, TEvent, TState>.Of(make(), commands);
        _commands += walk.Steps.Length;
        _accepted += walk.Steps.Count(step => !step.Decision.IsRejected);
        var finding = walk.Fault ?? rules.Select(rule => rule(walk)).FirstOrDefault(broken => broken is not null);
        return finding is null ? null : finding with { Walk = walk };
    }

    // FsCheck wants a reference.
    private sealed record Sequence(ImmutableArray<TCommand> Commands);
}
