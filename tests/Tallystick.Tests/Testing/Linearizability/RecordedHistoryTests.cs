using Tallystick.Testing.Linearizability;

namespace Tallystick.Tests.Testing.Linearizability;

/// <summary>
/// The checker agrees with the verdicts that others have found on histories of real systems: a register of etcd, recorded by Jepsen, and a
/// key-value store with up to 10 clients. They were collected by A. Athalye for Porcupine.
/// </summary>
public sealed class RecordedHistoryTests(ITestOutputHelper output)
{
    [Fact]
    public void Verdicts_on_histories_of_a_register_in_etcd_are_those_that_are_known()
    {
        var folder = SharedData.FolderOrSkip("histories");
        var verdicts = File.ReadAllLines(Path.Combine(folder, "etcd-verdicts.tsv")).Select(line => line.Split('\t')).ToArray();
        Assert.True(verdicts.Length >= 52, $"only {verdicts.Length} verdicts");
        Assert.All(verdicts, verdict => Agrees(
            EtcdHistories.Parse(File.ReadLines(Path.Combine(folder, "etcd", verdict[0]))), new RegisterModel(), verdict[0], verdict[1] == "linearizable"));
    }

    [Fact]
    public void Verdicts_on_histories_of_a_key_value_store_are_those_that_are_known()
    {
        var files = Directory.GetFiles(Path.Combine(SharedData.FolderOrSkip("histories"), "kv"), "*.txt");
        Assert.True(files.Length >= 4, $"only {files.Length} files");
        Assert.All(files, file => Agrees(
            KeyValueHistories.Parse(File.ReadLines(file)), new KeyValueModel(), Path.GetFileName(file), file.EndsWith("-ok.txt", StringComparison.Ordinal)));
    }

    private void Agrees<TState, TInput, TOutput>(
        History<TInput, TOutput> history, SequentialModel<TState, TInput, TOutput> model, string name, bool isLinearizable)
        where TState : notnull
        where TInput : notnull
    {
        var started = TimeProvider.System.GetTimestamp();
        var verdict = history.Check(model, cancellationToken: TestContext.Current.CancellationToken);
        var elapsed = TimeProvider.System.GetElapsedTime(started);

        output.WriteLine($"{name}: {history.Operations.Length} operations, {verdict.GetType().Name}, {elapsed.TotalMilliseconds:N1} ms");
        if (verdict is LinearizabilityVerdict.Violated violated)
            output.WriteLine(violated.Proof);
        Assert.Equal(isLinearizable ? typeof(LinearizabilityVerdict.Linearizable) : typeof(LinearizabilityVerdict.Violated), verdict.GetType());
        // Writing a "known" verdict down again is no proof: the order found must explain every answer, and what a proof shows must be impossible.
        if (verdict is LinearizabilityVerdict.Linearizable linearizable)
            Explained.Demand(history, model, linearizable.Order);
    }
}
