using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Tallystick.Commands;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Generation;

/// <summary>
/// Makes valid commands for a decider whose types are only known at run time, in the order that a seed determines. For the commands of a
/// known type use <see cref="Generator{T}"/>.
/// </summary>
public sealed class CommandGenerator
{
    private const int DefaultSize = 50;

    private readonly ValueGenerator _values;

    private CommandGenerator(Decider decider, GenerationOptions options)
    {
        Decider = decider;
        _values = new ValueGenerator(decider.CommandType, options);
        CommandTypes = _values.Shape is ChoiceShape choice ? [.. choice.Cases.Select(one => one.Type)] : [decider.CommandType];
    }

    /// <summary>Whose commands these are.</summary>
    public Decider Decider { get; }

    /// <summary>The concrete types of the commands, ordered by name; each is as likely as the others.</summary>
    public ImmutableArray<Type> CommandTypes { get; }

    /// <summary>A generator for the commands of a decider.</summary>
    /// <param name="decider">The decider.</param>
    /// <param name="options">What is to be said beside the types. Null: <see cref="GenerationOptions.Default"/>.</param>
    /// <exception cref="InvalidOperationException">A type can't be generated; the message says what to supply.</exception>
    public static CommandGenerator For(Decider decider, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(decider);
        return new CommandGenerator(decider, options ?? GenerationOptions.Default);
    }

    /// <summary>The next command of a run.</summary>
    /// <param name="entropy">Where the run's chance comes from.</param>
    /// <param name="memory">What the run has used so far, so that commands refer to each other's values.</param>
    /// <param name="size">From 1 (small and plain) to 100. Default 50.</param>
    /// <exception cref="CheckFailedException">No valid command was found; the message says what was refused and what to supply.</exception>
    public object Next(SeededEntropy entropy, ValueMemory memory, int size = DefaultSize)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        ArgumentNullException.ThrowIfNull(memory);
        return _values.Next(entropy, memory, size);
    }

    /// <summary>The command of a seed.</summary>
    /// <exception cref="CheckFailedException">No valid command was found; the message says what was refused and what to supply.</exception>
    public object Sample(long seed, int size = DefaultSize) => Next(new SeededEntropy(seed), new ValueMemory(), size);

    /// <summary>Commands that are simpler and still valid, the simplest first.</summary>
    public IEnumerable<object> Shrink(object command) => _values.Shrink(command);

    /// <summary>The same as a generator of FsCheck's.</summary>
    public Gen<object> ToGen() => ValueGenerator.ToGen(Sample);

    /// <summary>The same with its shrinker.</summary>
    public Arbitrary<object> ToArbitrary() => Arb.From(ToGen(), Shrink);

    internal Shape Shape => _values.Shape;
}
