using FsCheck;
using FsCheck.Fluent;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Generation;

/// <summary>Generators for values from the shape of their type.</summary>
public static class Generator
{
    /// <summary>
    /// A generator for a record, a class with a constructor, a closed hierarchy (an abstract record and the types of its assembly that derive
    /// from it), an enum, a collection or a simple value.
    /// </summary>
    /// <param name="options">What is to be said beside the type. Null: <see cref="GenerationOptions.Default"/>.</param>
    /// <exception cref="InvalidOperationException">Nothing is known of the type; the message says what to supply.</exception>
    public static Generator<T> Of<T>(GenerationOptions? options = null)
        where T : notnull => new(new ValueGenerator(typeof(T), options ?? GenerationOptions.Default));
}

/// <summary>
/// Makes values of a type. The same seed always gives the same value. Where the type, or a part of it, checks itself
/// (<see cref="Commands.IValidated"/>), its values are valid.
/// </summary>
/// <typeparam name="T">The type.</typeparam>
public sealed class Generator<T>
    where T : notnull
{
    /// <summary>The size at which ranges are neither small nor full.</summary>
    public const int DefaultSize = 50;

    private readonly ValueGenerator _values;

    internal Generator(ValueGenerator values) => _values = values;

    /// <summary>The value of a seed.</summary>
    /// <param name="seed">Any number.</param>
    /// <param name="size">From 1 (small and plain) to 100. Default 50.</param>
    /// <exception cref="CheckFailedException">No valid value was found; the message says what was refused and what to supply.</exception>
    public T Sample(long seed, int size = DefaultSize) => Next(new SeededEntropy(seed), new ValueMemory(), size);

    /// <summary>The next value of a run.</summary>
    /// <param name="entropy">Where the run's chance comes from.</param>
    /// <param name="memory">What the run has used so far.</param>
    /// <param name="size">From 1 (small and plain) to 100. Default 50.</param>
    /// <exception cref="CheckFailedException">No valid value was found; the message says what was refused and what to supply.</exception>
    public T Next(SeededEntropy entropy, ValueMemory memory, int size = DefaultSize) => (T)_values.Next(entropy, memory, size);

    /// <summary>Values that are simpler and still valid, the simplest first.</summary>
    public IEnumerable<T> Shrink(T value) => _values.Shrink(value).Cast<T>();

    /// <summary>The same as a generator of FsCheck's, to be used in properties of one's own.</summary>
    public Gen<T> ToGen() => ValueGenerator.ToGen((seed, size) => Sample(seed, size));

    /// <summary>The same with its shrinker.</summary>
    public Arbitrary<T> ToArbitrary() => Arb.From(ToGen(), Shrink);
}

/// <summary>What the generators share: a shape, and the options to use it with.</summary>
internal sealed class ValueGenerator
{
    private readonly GenerationOptions _options;
    private readonly Shape _shape;

    public ValueGenerator(Type type, GenerationOptions options)
    {
        _options = options;
        _shape = new Shapes(options).Of(type);
    }

    public Shape Shape => _shape;

    public object Next(SeededEntropy entropy, ValueMemory memory, int size)
    {
        var value = _shape.Generate(new Draw(entropy, size, memory, _options), _shape.Type.Name, 0)!;
        var isChecked = _shape.Checks(value);
        _shape.Visit(value, _shape.Type.Name, (scalar, field, part) => memory.Note(scalar.Type, field, part, isChecked));
        return value;
    }

    public IEnumerable<object> Shrink(object value) => _shape.Shrink(value).Select(simpler => simpler!);

    /// <summary>A generator of FsCheck's that draws a seed and a size, and makes the value of these.</summary>
    public static Gen<T> ToGen<T>(Func<long, int, T> make) => Gen.Sized(size =>
        Gen.Choose(int.MinValue, int.MaxValue).Two().Select(halves => make(unchecked(((long)halves.Item1 << 32) | (uint)halves.Item2), size)));
}
