using System.Text;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Tests.Commands;

/// <summary>
/// Two nodes with small caches, snapshots that vanish or are garbled, keys that are used again: whatever happens, each result is the
/// one of a dictionary of counters.
/// </summary>
public sealed class CommandModelTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Every_result_is_the_one_of_a_plain_fold(int seed)
    {
        var random = new Random(seed);
        var options = new CommandOptions { CachedStatesMax = 2, ReadPageLength = 4 };
        var world = new CommandWorld(new CounterDecider(snapshotEvery: 3), options);
        CommandProcessor[] nodes = [world.Processor, world.NewProcessor(new CounterDecider(snapshotEvery: 3), options)];
        var model = new Model();
        for (var step = 0; step < 1500; step++)
        {
            var node = nodes[random.Next(2)];
            var key = random.Next(4).ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (random.Next(10) == 0)
                await SpoilSnapshotAsync(world, key, random);
            if (random.Next(20) == 0)
                node.Cache.Clear();

            CounterCommand command = random.Next(20) switch
            {
                0 => new Close(),
                < 5 => new Raise(random.Next(200)),
                < 10 => new AddTwice(random.Next(-5, 6)),
                _ => new Add(random.Next(-5, 6)),
            };
            var expected = random.Next(4) == 0 ? ExpectedVersion.Exactly(model.VersionOf(key) + random.Next(3) / 2) : ExpectedVersion.Any;
            var once = random.Next(4) == 0 ? new IdempotencyKey($"key-{random.Next(200)}") : null;

            var wanted = model.Execute(key, command, expected, once);
            var result = await node.ExecuteAsync(CommandWorld.Request(command, key, expected, once), Token);
            Assert.True(wanted == Describe(result), $"seed {seed}, step {step}, {command} on {key}: wanted {wanted}, was {Describe(result)}");
            var state = (await node.States.LoadAsync<Counter>(CommandWorld.Tenant, new StreamId("counter", key), Token)).State;
            Assert.True(model.StateOf(key) == state, $"seed {seed}, step {step}, {command} on {key}: wanted {model.StateOf(key)}, was {state}");
        }
    }

    private static string Describe(CommandResult result) => result switch
    {
        CommandResult.Accepted accepted => $"accepted {accepted.Stream} {accepted.Version} {accepted.IsReplay}",
        CommandResult.Rejected rejected => $"rejected {rejected.Rejection.Code}",
        CommandResult.Conflict conflict => $"conflict {conflict.Actual}",
        _ => result.ToString(),
    };

    private static async Task SpoilSnapshotAsync(CommandWorld world, string key, Random random)
    {
        var collection = new CollectionId("$snapshots.counter", 1);
        var body = random.Next(3) switch
        {
            0 => "garbage",
            1 => """{"stateVersion":2,"version":3,"state":{"value":999,"isClosed":true}}""",
            _ => """{"stateVersion":1,"version":100000,"state":{"value":999,"isClosed":true}}""",
        };
        DocumentChange change = random.Next(2) == 0
            ? new DocumentChange.Delete(collection, key)
            : new DocumentChange.Put(collection, new Document(key, Encoding.UTF8.GetBytes(body), [], LogPosition.Start));
        (await world.Inner.CommitAsync(Commit.For(CommandWorld.Tenant).Change(change), Token)).Demand();
    }

    private sealed class Model
    {
        private readonly CounterDecider _decider = new();
        private readonly Dictionary<string, (Counter State, long Version)> _streams = [];
        private readonly Dictionary<string, string> _remembered = [];

        public long VersionOf(string key) => _streams.TryGetValue(key, out var stream) ? stream.Version : 0;

        public Counter StateOf(string key) => _streams.TryGetValue(key, out var stream) ? stream.State : _decider.InitialState;

        public string Execute(string key, CounterCommand command, ExpectedVersion expected, IdempotencyKey? once)
        {
            if (once is not null && _remembered.TryGetValue(once.Value, out var first))
                return $"accepted {first} True";
            if (!expected.Allows(StreamVersion.Of(VersionOf(key))))
                return $"conflict {VersionOf(key)}";
            var decision = _decider.Decide(command, StateOf(key));
            if (decision.IsRejected)
                return $"rejected {decision.Rejection.Code}";
            _streams[key] = (decision.Events.Aggregate(StateOf(key), _decider.Evolve), VersionOf(key) + decision.Events.Length);
            var result = $"counter-{key} {VersionOf(key)}";
            if (once is not null)
                _remembered.Add(once.Value, result);
            return $"accepted {result} False";
        }
    }
}
