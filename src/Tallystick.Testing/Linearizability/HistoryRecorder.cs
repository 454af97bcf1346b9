using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Tallystick.Testing.Linearizability;

/// <summary>
/// Records concurrent calls while they happen: give each of several threads or tasks a client's number, let it make all its calls through
/// here, then check <see cref="ToHistory"/>. Safe for any number of threads; a call costs one small object and two increments of one counter,
/// the clock. What is recorded of a call encloses the call itself, so calls are never said to have followed each other that did not.
/// </summary>
/// <remarks>
/// When the called code throws, nobody knows whether it took effect before it failed, so the operation is kept as unseen. That is always
/// sound, but many unseen operations make a check slow and blind: say by <c>isWithoutEffect</c> which exceptions mean that nothing has
/// happened, and answer refusals by a value, which the model then explains.
/// </remarks>
/// <typeparam name="TInput">What is called, with its arguments.</typeparam>
/// <typeparam name="TOutput">What a call answers.</typeparam>
public sealed class HistoryRecorder<TInput, TOutput>
    where TInput : notnull
{
    private readonly ConcurrentQueue<Entry> _entries = new();
    private long _clock;

    /// <summary>Makes a call and records it.</summary>
    /// <param name="client">Who calls; for proofs alone.</param>
    /// <param name="input">What is called.</param>
    /// <param name="call">Makes the call.</param>
    /// <param name="isWithoutEffect">Which exceptions mean that nothing has happened. Default null: none.</param>
    /// <returns>What the call answered; what it throws is thrown again.</returns>
    public async Task<TOutput> RunAsync(int client, TInput input, Func<ValueTask<TOutput>> call, Func<Exception, bool>? isWithoutEffect = null)
    {
        var entry = Begin(client, input);
        try
        {
            var output = await call();
            End(entry, output);
            return output;
        }
        catch (Exception error) when (Forget(entry, error, isWithoutEffect))
        {
            throw;
        }
    }

    /// <inheritdoc cref="RunAsync"/>
    public TOutput Run(int client, TInput input, Func<TOutput> call, Func<Exception, bool>? isWithoutEffect = null)
    {
        var entry = Begin(client, input);
        try
        {
            var output = call();
            End(entry, output);
            return output;
        }
        catch (Exception error) when (Forget(entry, error, isWithoutEffect))
        {
            throw;
        }
    }

    /// <summary>What has been recorded, in the order of the calls; calls that haven't ended yet are unseen.</summary>
    public History<TInput, TOutput> ToHistory()
    {
        // An answer that comes while this reads may be due to a call that came too late to be read. So the history ends now.
        var now = Volatile.Read(ref _clock);
        var operations = ImmutableArray.CreateBuilder<Operation<TInput, TOutput>>();
        foreach (var entry in _entries)
        {
            var called = Volatile.Read(ref entry.Called);
            var returned = Volatile.Read(ref entry.Returned);
            if (called == 0 || called > now || returned == Entry.WithoutEffect)
                continue;
            operations.Add(returned == Entry.Pending || returned > now
                ? Operation<TInput, TOutput>.Unseen(entry.Client, entry.Input, called)
                : Operation<TInput, TOutput>.Seen(entry.Client, entry.Input, called, entry.Output!, returned));
        }

        operations.Sort(static (one, other) => one.Called.CompareTo(other.Called));
        return new History<TInput, TOutput>(operations.ToImmutable());
    }

    private Entry Begin(int client, TInput input)
    {
        var entry = new Entry(client, input);
        _entries.Enqueue(entry);
        Volatile.Write(ref entry.Called, Interlocked.Increment(ref _clock));
        return entry;
    }

    private void End(Entry entry, TOutput output)
    {
        var now = Interlocked.Increment(ref _clock);
        entry.Output = output;
        // Last: whoever sees the time sees the output.
        Volatile.Write(ref entry.Returned, now);
    }

    private static bool Forget(Entry entry, Exception error, Func<Exception, bool>? isWithoutEffect)
    {
        if (isWithoutEffect?.Invoke(error) == true)
            Volatile.Write(ref entry.Returned, Entry.WithoutEffect);
        return false;
    }

    private sealed class Entry(int client, TInput input)
    {
        public const long Pending = 0;
        public const long WithoutEffect = -1;

        public int Client { get; } = client;

        public TInput Input { get; } = input;

        public TOutput? Output { get; set; }

        public long Called;

        public long Returned;
    }
}
