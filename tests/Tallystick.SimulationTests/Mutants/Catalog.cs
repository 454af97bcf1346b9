using System.Collections.Immutable;

namespace Tallystick.SimulationTests.Mutants;

/// <summary>The deliberate bugs.</summary>
internal static class Catalog
{
    private const string Fold = "its rows weren't the fold";
    private const string Stale = "got what it never was in between";
    private const string Undeserved = "in no state that the stream had meanwhile";

    public static ImmutableArray<Mutant> All { get; } =
    [
        new("a checkpoint is saved before its rows", "orders", 5, Fold, Stale)
        {
            Edits =
            [
                new("Tallystick/Projections/FoldingRunner.cs",
                    "await CommitAsync(Commit.For(Rows.Home).Change(changes).Save(track.Checkpoint, track.Examined, track.Saved), cancellationToken);",
                    "await CommitAsync(Commit.For(Rows.Home).Save(track.Checkpoint, track.Examined, track.Saved), cancellationToken); await CommitAsync(Commit.For(Rows.Home).Change(changes), cancellationToken);"),
            ],
        },
        new("rows are applied twice after a crash", "ledger", 50, Fold, Stale)
        {
            Edits =
            [
                new("Tallystick/Projections/FoldingRunner.cs",
                    "await CommitAsync(Commit.For(Rows.Home).Change(changes).Save(track.Checkpoint, track.Examined, track.Saved), cancellationToken);",
                    "await CommitAsync(Commit.For(Rows.Home).Change(changes), cancellationToken); await CommitAsync(Commit.For(Rows.Home).Save(track.Checkpoint, track.Examined, track.Saved), cancellationToken);"),
            ],
        },
        new("a stale cached state is trusted", "ledger", 400, Undeserved)
        {
            Edits =
            [
                new("Tallystick/Commands/CommandHandler.cs",
                    "return isCached ? RejectIfCurrentAsync(request, before.Version, rejected, cancellationToken) : new(rejected);",
                    "return new(rejected);"),
            ],
        },
        new("a wake-up is lost", "orders", 100, "nothing is left that would wake it")
        {
            Edits =
            [
                new("Tallystick/Subscriptions/Runner.cs",
                    "ValueTask WaitForWorkAsync(CancellationToken cancellationToken) =>\n        Store.WaitForPositionAsync(Tenant, Position.Next(), cancellationToken);",
                    "async ValueTask WaitForWorkAsync(CancellationToken cancellationToken) =>\n        await Store.WaitForPositionAsync(Tenant, (await Store.ReadHeadAsync(Tenant, cancellationToken)).Position.Next(), cancellationToken);"),
            ],
        },
        new("a signal comes one position late", "orders", 5, "nothing is left", Fold)
        {
            Edits = [new("Tallystick/Storage/PositionSignals.cs", "wanted <= position.Value", "wanted < position.Value")],
        },
        new("idempotency keys are forgotten on restart", "orders", 20, "is forgotten")
        {
            Edits =
            [
                new("Tallystick.Testing/Simulations/SimulatedServer.cs",
                    "            Replay(entry);",
                    "        { var copy = entry.Commit with { }; typeof(Commit).GetProperty(\"Key\")!.SetValue(copy, null); Replay(entry with { Commit = copy }); }"),
            ],
        },
        new("an upcaster is skipped", "ledger", 10, "account.deposited")
        {
            Edits =
            [
                new("Tallystick/Events/EventSerializer.cs",
                    "is { } info && info.Version == recorded.SchemaVersion)",
                    "is { } info)"),
            ],
        },
        new("a rebuild is swapped in before it has caught up", "ledger", 200, "went back from position")
        {
            Edits =
            [
                new("Tallystick/Projections/ProjectionRunner.Rebuild.cs",
                    "if (building.Examined.Value < State.BuildTarget || building.Pending > 0 || building.Examined < (Live?.Examined ?? LogPosition.Start))",
                    "if (building.Pending > 0)"),
                new("Tallystick/Projections/ProjectionRunner.Rebuild.cs", "if (building.Examined < seen)", "if (building.Examined > LogPosition.Of(1_000_000))"),
            ],
        },
        new("positions have a gap", "orders", 5, "was given the positions")
        {
            Edits =
            [
                new("Tallystick/Storage/InMemory/InMemoryLog.cs",
                    "var position = Position.Next();",
                    "var position = LogPosition.Of(Position.Value + (version.Value == 3 ? 2 : 1));"),
                new("Tallystick/Storage/InMemory/InMemoryLog.cs",
                    "public LogPosition Position => LogPosition.Of(_events.Count);",
                    "public LogPosition Position => _events.Count == 0 ? LogPosition.Start : _events[^1].Position;"),
            ],
        },
        new("a conflict is swallowed", "orders", 50, "was acknowledged")
        {
            Edits =
            [
                new("Tallystick/Commands/CommandHandler.cs",
                    "return new CommandResult.Conflict(wrong.Stream, wrong.Expected, wrong.Actual) { Reason = wrong };",
                    "return new CommandResult.Accepted(request.Stream, after.Version, LogPosition.Start, IsReplay: false);"),
            ],
        },
        new("an expected version isn't demanded", "ledger", 50, Undeserved, "overdrawn", "isn't the fold of its events")
        {
            Edits =
            [
                new("Tallystick/Commands/CommandHandler.cs",
                    ".Append(request.Stream, ExpectedVersion.Exactly(before.Version), decided.Events)",
                    ".Append(request.Stream, ExpectedVersion.Any, decided.Events)"),
            ],
        },
        new("a snapshot of another schema is used", "ledger", 50, Undeserved, "overdrawn", "isn't the fold of its events")
        {
            Edits = [new("Tallystick/Commands/Snapshots.cs", "GetInt32() != decider.StateVersion", "GetInt32() < 0")],
        },
        new("a token returns early", "ledger", 50, Stale)
        {
            Edits = [new("Tallystick/Projections/ReadModelGate.cs", "if (reached >= freshness.Position)", "if (reached >= LogPosition.Start)")],
        },
        new("the tenant is that of the previous call", "ledger", 200, Undeserved, "overdrawn", "isn't the fold of its events")
        {
            Edits =
            [
                new("Tallystick/Commands/StateCache.cs",
                    "    private readonly Node _end = new();",
                    "    private readonly Node _end = new(); private TenantId _tenant; private TenantId Previous(TenantId now) { var before = _tenant.IsDefault ? now : _tenant; _tenant = now; return before; }"),
                new("Tallystick/Commands/StateCache.cs",
                    "if (!_nodes.TryGetValue((tenant, stream), out var node))\n            {\n                (state, isStale) = (default, false);",
                    "if (!_nodes.TryGetValue((Previous(tenant), stream), out var node))\n            {\n                (state, isStale) = (default, false);"),
            ],
        },
        new("the end of a torn journal is read", "orders", 100, "after the crash", "was accepted although checkpoint")
        {
            Edits = [new("Tallystick.Testing/Simulations/SimulatedServer.cs", "        _journal.RemoveAll(entry => !entry.IsWhole);\n", "")],
        },
        new("a subscription's effect and its checkpoint are two commits", "orders", 100, "notifications")
        {
            Edits =
            [
                new("Tallystick/Subscriptions/SubscriptionRunner.cs",
                    "await CommitAsync(commit.Save(Name, recorded.Position, _saved), cancellationToken);",
                    "await CommitAsync(commit, cancellationToken); await CommitAsync(Commit.For(Tenant).Save(Name, recorded.Position, _saved), cancellationToken);"),
            ],
        },
        new("a commit of its own that comes late overtakes a runner", "ledger", 400, Fold, Stale, "went back")
        {
            Edits =
            [
                new("Tallystick/Projections/FoldingRunner.cs",
                    ".Save(track.Checkpoint, track.Examined, track.Saved), cancellationToken);\n            track.Committed();",
                    ".Save(track.Checkpoint, track.Examined), cancellationToken);\n            track.Committed();"),
            ],
        },
        new("a condition over the log is forgotten when a command is tried again", "ledger", 300, "frozen account")
        {
            Edits = [new("Tallystick/Commands/CommandRequest.cs", "noneAfter) => Amend(commit => commit.Require(query, noneAfter));", "noneAfter) { }")],
        },
        new("a document keeps the index entries that it had first", "orders", 50, "can't be found by what it says")
        {
            Edits =
            [
                new("Tallystick/Projections/CollectionBuffer.cs",
                    "rows.Entries(Collection.IndexEntries(slot.Value)), slot.Position)",
                    "FirstIndex.TryAdd(slot.Key, Collection.IndexEntries(slot.Value)) ? FirstIndex[slot.Key] : FirstIndex[slot.Key], slot.Position)"),
                new("Tallystick/Projections/CollectionBuffer.cs",
                    "    private readonly Dictionary<string, Slot> _slots",
                    "    private readonly Dictionary<string, ImmutableArray<IndexEntry>> FirstIndex = []; private readonly Dictionary<string, Slot> _slots"),
            ],
        },
        new("documents of a retired generation are left", "ledger", 100, "generations that nobody reads")
        {
            Edits =
            [
                new("Tallystick/Projections/ProjectionRunner.cs",
                    "var commit = Commit.For(Tenant).Change([.. page.Items.Select(document => new DocumentChange.Delete(target, document.Key))]);",
                    "var commit = Commit.For(Tenant);"),
                new("Tallystick/Projections/ProjectionRunner.cs", "if (page.Next is null)", "if (target.Generation > 0)"),
            ],
        },
        new("the version that a client demands is ignored", "random", 100, "but the client demanded")
        {
            Edits =
            [
                new("Tallystick/Commands/CommandHandler.cs", "&& !isStale && request.ExpectedVersion.Allows(cached.Version);", "&& !isStale;"),
                new("Tallystick/Commands/CommandHandler.cs", "return request.ExpectedVersion.Allows(state.Version)", "return state.Version >= StreamVersion.None"),
            ],
        },
        new("a subscription's place is saved before its effect", "orders", 100, "notifications")
        {
            Edits =
            [
                new("Tallystick/Subscriptions/SubscriptionRunner.cs",
                    "        var before = _examined;\n        _examined = recorded.Position;\n",
                    "        var before = _examined;\n        _examined = recorded.Position;\n        await SaveAsync(cancellationToken);\n"),
            ],
        },
        new("a commit of its own that comes late has its effect again", "orders", 400, "notifications")
        {
            Edits =
            [
                new("Tallystick/Subscriptions/SubscriptionRunner.cs",
                    "await CommitAsync(commit.Save(Name, recorded.Position, _saved), cancellationToken);",
                    "await CommitAsync(commit.Save(Name, recorded.Position), cancellationToken);"),
            ],
        },
        new("a page that was read ahead is taken for another", "ledger", 100, Fold, Stale)
        {
            Edits =
            [
                new("Tallystick/Subscriptions/LogReader.cs", "if (_ahead is { } ahead && _aheadRead == read)", "if (_ahead is { } ahead)"),
            ],
        },
        new("a full page of the log leaves out the event after it", "orders", 100, "claims to have examined")
        {
            Edits =
            [
                new("Tallystick/Storage/InMemory/InMemoryLog.cs", "return new EventPage(page.Events, page.Events[^1].Position);", "return new EventPage(page.Events, e.Position);"),
            ],
        },
        new("the pages of a stream overlap", "random", 100, "where")
        {
            Edits =
            [
                new("Tallystick/Storage/InMemory/InMemoryLog.cs", "Index(Math.Max(read.From.Value, 1) - 1, events)", "Index(Math.Max(read.From.Value - 1, 1) - 1, events)"),
            ],
        },
        new("a repetition is decided anew", "orders", 100, "it had taken effect before")
        {
            Edits =
            [
                new("Tallystick/Commands/IdempotencyStep.cs",
                    "if (await FindAsync(request, key, cancellationToken) is { } remembered)\n            return remembered;",
                    ""),
                new("Tallystick/Commands/IdempotencyStep.cs",
                    ": await FindAsync(request, key, cancellationToken) ?? result;",
                    ": result;"),
            ],
        },
        .. LeaseMutants.All,
        .. MoveMutants.All,
    ];

    /// <summary>No change: compiled all the same.</summary>
    public static Edit NoEdit(string project) => project == "Tallystick"
        ? new Edit("Tallystick/TallystickException.cs", "namespace Tallystick;", "namespace Tallystick;")
        : new Edit("Tallystick.Testing/Simulation.cs", "namespace Tallystick.Testing;", "namespace Tallystick.Testing;");
}
