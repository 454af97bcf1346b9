using System.Text;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Stores;
using static Tallystick.Tests.Tenancy.TenancyWorld;

namespace Tallystick.Tests.Tenancy;

/// <summary>The life of a tenant, and its handles.</summary>
public sealed class TenantsTests : IAsyncDisposable
{
    private readonly TenancyWorld _world = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Tenants Tenants => _world.Tenants;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_tenant_is_there_as_soon_as_it_is_created()
    {
        Assert.Equal(new TenantLookup.Unknown(A), await Tenants.FindAsync(A, Token));
        Assert.IsType<CommandResult.Accepted>(await Tenants.ExecuteAsync(A, new TenantCommand.Create("Acme"), User("ann"), Token));
        var tenant = Assert.IsType<TenantLookup.Found>(await Tenants.FindAsync(A, Token)).Tenant;
        Assert.Equal(A, tenant.Id);
        Assert.Null(tenant.User);
        Assert.Equal(EventMetadata.None, tenant.Metadata);
    }

    [Fact]
    public async Task A_tenant_is_created_once()
    {
        await _world.NewTenantAsync(A);
        var again = await Tenants.ExecuteAsync(A, new TenantCommand.Create("Other"), null, Token);
        Assert.Equal("tenant-exists", Assert.IsType<CommandResult.Rejected>(again).Rejection.Code);
        Assert.Single((await _world.PlatformLogAsync()).Events);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(null)]
    public async Task A_tenant_has_a_name(string? name)
    {
        var result = await Tenants.ExecuteAsync(A, new TenantCommand.Create(name!), null, Token);
        Assert.Equal("tenant-name", Assert.IsType<CommandResult.Rejected>(result).Rejection.Code);
        Assert.Equal("tenant-name", Assert.IsType<CommandResult.Rejected>(
            await Tenants.ExecuteAsync(A, new TenantCommand.Create(new string('x', TenantDecider.NameLengthMax + 1)), null, Token)).Rejection.Code);
        Assert.Empty((await _world.PlatformLogAsync()).Events);
    }

    [Fact]
    public async Task Ensuring_a_tenant_makes_it_once_whoever_comes_first()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Tenants.EnsureAsync(A, $"Name {i}", Token).AsTask()));
        Assert.Single((await _world.PlatformLogAsync()).Events);
        await Tenants.ExecuteAsync(A, new TenantCommand.Suspend("late"), null, Token);
        await Tenants.EnsureAsync(A, "Acme", Token);
        Assert.IsType<TenantLookup.Suspended>(await Tenants.FindAsync(A, Token));
    }

    [Fact]
    public async Task Ensuring_a_tenant_that_cannot_be_made_says_so() => Assert.Contains(
        "needs 1 to 200 characters", (await Assert.ThrowsAsync<ArgumentException>(() => Tenants.EnsureAsync(A, "", Token).AsTask())).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Ensuring_a_tenant_that_another_node_makes_at_the_same_moment_is_no_error()
    {
        var store = new FaultyStore(_world.Store);
        var faster = store.Inject(StoreFault.Meanwhile(_ => Tenants.EnsureAsync(A, "Theirs", Token).AsTask()).On(StoreOperation.Commit));
        await using var slow = new TenancyWorld(store);

        await slow.Tenants.EnsureAsync(A, "Ours", Token);

        await faster.WhenStruckAsync(Token);
        Assert.Equal("""{"name":"Theirs","placement":"shared:main"}""", Encoding.UTF8.GetString(Assert.Single((await _world.PlatformLogAsync()).Events).Payload.Span));
    }

    [Fact]
    public async Task Ensuring_a_tenant_that_a_policy_forbids_names_the_policy()
    {
        await using var strict = new TenancyWorld(_world.Store, app => app.AddPolicy(CommandPolicy.For<TenantCommand.Create>("founders", _ => false)));

        var error = await Assert.ThrowsAsync<TallystickException>(() => strict.Tenants.EnsureAsync(A, "Acme", Token).AsTask());

        Assert.Contains("Tenant 'a' couldn't be made", error.Message, StringComparison.Ordinal);
        Assert.Contains("founders", error.Message, StringComparison.Ordinal);
        Assert.Empty((await _world.PlatformLogAsync()).Events);
    }

    [Fact]
    public async Task An_unknown_tenant_has_no_handle_and_no_life()
    {
        var error = await Assert.ThrowsAsync<TallystickException>(() => Tenants.GetAsync(A, Token).AsTask());
        Assert.Contains("'a'", error.Message, StringComparison.Ordinal);
        foreach (TenantCommand command in new TenantCommand[] { new TenantCommand.Suspend("x"), new TenantCommand.Resume() })
            Assert.Equal("tenant-unknown", Assert.IsType<CommandResult.Rejected>(await Tenants.ExecuteAsync(A, command, null, Token)).Rejection.Code);
        Assert.Empty((await _world.PlatformLogAsync()).Events);
    }

    [Fact]
    public async Task A_suspended_tenant_gets_no_handle_at_once_on_any_node()
    {
        await using var other = new TenancyWorld(_world.Store);
        await _world.NewTenantAsync(A);
        Assert.IsType<TenantLookup.Found>(await other.Tenants.FindAsync(A, Token));

        await Tenants.ExecuteAsync(A, new TenantCommand.Suspend("unpaid"), null, Token);
        Assert.Equal(new TenantLookup.Suspended(A), await Tenants.FindAsync(A, Token));
        Assert.Equal(new TenantLookup.Suspended(A), await other.Tenants.FindAsync(A, Token));
        Assert.Contains("suspended", (await Assert.ThrowsAsync<TallystickException>(() => other.Tenants.GetAsync(A, Token).AsTask())).Message, StringComparison.Ordinal);

        await other.Tenants.ExecuteAsync(A, new TenantCommand.Resume(), null, Token);
        Assert.IsType<TenantLookup.Found>(await Tenants.FindAsync(A, Token));
    }

    [Fact]
    public async Task Each_change_is_an_event_with_its_author_in_the_platforms_log()
    {
        await Tenants.ExecuteAsync(A, new TenantCommand.Create("Acme"), User("ann"), Token);
        await Tenants.ExecuteAsync(A, new TenantCommand.Suspend("unpaid"), User("bob"), Token);
        await Tenants.ExecuteAsync(A, new TenantCommand.Suspend("again"), User("bob"), Token);
        await Tenants.ExecuteAsync(A, new TenantCommand.Resume(), null, Token);
        await Tenants.ExecuteAsync(A, new TenantCommand.Resume(), null, Token);

        var events = (await _world.PlatformLogAsync()).Events;
        Assert.Equal(
            [("tallystick.tenant-created", "ann"), ("tallystick.tenant-suspended", "bob"), ("tallystick.tenant-resumed", (string?)null)],
            events.Select(e => (e.Type, e.Metadata.UserId)));
        Assert.All(events, e => Assert.Equal(new StreamId(TenantDecider.StreamCategory, "a"), e.Stream));
        var record = (await _world.Get<CommandProcessor>().States.LoadAsync<TenantRecord>(TenantId.Platform, new StreamId(TenantDecider.StreamCategory, "a"), Token)).State;
        Assert.Equal((TenantStatus.Active, "Acme", Placement.Main), (record.Status, record.Name, record.Placement));
        Assert.Empty((await _world.Store.ReadLogAsync(A, new LogRead(LogPosition.Start, 10), Token)).Events);
    }

    [Fact]
    public async Task The_platform_and_nobody_are_no_tenants()
    {
        Assert.Equal(new TenantLookup.Unknown(TenantId.Platform), await Tenants.FindAsync(TenantId.Platform, Token));
        Assert.Equal(new TenantLookup.Unknown(default), await Tenants.FindAsync(default, Token));
        foreach (var id in new[] { TenantId.Platform, default })
        {
            await Assert.ThrowsAsync<ArgumentException>(() => Tenants.ExecuteAsync(id, new TenantCommand.Create("Root"), null, Token).AsTask());
            await Assert.ThrowsAsync<ArgumentException>(() => Tenants.EnsureAsync(id, "Root", Token).AsTask());
        }

        Assert.Empty((await _world.PlatformLogAsync()).Events);
        Assert.Empty((await Tenants.ListAsync(LogPosition.Start, 10, Token)).Items);
    }

    [Fact]
    public async Task Tenants_are_listed_page_by_page_in_the_order_of_their_making()
    {
        foreach (var name in new[] { "c", "a", "b" })
            await Tenants.EnsureAsync(TenantId.Parse(name), name, Token);
        await Tenants.ExecuteAsync(A, new TenantCommand.Suspend("x"), null, Token);

        List<string> listed = [];
        var after = LogPosition.Start;
        while (await Tenants.ListAsync(after, 2, Token) is { Items.IsEmpty: false } page)
        {
            Assert.InRange(page.Items.Length, 1, 2);
            listed.AddRange(page.Items.Select(item => item.Id.Value));
            after = page.Through;
        }

        Assert.Equal(["c", "a", "b"], listed);
    }

    [Fact]
    public async Task A_handle_commits_for_its_own_tenant_alone()
    {
        var tenant = await _world.NewTenantAsync(A);
        await _world.NewTenantAsync(B);
        var (b, platform) = (await _world.DumpAsync(B), await _world.DumpAsync(TenantId.Platform));
        foreach (var id in new[] { B, TenantId.Platform })
        {
            var foreign = Commit.For(id).Append(new StreamId("note", "1"), ExpectedVersion.Any, tenant.NewEvent(new NoteEvent.Erased()));
            var error = await Assert.ThrowsAsync<ArgumentException>(() => tenant.CommitAsync(foreign, Token).AsTask());
            Assert.Contains($"'{id}'", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal((b, platform), (await _world.DumpAsync(B), await _world.DumpAsync(TenantId.Platform)));
        Assert.Equal(A, tenant.BeginCommit().Tenant);
        Assert.IsType<CommitResult.Committed>(await tenant.CommitAsync(
            tenant.BeginCommit().Append(new StreamId("note", "1"), ExpectedVersion.Any, tenant.NewEvent(new NoteEvent.Erased())), Token));
    }

    [Fact]
    public async Task Events_carry_who_acts_and_with_which_metadata()
    {
        var tenant = (await _world.NewTenantAsync(A)).With(new EventMetadata(CorrelationId: "c-1")).ActingAs(User("ann"));
        await tenant.ExecuteAsync(new StreamId("note", "1"), new NoteCommand.Write("x", "ann"), Token);
        await tenant.CommitAsync(tenant.BeginCommit().Append(new StreamId("note", "2"), ExpectedVersion.Any, tenant.NewEvent(new NoteEvent.Erased())), Token);
        var events = (await _world.Store.ReadLogAsync(A, new LogRead(LogPosition.Start, 10), Token)).Events;
        Assert.All(events, e => Assert.Equal(("ann", "c-1"), (e.Metadata.UserId, e.Metadata.CorrelationId)));
        Assert.Equal(2, events.Length);
    }
}
