using System.Globalization;
using System.Security.Claims;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Tenancy.Databases;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Time;
using Tallystick.Tests.Commands;
using Tallystick.Tests.Subscriptions;

namespace Tallystick.Tests.Tenancy;

/// <summary>An application as <c>AddTallystick</c> builds it, on plain services without a host.</summary>
internal sealed class TenancyWorld : IAsyncDisposable
{
    public static readonly TenantId A = TenantId.Parse("a");
    public static readonly TenantId B = TenantId.Parse("b");

    /// <summary>What comes by a signal comes at once; a test that waits longer has missed one.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private readonly ServiceProvider _services;

    /// <param name="store">The store; null: a new one in memory. It isn't disposed here, so that worlds can share it, as nodes do.</param>
    /// <param name="configure">What else the application has.</param>
    public TenancyWorld(IStore? store = null, Action<TallystickBuilder>? configure = null)
    {
        Store = store ?? new InMemoryStore(new StoreOptions { Time = Time, Entropy = new SeededEntropy(1) });
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Time).AddSingleton<Entropy>(new SeededEntropy(2)).AddSingleton(Store);
        services.AddTallystick(app =>
        {
            app.AddDecider<NoteDecider>().AddProjection<NoteList>().AddSubscription<NoteReader>();
            configure?.Invoke(app);
        });
        _services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    public IStore Store { get; }

    public ManualTime Time { get; } = new();

    public Tenants Tenants => Get<Tenants>();

    public TallystickRuntime Runtime => Get<TallystickRuntime>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public static ClaimsPrincipal User(string id) => new(new ClaimsIdentity([new Claim("sub", id)], "test"));

    public async Task<Tenant> NewTenantAsync(TenantId id)
    {
        await Tenants.EnsureAsync(id, $"Tenant {id}", Token);
        return await Tenants.GetAsync(id, Token);
    }

    /// <summary>Completes when the catalog says of a tenant what is wanted.</summary>
    public async Task CatalogTellsAsync(TenantId tenant, Func<TenantRecord, bool> wanted)
    {
        var directory = Get<TenantDirectory>();
        while (true)
        {
            var head = await Store.ReadHeadAsync(TenantId.Platform, Token);
            if (wanted((await directory.ReadAsync(tenant, Token)).Record))
                return;
            await Store.WaitForPositionAsync(TenantId.Platform, head.Position.Next(), Token);
        }
    }

    /// <summary>Records what the runtime does itself.</summary>
    public async Task ReportAsync(TenantId tenant, TenantCommand command) => Assert.NotNull(await Get<TenantDirectory>().RecordAsync(tenant, command, Token));

    public async Task<EventPage> PlatformLogAsync() => await Store.ReadLogAsync(TenantId.Platform, new LogRead(LogPosition.Start, 1000), Token);

    /// <summary>Everything that the store has of a tenant, byte for byte, as far as the notes' application writes.</summary>
    public async Task<string> DumpAsync(TenantId tenant)
    {
        var text = new StringBuilder();
        var head = await Store.ReadHeadAsync(tenant, Token);
        text.AppendLine(CultureInfo.InvariantCulture, $"head {head.Position} {head.Time:O} {Convert.ToHexString(head.Tree.ToBytes())}");
        foreach (var e in (await Store.ReadLogAsync(tenant, new LogRead(LogPosition.Start, 1000), Token)).Events)
            text.AppendLine(Of(e));
        foreach (var collection in new[] { NoteList.ListName, "$snapshots.note" })
        {
            foreach (int? generation in new int?[] { null, 1, 2 })
            {
                var page = await Store.QueryDocumentsAsync(tenant, new DocumentQuery(collection) { Generation = generation, Limit = 1000 }, Token);
                foreach (var document in page.Items)
                    text.AppendLine(CultureInfo.InvariantCulture, $"{collection}#{page.Generation} {document.Key} {document.Position} {Encoding.UTF8.GetString(document.Body.Span)}");
            }
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"checkpoint {await Store.ReadCheckpointAsync(tenant, NoteList.ListName, Token)}");
        foreach (var key in new[] { "once", "twice" })
            text.AppendLine(CultureInfo.InvariantCulture, $"key {key} {(await Store.FindCommitAsync(tenant, key, Token))?.Result}");
        return text.ToString();
    }

    public static string Of(RecordedEvent e) => string.Create(
        CultureInfo.InvariantCulture,
        $"{e.Position} {e.Id} {e.Stream} {e.Version} {e.Type} {e.SchemaVersion} {e.Time:O} [{string.Join('|', e.Tags)}] {e.Metadata} {Encoding.UTF8.GetString(e.Payload.Span)} {Convert.ToHexString(e.Salt.Span)} {Convert.ToHexString(e.TreeNodes.Span)}");

    public async ValueTask DisposeAsync() => await _services.DisposeAsync();
}
