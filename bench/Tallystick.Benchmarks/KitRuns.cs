using System.Diagnostics;
using Tallystick.Testing;
using Tallystick.Testing.Linearizability;
using Tallystick.Testing.Randomness;

namespace Tallystick.Benchmarks;

/// <summary>How much the test kit gets done: simulated worlds in a second, and the checking of a history beside merely replaying its calls in a known order.</summary>
internal static class KitRuns
{
    private const int Worlds = 400;
    private const int Calls = 5000;
    private const int Clients = 10;

    public static void Run()
    {
        Report.Title("Test kit");
        Simulation.RunMany(1, 20, tally => tally.AddDecider<BenchDecider>());
        var clock = Stopwatch.StartNew();
        var steps = Simulation.RunMany(1, Worlds, tally => tally.AddDecider<BenchDecider>());
        Report.Figure("simulated worlds (36 operations each)", Worlds / clock.Elapsed.TotalSeconds, "/s");
        Report.Figure("  steps", steps / clock.Elapsed.TotalSeconds, "/s");
        MeasureHistory();
    }

    private static void MeasureHistory()
    {
        var history = MakeHistory(new SeededEntropy(1));
        var model = new RegisterModel();
        double bestCheck = double.MaxValue, bestReplay = double.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var clock = Stopwatch.StartNew();
            history.Check(model).Demand();
            bestCheck = Math.Min(bestCheck, clock.Elapsed.TotalMilliseconds);
            clock.Restart();
            var state = 0;
            foreach (var operation in history.Operations)
                state = model.Step(state, operation.Input, operation.Output).Match(next => next, () => throw new InvalidOperationException("The made-up order doesn't hold."));
            bestReplay = Math.Min(bestReplay, clock.Elapsed.TotalMilliseconds);
        }

        Report.Figure($"check a history of {Calls:N0} calls by {Clients} clients", bestCheck, "ms");
        Report.Figure("  bare: replay it in the order in which it was made", bestReplay, "ms");
    }

    /// <summary>Calls that took effect in the order of the list, each somewhere between its call and its return, which overlap those of other clients.</summary>
    private static History<int, int> MakeHistory(SeededEntropy entropy)
    {
        var operations = new Operation<int, int>[Calls];
        var value = 0;
        for (var i = 0; i < Calls; i++)
        {
            var written = entropy.Chance(0.5) ? entropy.Next(1, 5) : 0;
            value = written > 0 ? written : value;
            var at = (long)i * 2 * Clients;
            operations[i] = Operation<int, int>.Seen(i % Clients, written, at - entropy.Next(1, Clients * Clients), value, at + entropy.Next(1, Clients * Clients));
        }

        return new History<int, int>([.. operations]);
    }

    private sealed class RegisterModel : DeterministicModel<int, int, int>
    {
        public override int Initial => 0;

        public override (int, int) Apply(int state, int input) => input > 0 ? (input, input) : (state, state);

        public override bool IsRead(int input, int output) => input == 0;
    }
}
