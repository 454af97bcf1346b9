using System.Globalization;
using System.Runtime.ExceptionServices;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Tallystick.Testing.Generation;

namespace Tallystick.Testing.Machines;

/// <summary>A rule that a value breaks.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="What">What is wrong.</param>
internal abstract record Finding(string Rule, string What);

/// <summary>A rule that a single value breaks.</summary>
internal sealed record ValueFinding(string Rule, string What) : Finding(Rule, What);

/// <summary>The smallest value found that breaks a rule.</summary>
/// <param name="Value">The value.</param>
/// <param name="Finding">Which rule, and how.</param>
/// <param name="Seed">The seed of the experiment.</param>
/// <param name="Run">The run in which it was found, from 1.</param>
/// <param name="Runs">How many runs there would have been.</param>
/// <param name="Shrinks">How often it was made smaller.</param>
internal sealed record CounterExample<T, TFinding>(T Value, TFinding Finding, long Seed, int Run, int Runs, int Shrinks)
    where TFinding : Finding
{
    /// <summary>How it was found, and how to find it again.</summary>
    public string Provenance => string.Create(
        CultureInfo.InvariantCulture,
        $"Found in run {Run} of {Runs}{Shrinks switch { 0 => "", 1 => ", then made smaller once", _ => $", then made smaller {Shrinks} times" }}. To see the same again, add .WithSeed({Seed}).");
}

/// <summary>
/// One property under FsCheck: it draws growing values from the seed until one breaks a rule, and makes that one smaller as long as the
/// same rule is broken.
/// </summary>
/// <param name="options">How often, from which seed.</param>
/// <param name="make">Makes a value from a seed and a size.</param>
/// <param name="shrink">Gives simpler values.</param>
/// <param name="check">What is wrong with a value; null if nothing is.</param>
internal sealed class Experiment<T, TFinding>(
    PropertyOptions options, Func<long, int, T> make, Func<T, IEnumerable<T>> shrink, Func<T, TFinding?> check)
    where T : class
    where TFinding : Finding
{
    private (T Value, TFinding Finding)? _smallest;
    private ExceptionDispatchInfo? _error;
    private int _attempts;

    /// <summary>Runs it.</summary>
    /// <returns>A counter-example; null if there is none.</returns>
    /// <exception cref="Exception">What the check itself threw.</exception>
    public CounterExample<T, TFinding>? Run()
    {
        var seed = options.SeedOrNew();
        var result = new Result();
        var config = Config.Quick
            .WithRunner(result)
            .WithMaxTest(options.Runs)
            .WithStartSize(1)
            .WithEndSize(Draw.FullSize)
            .WithReplay(new Replay(new Rnd(unchecked((ulong)seed)), FSharpOption<int>.None));
        Check.One(config, Prop.ForAll(Arb.From(ValueGenerator.ToGen(make), shrink), Holds));
        _error?.Throw();
        return _smallest is var (value, finding)
            ? new CounterExample<T, TFinding>(value, finding, seed, result.Tests, options.Runs, result.Shrinks)
            : null;
    }

    private bool Holds(T value)
    {
        // While it is made smaller, another rule that happens to break is another story.
        if (_error is not null || (_smallest is not null && ++_attempts > options.ShrinksMax))
            return true;
        var finding = Find(value);
        if (finding is null || (_smallest is not null && finding.Rule != _smallest.Value.Finding.Rule))
            return true;
        _smallest = (value, finding);
        return false;
    }

    /// <summary>To FsCheck an exception would be a counter-example; here it means that the check itself couldn't be made.</summary>
    private TFinding? Find(T value)
    {
        try
        {
            return check(value);
        }
        catch (Exception error)
        {
            _error = ExceptionDispatchInfo.Capture(error);
            return null;
        }
    }

    // What FsCheck tells while it runs; it would print it.
    private sealed class Result : IRunner
    {
        public int Tests { get; private set; }

        public int Shrinks { get; private set; }

        public void OnStartFixture(Type t)
        {
        }

        public void OnArguments(int ntest, FSharpList<object> args, FSharpFunc<int, FSharpFunc<FSharpList<object>, string>> every)
        {
        }

        public void OnShrink(FSharpList<object> args, FSharpFunc<FSharpList<object>, string> everyShrink) => Shrinks++;

        public void OnFinished(string name, TestResult testResult)
        {
            if (testResult is TestResult.Failed failed)
                Tests = failed.Item1.NumberOfTests;
        }
    }
}
