using Tallystick.Testing;
using Tallystick.Testing.Linearizability;

namespace Tallystick.Tests.Testing.Linearizability;

/// <summary>Recording, keeping and reading histories.</summary>
public sealed class HistoryTests
{
    private readonly HistoryRecorder<string, int> _recorder = new();

    [Fact]
    public async Task A_call_is_recorded_with_its_client_input_output_and_order()
    {
        Assert.Equal(7, await _recorder.RunAsync(3, "a", () => ValueTask.FromResult(7)));
        Assert.Equal(8, _recorder.Run(4, "b", () => 8));

        Assert.Equal(
            [Operation<string, int>.Seen(3, "a", 1, 7, 2), Operation<string, int>.Seen(4, "b", 3, 8, 4)], _recorder.ToHistory().Operations);
    }

    [Fact]
    public async Task Calls_that_overlap_are_recorded_as_overlapping_and_an_open_one_as_unseen()
    {
        var answer = new TaskCompletionSource<int>();
        var first = _recorder.RunAsync(1, "first", () => new ValueTask<int>(answer.Task));
        await _recorder.RunAsync(2, "second", () => ValueTask.FromResult(2));
        Assert.True(_recorder.ToHistory().Operations[0].IsUnseen);

        answer.SetResult(1);
        await first;

        Assert.Equal(
            [Operation<string, int>.Seen(1, "first", 1, 1, 4), Operation<string, int>.Seen(2, "second", 2, 2, 3)], _recorder.ToHistory().Operations);
    }

    [Fact]
    public async Task A_call_that_throws_is_unseen_unless_the_failure_means_that_nothing_happened()
    {
        await Assert.ThrowsAsync<TimeoutException>(() => _recorder.RunAsync(1, "lost", () => throw new TimeoutException(), IsRefusal));
        await Assert.ThrowsAsync<ArgumentException>(() => _recorder.RunAsync(1, "refused", () => throw new ArgumentException("no"), IsRefusal));
        Assert.Throws<ArgumentException>(() => _recorder.Run(1, "lost too", () => throw new ArgumentException("no")));

        Assert.Equal([Operation<string, int>.Unseen(1, "lost", 1), Operation<string, int>.Unseen(1, "lost too", 3)], _recorder.ToHistory().Operations);

        static bool IsRefusal(Exception error) => error is ArgumentException;
    }

    [Fact]
    public void Calls_of_many_threads_on_a_counter_with_a_lock_are_linearizable()
    {
        var counter = 0;
        var recorder = RecordCounter(_ => Interlocked.Increment(ref counter));

        recorder.ToHistory().Check(new CounterModel(), cancellationToken: TestContext.Current.CancellationToken).Demand();

        Assert.Equal(400, recorder.ToHistory().Operations.Length);
    }

    [Fact]
    public void A_counter_that_loses_an_increment_under_concurrency_is_found()
    {
        using var bothHaveRead = new Barrier(2);
        var counter = 0;
        var recorder = RecordCounter(
            i =>
            {
                // Two threads read before either writes, once; from then on all is well.
                var value = Volatile.Read(ref counter);
                if (i == 0)
                    bothHaveRead.SignalAndWait(TestContext.Current.CancellationToken);
                return i == 0 ? counter = value + 1 : Interlocked.Increment(ref counter);
            },
            threads: 2);

        var verdict = recorder.ToHistory().Check(new CounterModel(), cancellationToken: TestContext.Current.CancellationToken);

        var failure = Assert.Throws<CheckFailedException>(verdict.Demand);
        Assert.Contains("it must give ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_history_is_the_same_after_it_was_written_and_read()
    {
        var history = RandomHistories.Of(
            new KeyValueModel(), new Random(3), 4, 50, random => new(random.Next(2) == 0 ? "get" : "append", $"{random.Next(3)}", "\"\n\\"), unseen: 0.2);

        var text = history.ToJsonLines();

        Assert.Equal(history.Operations, History<KeyValueCall, string>.FromJsonLines(text + "\n").Operations);
        Assert.StartsWith("""{"client":""", text, StringComparison.Ordinal);
        Assert.Equal(history.Operations.Length, text.Count(c => c == '\n'));
    }

    [Theory]
    [InlineData("{", "Line 2 is no operation")]
    [InlineData("null", "Line 2 is no operation")]
    [InlineData("""{"client":1,"called":5,"returned":4,"input":"a","output":1}""", "Line 2 is no operation")]
    [InlineData("""{"client":1,"called":5,"output":1}""", "Line 2 is no operation")]
    public void A_line_that_is_no_operation_is_named(string line, string expected)
    {
        var good = """{"client":1,"called":1,"returned":2,"input":"a","output":1}""";

        var error = Assert.Throws<FormatException>(() => History<string, int>.FromJsonLines($"{good}\n{line}\n"));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static HistoryRecorder<string, int> RecordCounter(Func<int, int> increment, int threads = 4)
    {
        var recorder = new HistoryRecorder<string, int>();
        var running = Enumerable.Range(0, threads).Select(client => new Thread(() =>
        {
            for (var i = 0; i < 100; i++)
                recorder.Run(client, "increment", () => increment(i));
        })).ToArray();
        Array.ForEach(running, thread => thread.Start());
        Array.ForEach(running, thread => thread.Join());
        return recorder;
    }

    private sealed class CounterModel : DeterministicModel<int, string, int>
    {
        public override int Initial => 0;

        public override (int Next, int Output) Apply(int state, string input) => (state + 1, state + 1);
    }
}
