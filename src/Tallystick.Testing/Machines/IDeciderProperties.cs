using FsCheck;
using Tallystick.Commands;
using Tallystick.Testing.Generation;

namespace Tallystick.Testing.Machines;

/// <summary>
/// A decider whose properties are about to be checked, and how. Its checks (<see cref="Properties.Always"/> and those beside it) know the
/// decider's commands, events and state, since this is covariant: that is why it is an interface.
/// </summary>
/// <typeparam name="TDecider">The decider.</typeparam>
public interface IDeciderProperties<out TDecider>
    where TDecider : Decider
{
    /// <summary>The decider; a new one each time where only its type was named.</summary>
    TDecider Decider { get; }

    /// <summary>How thoroughly it is checked, and with what.</summary>
    PropertyOptions Options { get; }

    /// <summary>With other options.</summary>
    IDeciderProperties<TDecider> With(PropertyOptions options);

    /// <summary>With the seed that a failure printed: the same histories are tried again.</summary>
    IDeciderProperties<TDecider> WithSeed(long seed) => With(Options with { Seed = seed });

    /// <summary>With another number of random histories. Default 100.</summary>
    IDeciderProperties<TDecider> WithRuns(int runs) => With(Options with { Runs = runs });

    /// <summary>With at most so many commands in a history. Default 30.</summary>
    IDeciderProperties<TDecider> WithLength(int commandsMax) => With(Options with { LengthMax = commandsMax });

    /// <summary>With a generator of FsCheck's for a type that can't be generated from its shape alone.</summary>
    IDeciderProperties<TDecider> With<T>(Gen<T> generator)
        where T : notnull => With(Options with { Generation = Options.Generation.With(generator) });

    /// <summary>With the validator that the application adds for these commands.</summary>
    IDeciderProperties<TDecider> With<TCommand>(CommandValidator<TCommand> validator)
        where TCommand : notnull => With(Options with { Generation = Options.Generation.With(validator) });

    /// <summary>With the values that a field may have.</summary>
    /// <param name="field">The name of a property or parameter.</param>
    /// <param name="values">At least one.</param>
    IDeciderProperties<TDecider> WithPool<T>(string field, params T[] values)
        where T : notnull => With(Options with { Generation = Options.Generation.WithPool<T>(field, values) });
}

/// <inheritdoc cref="IDeciderProperties{TDecider}"/>
internal sealed record DeciderProperties<TDecider>(Func<TDecider> Make, PropertyOptions Options) : IDeciderProperties<TDecider>
    where TDecider : Decider
{
    public TDecider Decider => Make();

    public IDeciderProperties<TDecider> With(PropertyOptions options) => this with { Options = options };
}
