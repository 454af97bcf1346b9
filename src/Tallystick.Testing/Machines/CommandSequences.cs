using System.Collections.Immutable;
using Tallystick.Commands;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Machines;

/// <summary>
/// Random command sequences for a decider, and simpler ones. While one is made, the decider is followed: where a command would be
/// rejected, mostly another is drawn, or few sequences would get deep.
/// </summary>
internal sealed class CommandSequences<TCommand, TEvent, TState>(
    Func<Decider<TCommand, TEvent, TState>> make, CommandGenerator generator, int lengthMax)
    where TCommand : notnull
    where TEvent : notnull
    where TState : notnull
{
    private const int CandidatesMax = 4;
    private const double InsistProbability = 0.75;

    public ImmutableArray<TCommand> Make(long seed, int size)
    {
        var entropy = new SeededEntropy(seed);
        var memory = new ValueMemory();
        var length = entropy.Next(1, Math.Max(1, lengthMax * size / Draw.FullSize) + 1);
        var commands = ImmutableArray.CreateBuilder<TCommand>(length);
        var decider = make();
        var state = decider.InitialState;
        for (var i = 0; i < length; i++)
            commands.Add(Next(decider, entropy, memory, size, ref state));
        return commands.MoveToImmutable();
    }

    /// <summary>The next command, and the state after it.</summary>
    public TCommand Next(
        Decider<TCommand, TEvent, TState> decider, SeededEntropy entropy, ValueMemory memory, int size, ref TState state)
    {
        for (var candidate = 1; ; candidate++)
        {
            var command = (TCommand)generator.Next(entropy, memory, size);
            if (TryApply(decider, command, ref state) || candidate == CandidatesMax || !entropy.Chance(InsistProbability))
                return command;
        }
    }

    /// <summary>The same commands with some left out, then with simpler values, which remain valid.</summary>
    public IEnumerable<ImmutableArray<TCommand>> Shrink(ImmutableArray<TCommand> commands)
    {
        foreach (var fewer in Shrinking.Fewer(commands))
            yield return [.. fewer];
        foreach (var together in ShrinkShared(commands))
            yield return together;
        for (var i = 0; i < commands.Length; i++)
        {
            foreach (var simpler in generator.Shrink(commands[i]))
                yield return commands.SetItem(i, (TCommand)simpler);
        }
    }

    /// <summary>A value that several commands share becomes simpler in all of them at once, or they would no longer meet.</summary>
    private IEnumerable<ImmutableArray<TCommand>> ShrinkShared(ImmutableArray<TCommand> commands)
    {
        var seen = new Dictionary<(ScalarShape Shape, object Value), int>();
        foreach (var command in commands)
            generator.Shape.Visit(command, "", (shape, _, value) => seen[(shape, value)] = seen.GetValueOrDefault((shape, value)) + 1);
        foreach (var (shape, value) in seen.Where(pair => pair.Value > 1).Select(pair => pair.Key))
        {
            foreach (var simpler in shape.Shrink(value))
            {
                object Change(ScalarShape at, object present) => at == shape && present.Equals(value) ? simpler! : present;
                ImmutableArray<TCommand> changed = [.. commands.Select(command => (TCommand)generator.Shape.Map(command, Change)!)];
                // Where a command wouldn't be valid with it, the command stays as it is, and nothing may have become simpler.
                if (!changed.SequenceEqual(commands) && !changed.Any(command => Holds(command, shape, value)))
                    yield return changed;
            }
        }
    }

    private bool Holds(TCommand command, ScalarShape shape, object value)
    {
        var holds = false;
        generator.Shape.Visit(command, "", (at, _, present) => holds |= at == shape && present.Equals(value));
        return holds;
    }

    private static bool TryApply(Decider<TCommand, TEvent, TState> decider, TCommand command, ref TState state)
    {
        try
        {
            var decision = decider.Decide(command, state);
            foreach (var e in decision.Events)
                state = decider.Evolve(state, e);
            return !decision.IsRejected;
        }
        catch (Exception)
        {
            // Whatever is wrong with it, the walk will find it and tell.
            return true;
        }
    }
}
