using System.Collections.Immutable;
using System.Security.Cryptography;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>That what is stored suffices to recompute every leaf and to prove every event and every growth of the log.</summary>
internal sealed class TreeConformance : ConformanceArea
{
    private const int Size = 41;

    [Conformance]
    public async Task Every_payload_hash_and_leaf_can_be_recomputed_from_the_stored_event()
    {
        var log = await GrowAsync();

        foreach (var e in log)
        {
            Assert.Equal(new Hash256(SHA256.HashData([.. e.Salt.Span, .. e.Payload.Span])), e.PayloadHash);
            Assert.Equal(EventLeaf.Hash(e), e.LeafHash);
        }
    }

    [Conformance]
    public async Task Each_event_has_a_salt_of_its_own()
    {
        var log = await GrowAsync();

        Assert.Equal(Size, log.Select(e => Convert.ToHexString(e.Salt.Span)).Distinct().Count());
        Assert.Equal(Size, log.Select(e => e.PayloadHash).Distinct().Count());
    }

    [Conformance]
    public async Task Each_event_keeps_the_nodes_that_it_completes()
    {
        var log = await GrowAsync();

        foreach (var e in log)
        {
            var nodes = MerkleFrontier.CompletedNodeCount(e.Position.Value) + 1;
            Assert.Equal(nodes * Hash256.ByteLength, e.TreeNodes.Length);
            for (var level = 0; level < nodes; level++)
                Assert.Equal(RootOf(Leaves(log).AsSpan()[((int)e.Position.Value - (1 << level))..(int)e.Position.Value]), Node(e, level));
        }
    }

    [Conformance]
    public async Task The_heads_tree_is_the_tree_of_all_leaves_at_every_size()
    {
        for (var size = 1; size <= Size; size++)
        {
            await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()));
            var head = await Store.ReadHeadAsync(Acme, Stop);

            Assert.Equal((size, size), (head.Tree.Count, head.Position.Value));
            Assert.Equal(RootOf(Leaves(await LogAsync(Acme)).AsSpan()), head.Tree.Root());
        }
    }

    [Conformance]
    public async Task The_heads_tree_is_a_copy_that_its_reader_may_change()
    {
        await PlaceAsync(3);
        var head = await Store.ReadHeadAsync(Acme, Stop);
        var root = head.Tree.Root();

        head.Tree.Append(default, new Hash256[MerkleFrontier.CompletedNodesMax]);
        Assert.Equal(root, (await Store.ReadHeadAsync(Acme, Stop)).Tree.Root());
        await PlaceAsync(1);

        Assert.Equal(RootOf(Leaves(await LogAsync(Acme)).AsSpan()), (await Store.ReadHeadAsync(Acme, Stop)).Tree.Root());
    }

    [Conformance]
    public async Task The_stored_nodes_prove_every_event_in_every_size_of_the_log()
    {
        var log = await GrowAsync();
        var leaves = Leaves(log);
        for (var size = 1; size <= Size; size++)
        {
            var root = RootOf(leaves.AsSpan()[..size]);
            for (var index = 0; index < size; index++)
            {
                var proof = await MerkleProofs.InclusionAsync(index, size, Reader(log), Stop);
                Assert.True(proof.Verify(leaves[index], root), $"event {index} in {size}");
                Assert.False(proof.Verify(leaves[(index + 1) % Size], root), $"another event at {index} in {size}");
            }
        }
    }

    [Conformance]
    public async Task The_stored_nodes_prove_that_the_log_only_grew()
    {
        var log = await GrowAsync();
        var leaves = Leaves(log);
        for (var newer = 1; newer <= Size; newer++)
        {
            for (var older = 1; older <= newer; older++)
            {
                var proof = await MerkleProofs.ConsistencyAsync(older, newer, Reader(log), Stop);
                Assert.True(proof.Verify(RootOf(leaves.AsSpan()[..older]), RootOf(leaves.AsSpan()[..newer])), $"{older} to {newer}");
            }
        }
    }

    /// <summary>A log of <see cref="Size"/> events in commits of many shapes, half of them written after reopening.</summary>
    private async Task<ImmutableArray<RecordedEvent>> GrowAsync()
    {
        await PlaceAsync(1);
        await PlaceAsync(12);
        await DoAsync(Commit.For(Globex).Append(Order1, ExpectedVersion.Any, Make.Many(5)));
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Many(3)).Append(Order2, ExpectedVersion.Any, Make.Many(4))
            .From(new EventMetadata("correlation", TestEvents.Id(1), "", "ann")));
        await ReopenAsync();
        Time.Advance(TimeSpan.FromSeconds(1));
        await PlaceAsync(20);
        await DoAsync(Commit.For(Acme).Append(Order2, ExpectedVersion.Any, Make.Event("t", "{}", "two words", "🦊")));
        var log = await LogAsync(Acme);
        Assert.Equal(Size, log.Length);
        return log;
    }

    private static ImmutableArray<Hash256> Leaves(ImmutableArray<RecordedEvent> log) => [.. log.Select(EventLeaf.Hash)];

    private static Hash256 Node(RecordedEvent e, int level) => new(e.TreeNodes.Span.Slice(level * Hash256.ByteLength, Hash256.ByteLength));

    private static TreeNodeReader Reader(ImmutableArray<RecordedEvent> log) => (level, end, _) => new(Node(log[(int)end - 1], level));

    /// <summary>RFC 6962's definition as it is written, recursive, with none of the library's code.</summary>
    private static Hash256 RootOf(ReadOnlySpan<Hash256> leaves)
    {
        if (leaves.Length == 1)
            return leaves[0];
        var split = 1;
        while (split * 2 < leaves.Length)
            split *= 2;
        return new Hash256(SHA256.HashData([1, .. RootOf(leaves[..split]).ToByteArray(), .. RootOf(leaves[split..]).ToByteArray()]));
    }
}
