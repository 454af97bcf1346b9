using System.Collections.Immutable;
using Tallystick.Functional;
using Tallystick.Testing;
using Tallystick.Testing.Linearizability;

namespace Tallystick.Tests.Testing.Linearizability;

/// <summary>That the verdicts are right, whatever the history.</summary>
public sealed class CheckerTests(ITestOutputHelper output)
{
    private static readonly RegisterModel Register = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Trait("Speed", "Slow")]
    [Fact]
    public void Verdicts_on_small_histories_are_those_of_an_exhaustive_search()
    {
        const int Histories = 4_000;
        var linearizable = 0;
        for (var seed = 0; seed < Histories; seed++)
        {
            var random = new Random(seed);
            // Few of the answers are made up, or nothing would be linearizable.
            var history = RandomHistories.Of(Register, random, random.Next(2, 5), random.Next(3, 8), RandomHistories.RegisterCall, unseen: 0.3)
                .WithAnswers(operation => random.Next(4) == 0 ? Answer(random, operation.Input) : operation.Output);
            var expected = Exhaustive.IsLinearizable(
                Register, Register.Initial, [.. history.Operations.Where(o => !o.IsUnseen)], [.. history.Operations.Where(o => o.IsUnseen)]);

            var verdict = history.Check(Register, cancellationToken: Stop);

            Assert.True(expected == verdict is LinearizabilityVerdict.Linearizable, $"seed {seed}: {verdict}, but exhaustive search says {expected}\n{history.ToJsonLines()}");
            if (verdict is LinearizabilityVerdict.Linearizable found)
                Explained.Demand(history, Register, found.Order);
            linearizable += expected ? 1 : 0;
        }

        output.WriteLine($"{linearizable} of {Histories} are linearizable");
        Assert.InRange(linearizable, Histories / 5, Histories * 4 / 5);
    }

    [Fact]
    public void What_a_proof_leaves_is_a_contradiction_by_an_exhaustive_search()
    {
        var violations = 0;
        for (var seed = 0; seed < 1_000; seed++)
        {
            var random = new Random(seed);
            var history = RandomHistories.Of(Register, random, 3, random.Next(4, 12), RandomHistories.RegisterCall, unseen: 0.2)
                .WithAnswers(operation => random.Next(5) == 0 ? Answer(random, operation.Input) : operation.Output);
            var fragment = Fragment<RegisterCall, RegisterAnswer>.Of(history.Operations.Select((operation, place) => new Candidate<RegisterCall, RegisterAnswer>(place, operation)));
            var search = new Search<Maybe<int>, RegisterCall, RegisterAnswer>(Register, fragment, Register.Initial, new SearchBudget(100_000, Stop));
            if (search.Run() != SearchOutcome.Impossible)
                continue;

            var core = new Shrinker<Maybe<int>, RegisterCall, RegisterAnswer>(Register, new SearchBudget(100_000, Stop)).Shrink(fragment, search.StuckAt);

            violations++;
            Assert.NotEmpty(core.Starts);
            Assert.All(core.Starts, start =>
            {
                var left = core.FragmentFrom(start);
                Assert.False(
                    Exhaustive.IsLinearizable(Register, start.State, [.. left.Required.Select(c => c.Operation)], [.. left.Optional.Select(c => c.Operation)]),
                    $"seed {seed}: what is left can be explained from state {start.State}");
            });
        }

        Assert.True(violations > 200, $"only {violations} violations");
    }

    [Trait("Speed", "Slow")]
    [Fact]
    public void Long_histories_of_correct_objects_are_linearizable_and_wrong_answers_in_them_are_found()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var history = RandomHistories.Of(Register, random, clients: 8, operations: 400, RandomHistories.RegisterCall, unseen: 0.05);
            var verdict = Assert.IsType<LinearizabilityVerdict.Linearizable>(history.Check(Register, cancellationToken: Stop));
            Explained.Demand(history, Register, verdict.Order);

            var reads = history.Operations.Where(o => o.Input is RegisterCall.Read && !o.IsUnseen).ToArray();
            var one = reads[random.Next(reads.Length)];
            var wrong = history.WithAnswers(operation => operation == one ? new RegisterAnswer(true, Maybe.Some(77)) : operation.Output);
            Assert.IsType<LinearizabilityVerdict.Violated>(wrong.Check(Register, cancellationToken: Stop));
        }
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void Histories_of_many_clients_with_a_map_are_decided()
    {
        foreach (var clients in new[] { 10, 25, 50 })
        {
            for (var seed = 0; seed < 3; seed++)
            {
                var random = new Random(seed);
                var number = 0;
                var history = RandomHistories.Of(new KeyValueModel(), random, clients, clients * 60, _ => Call(random, ref number), unseen: 0.001, idle: 0.9);
                Verdict(history, $"{clients} clients, seed {seed}", isLinearizable: true);

                var gets = history.Operations.Where(o => o is { Input.Function: "get", IsUnseen: false, Output.Length: > 8 }).ToArray();
                var stale = gets[random.Next(gets.Length)];
                Verdict(
                    history.WithAnswers(operation => operation == stale ? operation.Output![..^8] : operation.Output!), $"{clients} clients, seed {seed}, stale",
                    isLinearizable: null);
            }
        }

        static KeyValueCall Call(Random random, ref int number) => random.Next(10) switch
        {
            < 4 => new("get", $"{random.Next(10)}", ""),
            < 9 => new("append", $"{random.Next(10)}", $"x {number++:00000}"),
            _ => new("put", $"{random.Next(10)}", $"x {number++:00000}"),
        };
    }

    [Fact]
    public void An_unseen_write_may_have_taken_effect_late_or_never()
    {
        var write = Operation<RegisterCall, RegisterAnswer>.Unseen(0, new RegisterCall.Write(1), 1);

        AssertLinearizable(write, Read(1, 2, null, 3), Read(1, 4, 1, 5));
        AssertLinearizable(write, Read(1, 2, null, 3), Read(1, 4, null, 5));
        AssertViolated(write, Read(1, 2, 1, 3), Read(1, 4, null, 5));
        AssertViolated(Read(1, -1, 1, 0), write);
    }

    [Fact]
    public void A_return_and_a_call_at_the_same_time_overlap()
    {
        AssertLinearizable(Write(0, 1, 5, 2), Read(1, 2, null, 3));
        AssertViolated(Write(0, 1, 5, 2), Read(1, 3, null, 4));
    }

    [Fact]
    public void An_empty_history_is_linearizable() => AssertLinearizable();

    [Fact]
    public void Parts_are_checked_apart_and_their_orders_are_merged()
    {
        var history = RandomHistories.Of(
            new KeyValueModel(), new Random(5), 6, 300, random => new(random.Next(2) == 0 ? "get" : "append", $"{random.Next(4)}", "y"), unseen: 0.01);

        var verdict = Assert.IsType<LinearizabilityVerdict.Linearizable>(history.Check(new KeyValueModel(), cancellationToken: Stop));

        Explained.Demand(history, new KeyValueModel(), verdict.Order);
    }

    [Fact]
    public void A_check_that_reaches_its_bound_says_so_and_is_no_success()
    {
        var history = RandomHistories.Of(Register, new Random(1), 8, 300, RandomHistories.RegisterCall, unseen: 0.05);

        var verdict = history.Check(Register, new LinearizabilityOptions { ConfigurationsMax = 20 }, Stop);

        var reason = Assert.IsType<LinearizabilityVerdict.GaveUp>(verdict).Reason;
        Assert.Contains("ConfigurationsMax", reason, StringComparison.Ordinal);
        Assert.Equal(reason, Assert.Throws<CheckFailedException>(verdict.Demand).Message);
    }

    [Fact]
    public void A_check_can_be_cancelled()
    {
        var history = RandomHistories.Of(Register, new Random(1), 8, 20_000, RandomHistories.RegisterCall, unseen: 0);

        Assert.Throws<OperationCanceledException>(() => history.Check(Register, cancellationToken: new CancellationToken(true)));
    }

    [Fact]
    public void A_model_that_takes_a_change_for_a_read_is_found_out()
    {
        var history = new History<RegisterCall, RegisterAnswer>([Write(0, 1, 5, 2), Read(0, 3, 5, 4)]);

        var error = Assert.Throws<InvalidOperationException>(() => history.Check(new LyingModel(), cancellationToken: Stop));

        Assert.Contains("LyingModel.IsRead is wrong: write 5 changes the state", error.Message, StringComparison.Ordinal);
    }

    internal static Operation<RegisterCall, RegisterAnswer> Read(int client, long called, int? value, long returned) => Operation<RegisterCall, RegisterAnswer>.Seen(
        client, new RegisterCall.Read(), called, new RegisterAnswer(true, value is { } seen ? Maybe.Some(seen) : Maybe.None<int>()), returned);

    internal static Operation<RegisterCall, RegisterAnswer> Write(int client, long called, int value, long returned) =>
        Operation<RegisterCall, RegisterAnswer>.Seen(client, new RegisterCall.Write(value), called, new RegisterAnswer(true), returned);

    private static RegisterAnswer Answer(Random random, RegisterCall call) => call switch
    {
        RegisterCall.Read => new(true, random.Next(4) is > 0 and var value ? Maybe.Some(value - 1) : Maybe.None<int>()),
        RegisterCall.Swap => new(random.Next(2) == 0),
        _ => new(true),
    };

    private void Verdict(History<KeyValueCall, string> history, string name, bool? isLinearizable)
    {
        var started = TimeProvider.System.GetTimestamp();
        var verdict = history.Check(new KeyValueModel(), cancellationToken: Stop);
        output.WriteLine($"{name}: {history.Operations.Length} operations, {verdict.GetType().Name}, {TimeProvider.System.GetElapsedTime(started).TotalMilliseconds:N0} ms");
        Assert.IsNotType<LinearizabilityVerdict.GaveUp>(verdict);
        if (isLinearizable is { } expected)
            Assert.Equal(expected, verdict is LinearizabilityVerdict.Linearizable);
        if (verdict is LinearizabilityVerdict.Linearizable found)
            Explained.Demand(history, new KeyValueModel(), found.Order);
    }

    private static void AssertLinearizable(params ImmutableArray<Operation<RegisterCall, RegisterAnswer>> operations) =>
        new History<RegisterCall, RegisterAnswer>(operations).Check(Register, cancellationToken: Stop).Demand();

    private static void AssertViolated(params ImmutableArray<Operation<RegisterCall, RegisterAnswer>> operations) =>
        Assert.IsType<LinearizabilityVerdict.Violated>(new History<RegisterCall, RegisterAnswer>(operations).Check(Register, cancellationToken: Stop));

    private sealed class LyingModel : DeterministicModel<Maybe<int>, RegisterCall, RegisterAnswer>
    {
        public override Maybe<int> Initial => Register.Initial;

        public override (Maybe<int> Next, RegisterAnswer Output) Apply(Maybe<int> state, RegisterCall input) => Register.Apply(state, input);

        public override bool IsRead(RegisterCall input, RegisterAnswer output) => true;
    }
}
