using Tallystick.Commands;
using Tallystick.Testing.Generation;

namespace Tallystick.Testing.Leaks;

/// <summary>
/// A command with secrets in the place of its texts and numbers, as far as its validation lets them in. Which places those are is decided once; then the
/// same command can be made for either tenant.
/// </summary>
internal sealed class SecretCommand
{
    private readonly Shape _shape;
    private readonly object _plain;
    private readonly int[] _ways;

    private SecretCommand(Shape shape, object plain, int[] ways) => (_shape, _plain, _ways) = (shape, plain, ways);

    /// <summary>The command's type, for messages.</summary>
    public Type Type => _plain.GetType();

    /// <summary>The places that hold a secret.</summary>
    public IEnumerable<int> Places => Enumerable.Range(0, _ways.Length).Where(place => _ways[place] > 0);

    /// <summary>Puts secrets in all places of a generated command where they are valid.</summary>
    public static SecretCommand Of(Shape shape, object plain, Secrets example, Func<object, bool> isValid)
    {
        var count = 0;
        shape.Map(plain, (_, value) =>
        {
            count++;
            return value;
        });
        var command = new SecretCommand(shape, plain, new int[count]);
        for (var place = 0; place < count; place++)
        {
            for (var way = WaysMax; way >= 0; way--)
            {
                command._ways[place] = way;
                if (way == 0 || (command.Fits(place, way, example) && isValid(command.For(example))))
                    break;
            }
        }

        return command;
    }

    /// <summary>The same with the plain value in one place.</summary>
    public SecretCommand WithPlain(int place)
    {
        var ways = (int[])_ways.Clone();
        ways[place] = 0;
        return new SecretCommand(_shape, _plain, ways);
    }

    /// <summary>The same with no secret at all.</summary>
    public SecretCommand Plain() => new(_shape, _plain, new int[_ways.Length]);

    /// <summary>The command with a tenant's secrets.</summary>
    public object For(Secrets secrets)
    {
        var place = 0;
        return _shape.Map(_plain, (_, value) => Change(value, _ways[place++], secrets))!;
    }

    /// <summary>A function for the validity of a type's values: what they check themselves, and what the application's validators do.</summary>
    public static Func<object, bool> ValidityBy(IEnumerable<CommandValidator> validators)
    {
        var all = validators.ToArray();
        return command =>
        {
            try
            {
                return (command is not IValidated validated || !validated.Validate().Any())
                    && all.Where(validator => validator.CommandType.IsInstanceOfType(command)).All(validator => IsValid(validator, command));
            }
            catch (Exception)
            {
                return false; // A validation that throws at a value lets it in nowhere.
            }
        };
    }

    private const int WaysMax = 4;

    /// <summary>Whether a way makes something new of a place's value.</summary>
    private bool Fits(int place, int way, Secrets secrets)
    {
        var (at, fits) = (0, false);
        _shape.Map(_plain, (_, value) =>
        {
            fits |= at++ == place && !Equals(Change(value, way, secrets), value);
            return value;
        });
        return fits;
    }

    private static object Change(object value, int way, Secrets secrets) => (value, way) switch
    {
        (_, 0) => value,
        (string text, 4) => secrets.Text(text),
        (string text, 3) => $"{secrets.Text(text)}@example.com",
        (string text, 2) => secrets.Text(text).ToUpperInvariant(),
        (string text, 1) => $"https://example.com/{secrets.Text(text)}",
        (int, 4) => secrets.Number,
        (long, 4) => (long)secrets.Number,
        (decimal, 4) => (decimal)secrets.Number,
        (double, 4) => (double)secrets.Number,
        (Uri uri, 4) => new Uri($"https://example.com/{secrets.Text(uri.ToString())}"),
        _ => value,
    };

    /// <summary>The validator's type is only known at run time; its method for it is public.</summary>
    private static bool IsValid(CommandValidator validator, object command) =>
        !((IEnumerable<ValidationFailure>)validator.GetType().GetMethod("Validate", [validator.CommandType])!.Invoke(validator, [command])!).Any();
}
