using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Testing;
using Tallystick.Testing.Conformance;
using Tallystick.Tests.Audit;

namespace Tallystick.Tests.Testing.Conformance;

/// <summary>That the suite finds wrong stores: each has one fault, and a test of the area that it belongs to must fail by it.</summary>
public sealed class FaultyProviderTests
{
    private static readonly Dictionary<string, (string Area, Func<StoreHarness> Harness)> Faults = new(StringComparer.Ordinal)
    {
        ["positions have a gap"] = ("Commit", Events(e => Altered(e, e.Position.Value > 2 ? e.Position.Next() : e.Position))),
        ["expected versions are ignored"] = ("Commit", Changed(Commits.WithoutExpectedVersions)),
        ["a check of the version is not held until the append"] = ("Concurrency", Wrapped(store => new ChecksThenActs(store))),
        ["idempotency keys are forgotten"] = ("Idempotency", Changed(commit => Commits.Rebuild(commit, keepKey: false))),
        ["a key's fingerprint is ignored"] = ("Idempotency", Changed(commit => commit.Key is { } key ? commit.Once(new IdempotencyKey(key.Value)) : commit)),
        ["a replay doesn't say so"] = ("Idempotency", Wrapped(store => new ForgetsReplays(store))),
        ["conditions are ignored"] = ("Query condition", Changed(commit => Commits.Rebuild(commit, keepConditions: false))),
        ["what a checkpoint should be is ignored"] = ("Checkpoint", Changed(Commits.WithoutExpectedCheckpoints)),
        ["commits under a lease that is lost are accepted"] = ("Lease", Changed(Commits.WithoutFences)),
        ["a lease's epoch begins anew when it is released"] = ("Lease", Wrapped(store => new ForgetsEpochs(store))),
        ["leases run by a clock of the store's own"] = ("Lease", Opened(options => new InMemoryStore(options with { Time = TimeProvider.System }))),
        ["a commit is torn"] = ("Commit", Wrapped(store => new TearsCommits(store))),
        ["half a commit is seen by readers"] = ("Document", Wrapped(store => new TearsCommits(store))),
        ["metadata is lost"] = ("Read", Changed(commit => commit.From(EventMetadata.None))),
        ["the store has a clock of its own"] = ("Commit", Opened(options => new InMemoryStore(options with { Time = TimeProvider.System }))),
        ["documents sort by UTF-16"] = ("Document query", Wrapped(store => new SortsByUtf16(store))),
        ["waiters are woken too early"] = ("Signal", Wrapped(store => new WakesTooEarly(store))),
        ["waiters are woken by another tenant"] = ("Tenancy", Wrapped(store => new WakesOtherTenants(store))),
        ["documents of another tenant are found"] = ("Tenancy", Wrapped(store => new LeaksDocuments(store))),
        ["a leaf is wrong"] = ("Tree", Events(e => Altered(e, e.Position, e.Position.Value == 5 ? (byte)1 : (byte)0))),
        ["the head's tree is the store's own"] = ("Tree", Wrapped(store => new SharesItsTree(store))),
        ["all salts are the same"] = ("Tree", Opened(options => new InMemoryStore(options with { Entropy = new NoEntropy() }))),
        ["limits are not checked"] = ("Limit", Opened(options => new HasNoLimits(new InMemoryStore(options with { Limits = StoreLimits.Default }), options.Limits))),
        ["a closed store goes on"] = ("Lifetime", Wrapped(store => new NeverCloses(store))),
        ["what was stored is gone after closing"] = ("Lifetime", static () => new ForgetfulHarness()),
        ["the last commit is gone after a crash"] = ("Crash", static () => new RestartableHarness(crash: journal => journal.LoseLastAsync())),
        ["versions are ignored in a random run"] = ("Model", Changed(Commits.WithoutExpectedVersions)),
    };

    /// <summary>Faults that show only when two threads meet at the wrong moment; a single run may miss them on a busy machine.</summary>
    private static readonly HashSet<string> Racing =
        ["a check of the version is not held until the append", "half a commit is seen by readers", "waiters are woken by another tenant"];

    public static TheoryData<string> Names() => [.. Faults.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_suite_finds(string fault)
    {
        var (area, newHarness) = Faults[fault];
        string? found = null;
        for (var attempt = 0; found is null && attempt < (Racing.Contains(fault) ? 20 : 1); attempt++)
            found = await FirstFailureAsync(area, newHarness);

        Assert.True(found is not null, $"no test of {area} found that {fault}");
        Assert.DoesNotContain("It hasn't ended", found, StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine(found);
    }

    [Fact]
    public async Task A_healthy_store_that_is_closed_and_crashed_passes()
    {
        var needing = StoreConformance.All.Where(test => test.Needs != StoreCapabilities.None).ToArray();
        Assert.Equal(4, needing.Length);
        foreach (var test in needing)
        {
            await using var harness = new RestartableHarness();
            await test.RunAsync(harness, cancellationToken: TestContext.Current.CancellationToken);
        }
    }

    private static async Task<string?> FirstFailureAsync(string area, Func<StoreHarness> newHarness)
    {
        foreach (var test in StoreConformance.All.Where(test => test.Area == area))
        {
            await using var harness = newHarness();
            if (test.SkipReason(harness) is not null)
                continue;
            try
            {
                await test.RunAsync(harness, cancellationToken: TestContext.Current.CancellationToken);
            }
            catch (CheckFailedException failed)
            {
                return failed.Message;
            }
        }

        return null;
    }

    private static Func<StoreHarness> Opened(Func<StoreOptions, IStore> open) => () => new WrappingHarness(open);

    private static Func<StoreHarness> Wrapped(Func<IStore, IStore> wrap) => Opened(options => wrap(new InMemoryStore(options)));

    private static Func<StoreHarness> Changed(Func<Commit, Commit> change) => Wrapped(store => new ChangesCommits(store, change));

    private static Func<StoreHarness> Events(Func<RecordedEvent, RecordedEvent> change) => Wrapped(store => new ChangesEvents(store, change));

    private static RecordedEvent Altered(RecordedEvent e, LogPosition position, byte flip = 0)
    {
        var nodes = e.TreeNodes.ToArray();
        nodes[0] ^= flip;
        return AlteredEvent.With(e, position: position, treeNodes: nodes);
    }

    private sealed class NoEntropy : Entropy
    {
        public override void Fill(Span<byte> buffer) => buffer.Clear();
    }

    /// <summary>Says that it is durable and begins anew.</summary>
    private sealed class ForgetfulHarness : StoreHarness
    {
        public override StoreCapabilities Capabilities => StoreCapabilities.Durable;

        public override ValueTask<IStore> OpenAsync(string database, StoreOptions options, CancellationToken cancellationToken) => new(new InMemoryStore(options));
    }
}
