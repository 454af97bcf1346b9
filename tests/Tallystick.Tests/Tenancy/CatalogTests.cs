using System.Text;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Stores;
using static Tallystick.Tests.Tenancy.TenancyWorld;

namespace Tallystick.Tests.Tenancy;

/// <summary>What the catalog tells of tenants, and what reading it costs.</summary>
public sealed class CatalogTests : IAsyncDisposable
{
    private readonly FaultyStore _store = new(new InMemoryStore());
    private readonly TenancyWorld _world;

    public CatalogTests() => _world = new TenancyWorld(_store, app => app
        .AddDatabase("eu-2", _ => new InMemoryStore()).PlaceTenants(Placement.Spread("main", "eu-2")));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Tenants Tenants => _world.Tenants;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_description_tells_all_that_the_catalog_knows()
    {
        await Tenants.ExecuteAsync(A, new TenantCommand.Create("Acme", new Placement.Shared("eu-2")), User("ann"), Token);
        await Tenants.ExecuteAsync(A, new TenantCommand.Rename("Acme Inc."), User("bob"), Token);
        await Tenants.ExecuteAsync(A, new TenantCommand.SetLimits(new TenantLimits(5, 1000, 2)), User("bob"), Token);
        await Tenants.DeleteAsync(A, "left", TimeSpan.FromDays(7), User("bob"), Token);

        var described = await Tenants.DescribeAsync(A, Token);

        var created = (await _world.PlatformLogAsync()).Events[0];
        Assert.Equal((A, "ann", created.Time, created.Position), (described!.Id, described.CreatedBy, described.CreatedAt, described.Position));
        Assert.Equal(TenantStatus.Deleted, described.Status);
        Assert.Equal(("Acme Inc.", (Placement)new Placement.Shared("eu-2"), new TenantLimits(5, 1000, 2)), (described.Record.Name, described.Record.Placement, described.Record.Limits));
        Assert.Equal(new TenantDeletion("left", _world.Time.GetUtcNow() + TimeSpan.FromDays(7)), described.Record.Deletion);
        Assert.Null(await Tenants.DescribeAsync(B, Token));
        Assert.Null(await Tenants.DescribeAsync(TenantId.Platform, Token));
    }

    [Fact]
    public async Task A_deleted_tenants_callers_are_refused_until_it_is_restored()
    {
        await _world.NewTenantAsync(A);
        await Tenants.DeleteAsync(A, "left", null, null, Token);
        Assert.Equal(new TenantLookup.Deleted(A), await Tenants.FindAsync(A, Token));
        Assert.Contains("Restore", (await Assert.ThrowsAsync<TallystickException>(() => Tenants.GetAsync(A, Token).AsTask())).Message, StringComparison.Ordinal);
        await Tenants.ExecuteAsync(A, new TenantCommand.Restore(), null, Token);
        Assert.IsType<TenantLookup.Found>(await Tenants.FindAsync(A, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Tenants.DeleteAsync(A, "left", TimeSpan.FromTicks(-1), null, Token).AsTask());
    }

    [Fact]
    public async Task A_tenant_that_is_being_moved_can_be_used_unless_it_is_suspended()
    {
        await _world.NewTenantAsync(A);
        await Tenants.ExecuteAsync(A, new TenantCommand.BeginMove(Elsewhere((await Tenants.DescribeAsync(A, Token))!.Record.Placement)), null, Token);
        Assert.IsType<TenantLookup.Found>(await Tenants.FindAsync(A, Token));
        await Tenants.ExecuteAsync(A, new TenantCommand.Suspend("unpaid"), null, Token);
        Assert.Equal(new TenantLookup.Suspended(A), await Tenants.FindAsync(A, Token));
    }

    [Fact]
    public async Task A_database_that_is_not_registered_is_no_place_for_a_tenant()
    {
        foreach (var place in new Placement[] { new Placement.Shared("eu-9"), new Placement.Dedicated("file"), new Placement.Dedicated("eu-2") })
        {
            var refused = Assert.IsType<CommandResult.Rejected>(await Tenants.ExecuteAsync(A, new TenantCommand.Create("Acme", place), null, Token));
            Assert.Equal("placement-unknown", refused.Rejection.Code);
            Assert.Contains("shared:main, shared:eu-2", refused.Rejection.Message, StringComparison.Ordinal);
        }

        await _world.NewTenantAsync(A);
        Assert.Equal("placement-unknown", Assert.IsType<CommandResult.Rejected>(
            await Tenants.ExecuteAsync(A, new TenantCommand.BeginMove(new Placement.Shared("eu-9")), null, Token)).Rejection.Code);
    }

    [Fact]
    public async Task New_tenants_are_placed_by_the_applications_rule()
    {
        var rule = Placement.Spread("main", "eu-2");
        var places = new List<Placement>();
        for (var i = 0; i < 40; i++)
        {
            await _world.NewTenantAsync(TenantId.Parse($"t{i}"));
            places.Add((await Tenants.DescribeAsync(TenantId.Parse($"t{i}"), Token))!.Record.Placement);
            Assert.Equal(rule(TenantId.Parse($"t{i}")), places[^1]);
        }

        Assert.All(new[] { "main", "eu-2" }, name => Assert.InRange(places.Count(place => place == new Placement.Shared(name)), 10, 30));
        Assert.Throws<ArgumentException>(() => Placement.Spread());
    }

    [Fact]
    public async Task An_event_from_before_there_were_placements_means_the_main_database()
    {
        var old = new NewEvent(Guid.CreateVersion7(), "tallystick.tenant-created", 1, Encoding.UTF8.GetBytes("""{"name":"Old"}"""), []);
        await _store.CommitAsync(Commit.For(TenantId.Platform).Append(new StreamId(TenantDecider.StreamCategory, "old"), ExpectedVersion.NoStream, old), Token);
        var described = await Tenants.DescribeAsync(TenantId.Parse("old"), Token);
        Assert.Equal(("Old", Placement.Main, TenantStatus.Active, TenantLimits.None), (described!.Record.Name, described.Record.Placement, described.Status, described.Record.Limits));
        Assert.Null(described.CreatedBy);
    }

    [Fact]
    public async Task A_page_of_the_list_costs_the_same_however_many_tenants_there_are()
    {
        for (var i = 0; i < 200; i++)
            await Tenants.ExecuteAsync(TenantId.Parse($"t{i}"), new TenantCommand.Create($"T{i}"), null, Token);
        await using var fresh = new TenancyWorld(_store);
        var calls = 0;
        _store.Before = _ =>
        {
            calls++;
            return ValueTask.CompletedTask;
        };

        var page = await fresh.Tenants.ListAsync(LogPosition.Start, 10, Token);

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"t{i}"), page.Items.Select(item => item.Id.Value));
        Assert.InRange(calls, 1, 1 + (10 * 3));
        calls = 0;
        await fresh.Tenants.FindAsync(TenantId.Parse("t1"), Token);
        Assert.Equal(1, calls);
    }

    [Theory]
    [InlineData("shared:main", true)]
    [InlineData("dedicated:file", true)]
    [InlineData("file:x", false)]
    [InlineData("main", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_placement_is_written_as_a_text_that_can_be_read(string? text, bool isOne)
    {
        Assert.Equal(isOne, Placement.TryParse(text, out var placement));
        Assert.Equal(isOne ? text : null, placement?.ToString());
    }

    private static Placement.Shared Elsewhere(Placement placement) => new(placement == Placement.Main ? "eu-2" : "main");
}
