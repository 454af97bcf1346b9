using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing;
using Tallystick.Testing.Leaks;
using Tallystick.Tests.Tenancy;

namespace Tallystick.Tests.Testing.Leaks;

/// <summary>That the check finds the leaks that others have had: each application has one, and the message names it.</summary>
public sealed class LeakageTests
{
    private static readonly Dictionary<string, (Func<IStore, IStore> Store, Action<TallystickBuilder> Add, string Expected)> Leaky = new()
    {
        ["a query without any filter"] = (
            store => new ForgetsTenantWithoutFilter(store), _ => { },
            "IStore.QueryDocumentsAsync as tenant 'leakage-b-store' shows something of its twin 'leakage-a-store': the result has "),
        ["a bulk deletion"] = (
            store => new DeletesEverywhere(store), _ => { },
            // The first to show it: what was deleted is in the other's journal.
            "IStore.ReadTenantAsync as tenant 'leakage-a-store' is answered differently since its twin 'leakage-b-store' has data:\n"),
        ["maintenance for all tenants"] = (
            store => new ActivatesEverywhere(store), _ => { },
            "IStore.CommitAsync that activates as tenant 'leakage-a-store' changed its twin 'leakage-b-store'. What is stored of the twin:\n"),
        ["a pooled session that keeps the last tenant"] = (
            store => new KeepsSession(store), _ => { },
            "IStore.QueryDocumentsAsync"),
        ["a cache of states without tenant"] = (
            store => new CachesStreams(store), _ => { },
            "IStore.ReadStreamAsync as tenant 'leakage-b-store' shows something of its twin 'leakage-a-store': the result has "),
        ["a cache of read models without tenant"] = (
            store => new CachesDocuments(store), _ => { },
            "IStore.FindDocumentsAsync as tenant 'leakage-b-store' shows something of its twin 'leakage-a-store': the result has "),
        ["no tenant that means everyone"] = (
            store => new TakesNoTenantForEveryone(store), _ => { },
            "IStore.ReadLogAsync of no tenant as tenant 'leakage-"),
        ["idempotency keys shared by all tenants"] = (
            store => new SharesKeys(store), _ => { },
            "commands of NoteDecider: NoteCommand.Write on note-"),
        ["a call that goes to another tenant's database"] = (
            store => store, tally => EachInItsOwn(tally, (own, of) => new ReadsAnothersDatabase(own, of("leakage-a-store"), TenantId.Parse("leakage-a-store"))),
            "IStore.ReadStreamAsync as tenant 'leakage-b-store' shows something of its twin 'leakage-a-store': the result has "),
        ["a line of the log"] = (
            store => store, tally => tally.AddStep<LogsIt>("leak"),
            "Tenants.ExecuteAsync that creates as tenant 'leakage-a' shows something of its twin 'leakage-b': a line of the log has "),
        ["a scope of the log"] = (
            store => store, tally => tally.AddStep<LogsItInScope>("leak"),
            "Tenants.ExecuteAsync that creates as tenant 'leakage-a' shows something of its twin 'leakage-b': a line of the log has "),
        ["a tag of a metric"] = (
            store => store, tally => tally.AddStep<CountsIt>("leak"),
            "Tenants.ExecuteAsync that creates as tenant 'leakage-a' shows something of its twin 'leakage-b': a tag of a metric has "),
        ["a trace, in base64"] = (
            store => store, tally => tally.AddStep<TracesIt>("leak"),
            "Tenants.ExecuteAsync that creates as tenant 'leakage-a' shows something of its twin 'leakage-b': a trace has "),
        ["an exception, in hexadecimal"] = (
            store => store, tally => tally.AddStep<ThrowsIt>("leak"),
            "Tenants.ExecuteAsync that suspends as tenant 'leakage-a' shows something of its twin 'leakage-b': the message of an exception has "),
    };

    public static TheoryData<string> Leaks => [.. Leaky.Keys];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Leaks))]
    public async Task A_leak_is_found_and_named(string leak)
    {
        var (store, add, expected) = Leaky[leak];
        await using var app = Build(store, add);

        var message = await Failure.OfAsync(() => Leakage.CheckAsync(new LeakageOptions { Services = app, Seed = 7 }, Token));

        Assert.True(message.StartsWith(expected, StringComparison.Ordinal), message);
        Assert.EndsWith("To repeat it: LeakageOptions.Seed = 7.", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sound_application_passes()
    {
        await using var app = Build(store => store, _ => { });

        var report = await Leakage.CheckAsync(new LeakageOptions { Services = app, Seed = 7 }, Token);

        Assert.Equal(7, report.Seed);
        Assert.Empty(report.Excused);
        foreach (var operation in (string[])["IStore.ReadLogAsync of no tenant", "Tenant.ReadModels<NoteLine> by the twin's author", "Tenants.ExecuteAsync that suspends", "commands of NoteDecider", "SubscriptionHost.RebuildAsync of notes"])
            Assert.Contains(operation, report.Operations);
    }

    [Fact]
    public async Task Tenants_in_databases_of_their_own_pass()
    {
        await using var app = Build(store => store, tally => EachInItsOwn(tally, (own, _) => own));

        Assert.Empty((await Leakage.CheckAsync(new LeakageOptions { Services = app, Seed = 7 }, Token)).Excused);
    }

    [Fact]
    public async Task An_excuse_that_nothing_needs_is_reported()
    {
        await using var app = Build(store => store, _ => { });

        var message = await Failure.OfAsync(() => Leakage.CheckAsync(new LeakageOptions { Services = app, Seed = 7 }.Excuse("GET /gone", "it was there once"), Token));

        Assert.Contains("needn't be, since there is no such operation", message, StringComparison.Ordinal);
        Assert.Contains("GET /gone", message, StringComparison.Ordinal);
    }

    /// <summary>A database for each tenant; that of <c>leakage-b-store</c> is what a test makes of it.</summary>
    private static void EachInItsOwn(TallystickBuilder tally, Func<IStore, Func<string, IStore>, IStore> make)
    {
        var stores = new ConcurrentDictionary<string, IStore>(StringComparer.Ordinal);
        IStore Of(string name) => stores.GetOrAdd(name, _ => new InMemoryStore());
        tally.AddDedicated("own", (_, tenant) => tenant.Value == "leakage-b-store" ? make(Of(tenant.Value), Of) : Of(tenant.Value), (_, _, _) => ValueTask.CompletedTask)
            .PlaceTenants(_ => new Placement.Dedicated("own"));
    }

    private static ServiceProvider Build(Func<IStore, IStore> store, Action<TallystickBuilder> add)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace));
        services.AddTallystick(tally =>
        {
            tally.UseStore(_ => store(new InMemoryStore())).AddDecider<NoteDecider>().AddProjection<NoteList>().AddSubscription<NoteReader>();
            add(tally);
        });
        return services.BuildServiceProvider();
    }
}
