using Tallystick.Tenancy;
using Tallystick.Testing;

namespace Tallystick.Tests.Tenancy;

/// <summary>The rules of a tenant's life: which step may follow which.</summary>
public sealed class TenantDeciderTests
{
    private static readonly DateTimeOffset Due = new(2030, 1, 31, 0, 0, 0, TimeSpan.Zero);
    private static readonly Placement.Dedicated Own = new("file");
    private static readonly Placement.Shared Other = new("eu-2");
    private static readonly Guid Attempt = new(7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7);
    private static readonly TenantLimits Few = new(CommandsPerSecond: 5);

    private const string Exists = "create:tenant-exists import:tenant-exists import-ended:tenant-importing import-abandoned:tenant-importing ";

    private const string While = Exists + "rename:Moving suspend:Moving resume:Moving limits:Moving delete:tenant-moving restore:Moving export:Moving "
        + "begin-erasure:tenant-not-deleted record-erasure:tenant-not-deleted ";

    /// <summary>Every command, by a short name.</summary>
    private static readonly SortedDictionary<string, TenantCommand> Commands = new(StringComparer.Ordinal)
    {
        ["create"] = new TenantCommand.Create("Acme", Placement.Main),
        ["rename"] = new TenantCommand.Rename("Acme Inc."),
        ["suspend"] = new TenantCommand.Suspend("unpaid"),
        ["resume"] = new TenantCommand.Resume(),
        ["limits"] = new TenantCommand.SetLimits(Few),
        ["delete"] = new TenantCommand.Delete("gone", Due),
        ["restore"] = new TenantCommand.Restore(),
        ["begin-erasure"] = new TenantCommand.BeginErasure(Due),
        ["record-erasure"] = new TenantCommand.RecordErasure(),
        ["move"] = new TenantCommand.BeginMove(Own),
        ["switch"] = new TenantCommand.SwitchMove(),
        ["confirm"] = new TenantCommand.ConfirmMove(),
        ["undo"] = new TenantCommand.UndoMove(),
        ["abandon"] = new TenantCommand.AbandonMove(),
        ["settle"] = new TenantCommand.SettleMove(new MoveOutcome(Due, 7, TimeSpan.FromMilliseconds(20))),
        ["end"] = new TenantCommand.EndMove(),
        ["export"] = new TenantCommand.Export(),
        ["import"] = new TenantCommand.BeginImport("Acme", Own, Attempt),
        ["import-ended"] = new TenantCommand.EndImport(Attempt, "acme", 7, "root"),
        ["import-abandoned"] = new TenantCommand.AbandonImport(Attempt),
    };

    /// <summary>
    /// How a tenant came to be what it is; what it is; what each command then comes to: the state afterwards, or the code of the rejection. A
    /// command that isn't named has the answer of '*'.
    /// </summary>
    public static TheoryData<string, string, string> Table => new()
    {
        { "", "None", "create:Active import:Importing import-ended:tenant-importing import-abandoned:tenant-importing *:tenant-unknown" },
        {
            "create", "Active",
            Exists + "rename:Active suspend:Suspended resume:Active limits:Active delete:Deleted restore:Active export:Active "
            + "begin-erasure:tenant-not-deleted record-erasure:tenant-not-deleted move:Moving *:tenant-not-moving"
        },
        {
            "create suspend", "Suspended",
            Exists + "rename:Suspended suspend:Suspended resume:Active limits:Suspended delete:Deleted restore:Suspended export:Suspended "
            + "begin-erasure:tenant-not-deleted record-erasure:tenant-not-deleted move:Moving *:tenant-not-moving"
        },
        { "create delete", "Deleted", Exists + "rename:Deleted limits:Deleted delete:Deleted restore:Active begin-erasure:Deleted record-erasure:tenant-in-grace export:Deleted *:tenant-deleted" },
        { "create suspend delete", "Deleted", Exists + "rename:Deleted limits:Deleted delete:Deleted restore:Suspended begin-erasure:Deleted record-erasure:tenant-in-grace export:Deleted *:tenant-deleted" },
        {
            "create delete begin-erasure", "Deleted",
            Exists + "rename:Deleted limits:Deleted delete:Deleted restore:tenant-erasing begin-erasure:Deleted record-erasure:Erased export:Deleted *:tenant-deleted"
        },
        { "create delete begin-erasure record-erasure", "Erased", Exists + "record-erasure:Erased *:tenant-erased" },
        { "create move", "Moving", While + "move:Moving switch:Moving abandon:Moving confirm:move-not-settled undo:move-not-settled *:move-elsewhere" },
        { "create move switch", "Moving", While + "move:tenant-moving switch:Moving settle:Moving abandon:move-switched confirm:move-not-settled undo:move-not-settled *:move-elsewhere" },
        { "create move switch settle", "Moving", While + "move:tenant-moving abandon:move-switched confirm:Moving undo:Moving *:move-elsewhere" },
        { "create suspend move switch settle confirm", "Moving", While + "move:tenant-moving abandon:move-switched confirm:Moving undo:move-ending end:Suspended *:move-elsewhere" },
        { "create move switch settle undo", "Moving", While + "move:tenant-moving abandon:move-switched confirm:move-ending undo:Moving switch:Moving *:move-elsewhere" },
        { "create move switch settle undo switch", "Moving", While + "move:tenant-moving abandon:move-switched confirm:move-ending undo:Moving switch:Moving settle:Moving *:move-elsewhere" },
        { "create move switch settle undo switch settle", "Moving", While + "move:tenant-moving abandon:move-switched confirm:move-ending undo:Moving end:Active *:move-elsewhere" },
        { "create move abandon", "Moving", While + "move:tenant-moving abandon:Moving confirm:move-ending undo:move-ending end:Active *:move-elsewhere" },
        { "import", "Importing", "create:tenant-exists import:Importing import-ended:Active import-abandoned:None rename:Importing delete:Deleted *:tenant-importing" },
        {
            "import import-ended", "Active",
            Exists + "rename:Active suspend:Suspended resume:Active limits:Active delete:Deleted restore:Active export:Active "
            + "begin-erasure:tenant-not-deleted record-erasure:tenant-not-deleted move:tenant-there *:tenant-not-moving"
        },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Each_step_of_a_tenants_life_leads_where_it_may_or_is_rejected(string history, string status, string expected)
    {
        var decider = new TenantDecider();
        var before = After(history);
        Assert.Equal(status, before.Status.ToString());
        var answers = expected.Split(' ').Select(answer => answer.Split(':')).ToDictionary(parts => parts[0], parts => parts[1]);
        foreach (var (name, command) in Commands)
        {
            var decision = decider.Decide(command, before);
            var answer = decision.IsRejected ? decision.Rejection.Code : decision.Events.Aggregate(before, decider.Evolve).Status.ToString();
            Assert.True(answers.GetValueOrDefault(name, answers.GetValueOrDefault("*", "?")) == answer, $"After '{history}', {name} comes to {answer}.");
        }
    }

    [Fact]
    public void A_move_changes_the_placement_when_it_is_switched_and_an_undone_one_changes_it_back()
    {
        Assert.Equal(Placement.Main, After("create move").Placement);
        Assert.Equal(Own, After("create move switch").Placement);
        Assert.Equal(Own, After("create move switch settle confirm").Placement);
        Assert.Equal(Own, After("create move switch settle confirm end").Placement);
        Assert.Equal(Own, After("create move switch settle undo").Placement);
        Assert.Equal(Placement.Main, After("create move switch settle undo switch").Placement);
        Assert.Equal(Placement.Main, After("create move switch settle undo switch settle end").Placement);
        Assert.Equal(Placement.Main, After("create move abandon end").Placement);
    }

    [Fact]
    public void Of_two_imports_into_one_id_the_later_takes_over()
    {
        var later = Apply(After("import"), new TenantCommand.BeginImport("Acme", Own, Guid.Empty));
        Assert.Equal("tenant-importing", new TenantDecider().Decide(Commands["import-ended"], later).Rejection?.Code);
        Assert.Equal("tenant-importing", new TenantDecider().Decide(Commands["import-abandoned"], later).Rejection?.Code);
        Assert.Equal("tenant-importing", new TenantDecider().Decide(new TenantCommand.BeginImport("Acme", Other, Attempt), later).Rejection?.Code);
        Assert.Equal(TenantStatus.Active, Apply(later, new TenantCommand.EndImport(Guid.Empty, "acme", 7, "root")).Status);
    }

    [Fact]
    public void A_second_move_must_wait_for_the_first()
    {
        Assert.Equal("tenant-moving", new TenantDecider().Decide(new TenantCommand.BeginMove(Other), After("create move")).Rejection?.Code);
        Assert.Equal("tenant-there", new TenantDecider().Decide(new TenantCommand.BeginMove(Placement.Main), After("create")).Rejection?.Code);
        Assert.Equal(Other, Apply(After("create move switch settle confirm end"), new TenantCommand.BeginMove(Other)).Move?.Target);
    }

    [Fact]
    public void Nothing_is_erased_before_the_time_of_grace_is_over()
    {
        var deleted = After("create delete");
        Assert.Equal("tenant-in-grace", new TenantDecider().Decide(new TenantCommand.BeginErasure(Due.AddTicks(-1)), deleted).Rejection?.Code);
        Assert.True(Apply(deleted, new TenantCommand.BeginErasure(Due)).Deletion?.IsErasing);
    }

    [Fact]
    public void Limits_out_of_range_are_rejected_with_the_value()
    {
        foreach (var (limits, value) in new[]
        {
            (new TenantLimits(CommandsPerSecond: 0), "is 0"), (new TenantLimits(CommandsPerSecond: double.NaN), "NaN"), (new TenantLimits(StoredBytes: -1), "-1"),
            (new TenantLimits(QueueShare: 0), "is 0"), (new TenantLimits(QueueShare: 101), "101"),
        })
        {
            var rejection = new TenantDecider().Decide(new TenantCommand.SetLimits(limits), After("create")).Rejection;
            Assert.Equal("tenant-limits", rejection?.Code);
            Assert.Contains(value, rejection!.Message, StringComparison.Ordinal);
        }

        Assert.Equal(Few, After("create limits").Limits);
    }

    [Fact]
    public void Whatever_is_asked_of_a_tenant_it_keeps_the_rules_of_a_decider() => Properties.Of<TenantDecider>().KeepsTheRules().StatesSurviveSerialisation();

    [Fact]
    public void Whatever_is_asked_of_a_tenant_what_is_erased_stays_so_and_what_is_deleted_has_not_moved() => Properties.Of<TenantDecider>()
        .AlwaysAfter((before, command, decision, after) => !before.IsErased || after == before)
        .AlwaysAfter((before, command, decision, after) => !before.Exists || after.Exists || (before.Import is not null && command is TenantCommand.AbandonImport))
        .Always(record => record.Deletion is null || record.Move is null)
        .Always(record => record.Move is null || record.Placement == (record.Move.Step is MoveStep.Begun or MoveStep.Abandoning or MoveStep.SwitchedBack or MoveStep.Undone ? record.Move.Source : record.Move.Target))
        .Always(record => !record.IsErased || record.Deletion is { IsErasing: true });

    private static TenantRecord After(string history) => history.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Aggregate(TenantRecord.None, (state, name) => Apply(state, Commands[name]));

    private static TenantRecord Apply(TenantRecord state, TenantCommand command)
    {
        var decision = new TenantDecider().Decide(command, state);
        Assert.Null(decision.Rejection);
        return decision.Events.Aggregate(state, new TenantDecider().Evolve);
    }
}
