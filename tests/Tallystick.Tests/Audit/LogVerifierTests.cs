using System.Collections.Immutable;
using System.Text;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;
using Tallystick.Tests.Commands;

namespace Tallystick.Tests.Audit;

/// <summary>An intact log verifies; one that was altered in any way doesn't, or its head contradicts one that was exported before.</summary>
public sealed class LogVerifierTests : IAsyncDisposable
{
    private const int LengthMax = 70;

    private static readonly TenantId Tenant = TenantId.Parse("acme");

    private readonly InstantTime _time = new();
    private readonly InMemoryStore _store;

    public LogVerifierTests() => _store = new InMemoryStore(new StoreOptions { Time = _time, Entropy = new SeededEntropy(1) });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, int> Headers =>
    [
        .. from index in Enumerable.Range(0, AlteredEvent.Headers.Length)
           from position in new[] { 1, 6, 13 }
           select new TheoryDataRow<string, int>($"{index} {AlteredEvent.Headers[index].Field}", position),
    ];

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Logs_of_every_size_verify_while_they_grow()
    {
        for (var size = 0; size <= LengthMax; size++)
        {
            var head = await _store.ReadHeadAsync(Tenant, Token);
            var log = await LogAsync();
            var seen = new List<LogPosition>();
            var verification = await LogVerifier.VerifyAsync(new TamperedStore(_store, log, head), Tenant, new Progress(seen.Add), Token);
            Assert.True(verification.IsIntact, string.Join('\n', verification.Findings));
            Assert.Equal((LogPosition.Of(size), head.Tree.Root()), (verification.Position, verification.Root));
            Assert.Equal(seen.Order(), seen);
            Assert.Equal((size + 2) / 3, seen.Count);
            Assert.True((await LogVerifier.VerifyAsync(_store, Tenant, null, Token)).IsIntact);
            await AppendAsync(1);
        }
    }

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task An_altered_header_is_found(string alteration, int position)
    {
        await AppendAsync(13);
        var alter = AlteredEvent.Headers[int.Parse(alteration.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture)].Alter;
        await DemandFoundAsync(position, alter);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(13)]
    public async Task An_altered_payload_or_salt_is_found(int position)
    {
        await AppendAsync(13);
        await DemandFoundAsync(position, e => AlteredEvent.With(e, payload: [.. e.Payload.Span, (byte)' ']), "payload");
        await DemandFoundAsync(position, e => AlteredEvent.With(e, payload: []), "payload");
        await DemandFoundAsync(position, e => AlteredEvent.With(e, payload: Flip(e.Payload, 3)), "payload");
        await DemandFoundAsync(position, e => AlteredEvent.With(e, salt: Flip(e.Salt, 15)), "payload");
        await DemandFoundAsync(position, e => AlteredEvent.With(e, salt: []), "salt");

        // The hash covers salt and payload as one text: without a fixed length, the border between them could be moved unseen.
        await DemandFoundAsync(position, e => AlteredEvent.With(e, salt: [.. e.Salt.Span, .. e.Payload.Span[..5]], payload: e.Payload[5..].ToArray()), "salt");
        await DemandFoundAsync(position, e => AlteredEvent.With(e, salt: e.Salt[..10].ToArray(), payload: [.. e.Salt.Span[10..], .. e.Payload.Span]), "salt");

        // Whoever alters the payload and its hash meets the leaf; who alters the leaf too, the tree.
        await DemandFoundAsync(position, e => Rehashed(e, leafToo: false), "leaf");
        await DemandFoundAsync(position, e => Rehashed(e, leafToo: true));
    }

    [Fact]
    public async Task An_altered_tree_node_is_found_wherever_it_is()
    {
        await AppendAsync(16);
        for (var level = 0; level <= 4; level++)
            await DemandFoundAsync(16, e => AlteredEvent.With(e, treeNodes: Flip(e.TreeNodes, (level * 32) + 7)), level == 0 ? "leaf" : $"level {level}");
        await DemandFoundAsync(16, e => AlteredEvent.With(e, treeNodes: e.TreeNodes[..^32].ToArray()), "tree nodes");
        await DemandFoundAsync(16, e => AlteredEvent.With(e, treeNodes: [.. e.TreeNodes.Span, .. new byte[32]]), "tree nodes");
        await DemandFoundAsync(16, e => AlteredEvent.With(e, treeNodes: e.TreeNodes[..^1].ToArray()), "tree nodes");
        await DemandFoundAsync(15, e => AlteredEvent.With(e, treeNodes: []), "tree nodes");
        await DemandFoundAsync(15, e => AlteredEvent.With(e, treeNodes: new byte[31]), "tree nodes");
    }

    [Fact]
    public async Task Swapped_removed_repeated_and_inserted_events_are_found()
    {
        await AppendAsync(13);
        var (log, head) = (await LogAsync(), await _store.ReadHeadAsync(Tenant, Token));
        for (var at = 0; at < 12; at++)
        {
            // Rows swapped as they are, and with their positions put right.
            await DemandFoundAsync(log.SetItem(at, log[at + 1]).SetItem(at + 1, log[at]), head);
            await DemandFoundAsync(
                log.SetItem(at, AlteredEvent.With(log[at + 1], position: log[at].Position)).SetItem(at + 1, AlteredEvent.With(log[at], position: log[at + 1].Position)), head);
            await DemandFoundAsync(log.RemoveAt(at), head);
            await DemandFoundAsync([.. log[..at], .. log[(at + 1)..].Select(e => AlteredEvent.With(e, position: LogPosition.Of(e.Position.Value - 1)))], head);
            await DemandFoundAsync([.. log[..at], log[at], .. log[at..].Select(e => AlteredEvent.With(e, position: e.Position.Next()))], head);
        }
    }

    [Fact]
    public async Task A_removed_end_is_found_against_the_logs_own_head()
    {
        await AppendAsync(13);
        var (log, head) = (await LogAsync(), await _store.ReadHeadAsync(Tenant, Token));
        for (var left = 0; left < 13; left++)
        {
            var verification = await VerifyAsync(log[..left], head);
            Assert.Equal(LogPosition.Of(left), verification.Position);
            Assert.Contains("the end is missing", Assert.Single(verification.Findings).Problem, StringComparison.Ordinal);
        }

        var shorter = await VerifyAsync(log, head with { Position = LogPosition.Of(12) });
        Assert.Contains("root", Assert.Single(shorter.Findings).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cut_or_rewritten_log_with_a_head_of_its_own_is_found_against_an_exported_head_alone()
    {
        await AppendAsync(20);
        var exported = await _store.ReadHeadAsync(Tenant, Token);

        // Honest growth is proved.
        await AppendAsync(13);
        var honest = await _store.ReadHeadAsync(Tenant, Token);
        Assert.True((await LogVerifier.ProveConsistencyAsync(_store, Tenant, 20, 33, Token)).Verify(exported.Tree.Root(), honest.Tree.Root()));

        // The attacker writes another history, from its beginning, with all hashes right.
        await using var rewritten = new InMemoryStore(new StoreOptions { Time = _time, Entropy = new SeededEntropy(99) });
        await AppendAsync(33, rewritten);
        var head = await rewritten.ReadHeadAsync(Tenant, Token);
        Assert.True((await LogVerifier.VerifyAsync(rewritten, Tenant, null, Token)).IsIntact);
        Assert.False((await LogVerifier.ProveConsistencyAsync(rewritten, Tenant, 20, 33, Token)).Verify(exported.Tree.Root(), head.Tree.Root()));

        // The attacker cuts the end off, with the head set back.
        await using var cut = new InMemoryStore(new StoreOptions { Time = _time, Entropy = new SeededEntropy(1) });
        await AppendAsync(15, cut);
        Assert.True((await LogVerifier.VerifyAsync(cut, Tenant, null, Token)).IsIntact);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => LogVerifier.ProveConsistencyAsync(cut, Tenant, 20, 20, Token).AsTask());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => LogVerifier.ProveConsistencyAsync(cut, Tenant, 20, 15, Token).AsTask());
    }

    [Fact]
    public async Task Every_event_and_every_older_size_of_a_log_is_proved()
    {
        var roots = new List<Hash256>();
        for (var size = 0; size <= LengthMax; size++)
        {
            roots.Add((await _store.ReadHeadAsync(Tenant, Token)).Tree.Root());
            await AppendAsync(1);
        }

        var log = await LogAsync();
        for (var size = 1; size <= LengthMax; size++)
        {
            for (var older = 1; older <= size; older++)
            {
                var inclusion = await LogVerifier.ProveInclusionAsync(_store, Tenant, LogPosition.Of(older), size, Token);
                Assert.True(inclusion.Verify(EventLeaf.Hash(log[older - 1]), roots[size]));
                Assert.False(inclusion.Verify(EventLeaf.Hash(log[older % size]), roots[size]) && size > 1);
                var consistency = await LogVerifier.ProveConsistencyAsync(_store, Tenant, older, size, Token);
                Assert.True(consistency.Verify(roots[older], roots[size]));
                Assert.False(older != size && consistency.Verify(roots[older - 1], roots[size]));
            }
        }
    }

    [Fact]
    public async Task Nothing_is_proved_of_events_that_the_log_does_not_have()
    {
        await AppendAsync(4);
        foreach (var (position, size) in new[] { (5, 5), (1, 5), (5, 4), (0, 4), (1, 0), (1, 100), (9, 9) })
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => LogVerifier.ProveInclusionAsync(_store, Tenant, LogPosition.Of(position), size, Token).AsTask());
        foreach (var (older, newer) in new[] { (5, 5), (4, 5), (0, 4), (3, 2), (1, 100), (8, 8) })
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => LogVerifier.ProveConsistencyAsync(_store, Tenant, older, newer, Token).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => LogVerifier.VerifyAsync(_store, default, null, Token).AsTask());
    }

    [Fact]
    public async Task A_proof_from_damaged_tree_nodes_says_that_they_are_damaged()
    {
        await AppendAsync(8);
        var log = (await LogAsync()).Select(e => AlteredEvent.With(e, treeNodes: e.TreeNodes[..10].ToArray())).ToImmutableArray();
        var store = new TamperedStore(_store, log, await _store.ReadHeadAsync(Tenant, Token));
        var error = await Assert.ThrowsAsync<TallystickException>(() => LogVerifier.ProveInclusionAsync(store, Tenant, LogPosition.Of(3), 8, Token).AsTask());
        Assert.Contains("tree nodes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proof_from_a_log_that_ends_before_its_head_is_an_error_of_the_stores()
    {
        await AppendAsync(8);
        var store = new TamperedStore(_store, (await LogAsync())[..5], await _store.ReadHeadAsync(Tenant, Token));
        var error = await Assert.ThrowsAsync<TallystickException>(() => LogVerifier.ProveInclusionAsync(store, Tenant, LogPosition.Of(3), 8, Token).AsTask());
        Assert.Contains("no event at position 8", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => LogVerifier.ProveInclusionAsync(store, Tenant, LogPosition.Of(3), 9, Token).AsTask());
    }

    [Fact]
    public async Task Findings_are_bounded()
    {
        await AppendAsync(LengthMax);
        var log = (await LogAsync()).Select(e => AlteredEvent.With(e, type: "other", payload: [])).ToImmutableArray();
        var verification = await VerifyAsync(log, await _store.ReadHeadAsync(Tenant, Token));
        Assert.Equal(100, verification.Findings.Length);
    }

    private async Task DemandFoundAsync(int position, Func<RecordedEvent, RecordedEvent> alter, string expected = "")
    {
        var log = await LogAsync();
        var findings = await DemandFoundAsync(log.SetItem(position - 1, alter(log[position - 1])), await _store.ReadHeadAsync(Tenant, Token));
        Assert.Contains(findings, finding => finding.Problem.Contains(expected, StringComparison.Ordinal));
    }

    private async Task<ImmutableArray<LogFinding>> DemandFoundAsync(ImmutableArray<RecordedEvent> log, LogHead head)
    {
        var verification = await VerifyAsync(log, head);
        Assert.False(verification.IsIntact);
        Assert.InRange(verification.Findings.Length, 1, 100);
        return verification.Findings;
    }

    private ValueTask<LogVerification> VerifyAsync(ImmutableArray<RecordedEvent> log, LogHead head) =>
        LogVerifier.VerifyAsync(new TamperedStore(_store, log, head), Tenant, null, Token);

    private async Task<ImmutableArray<RecordedEvent>> LogAsync() => (await _store.ReadLogAsync(Tenant, new LogRead(LogPosition.Start, 1000), Token)).Events;

    private async Task AppendAsync(int count, InMemoryStore? store = null)
    {
        store ??= _store;
        for (var i = 0; i < count; i++)
        {
            var position = (await store.ReadHeadAsync(Tenant, Token)).Position.Value;
            _time.Now += TimeSpan.FromSeconds(position % 3);
            var e = new NewEvent(new Guid((int)position, 1, 2, new byte[8]), "order.placed", 1, Encoding.UTF8.GetBytes($$"""{"number":{{position}}}"""), [$"order:{position % 4}"]);
            (await store.CommitAsync(
                Commit.For(Tenant).From(new EventMetadata("c", null, null, "ann")).Append(new StreamId("order", $"{position % 3}"), ExpectedVersion.Any, e), Token)).Demand();
        }
    }

    private static byte[] Flip(ReadOnlyMemory<byte> bytes, int index)
    {
        var flipped = bytes.ToArray();
        flipped[index] ^= 1;
        return flipped;
    }

    private static RecordedEvent Rehashed(RecordedEvent e, bool leafToo)
    {
        byte[] payload = [.. "{\"forged\":true}"u8];
        var forged = AlteredEvent.With(e, payload: payload, payloadHash: PreparedCommit.HashPayload(e.Salt.Span, payload));
        return leafToo ? AlteredEvent.With(forged, treeNodes: [.. EventLeaf.Hash(forged).ToByteArray(), .. e.TreeNodes.Span[32..]]) : forged;
    }

    private sealed class Progress(Action<LogPosition> report) : IProgress<LogPosition>
    {
        public void Report(LogPosition value) => report(value);
    }
}
