using System.Security.Claims;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Stores;

namespace Tallystick.Tests.Commands;

/// <summary>A clock that a test sets, whose timers fire at once and are noted.</summary>
public sealed class InstantTime : TimeProvider
{
    public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public List<TimeSpan> Waits { get; } = [];

    public override DateTimeOffset GetUtcNow() => Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (Waits)
            Waits.Add(dueTime);
        callback(state);
        return new NoTimer();
    }

    private sealed class NoTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>A store, a decider and processors around them.</summary>
public sealed class CommandWorld
{
    public static readonly TenantId Tenant = TenantId.Parse("acme");
    public static readonly StreamId Stream = new("counter", "1");

    public CommandWorld(Decider? decider = null, CommandOptions? options = null, StoreLimits? limits = null, IEnumerable<Upcaster>? upcasters = null)
    {
        Inner = new InMemoryStore(new StoreOptions { Time = Time, Entropy = new SeededEntropy(1), Limits = limits ?? StoreLimits.Default });
        Store = new FaultyStore(Inner);
        Options = (options ?? new CommandOptions()) with { Time = Time, Entropy = new SeededEntropy(2) };
        Upcasters = [.. upcasters ?? []];
        Processor = NewProcessor(decider ?? new CounterDecider());
    }

    public InstantTime Time { get; } = new();

    /// <summary>The store itself, for what happens behind the processor's back.</summary>
    public InMemoryStore Inner { get; }

    public FaultyStore Store { get; }

    /// <summary>What was read of streams through <see cref="Store"/>.</summary>
    public StreamRead[] StreamReads => [.. Store.CallsOf(StoreOperation.ReadStream).Select(call => (StreamRead)call.Argument!)];

    /// <summary>How often documents were looked up through <see cref="Store"/>.</summary>
    public int DocumentReads => Store.CallsOf(StoreOperation.FindDocuments).Length;

    public CommandOptions Options { get; }

    public CommandProcessor Processor { get; }

    public StateReader States => Processor.States;

    private Upcaster[] Upcasters { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Another node: its own cache, the same store.</summary>
    public CommandProcessor NewProcessor(Decider decider, CommandOptions? options = null)
    {
        var deciders = Deciders.Of(decider);
        return new CommandProcessor(Store, deciders, NewSerializer(deciders), options ?? Options);
    }

    public EventSerializer NewSerializer(Deciders deciders) =>
        new(new EventTypes(deciders.EventTypes, Upcasters), new IdGenerator(Time, new SeededEntropy(3)));

    public static CommandRequest Request(
        object command, string key = "1", ExpectedVersion expected = default, IdempotencyKey? once = null, ClaimsPrincipal? user = null) =>
        new(Tenant, new StreamId("counter", key), command) { ExpectedVersion = expected, IdempotencyKey = once, User = user };

    public ValueTask<CommandResult> Do(object command, string key = "1", ExpectedVersion expected = default, IdempotencyKey? once = null) =>
        Processor.ExecuteAsync(Request(command, key, expected, once), Token);

    /// <summary>Appends events as another node would, unseen by the processor.</summary>
    public async Task AppendBehindAsync(params CounterEvent[] events)
    {
        var serializer = NewSerializer(Deciders.Of(new CounterDecider()));
        var commit = Commit.For(Tenant).Append(Stream, ExpectedVersion.Any, events.Select(serializer.Serialize).ToArray());
        (await Inner.CommitAsync(commit, Token)).Demand();
    }

    public async Task<Counter> StateAsync() => (await States.LoadAsync<Counter>(Tenant, Stream, Token)).State;
}
