using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Time;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>Tenants with a SQLite file of their own each.</summary>
public sealed class TenantFilesTests : IDisposable
{
    private const string Secret = "a-secret-of-the-tenant";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly TenantId Globex = TenantId.Parse("globex");
    private static readonly Placement Own = new Placement.Dedicated("file");

    private readonly string _folder = Directory.CreateTempSubdirectory("tally-files-").FullName;
    private readonly ManualTime _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_tenants_file_is_made_on_first_use_and_read_again_after_a_restart()
    {
        await using (var app = Build())
        {
            await CreateAsync(app, Acme);
            Assert.False(File.Exists(FileOf(Acme)));
            await WriteAsync(app, Acme);
            Assert.True(File.Exists(FileOf(Acme)));
            await Assert.ThrowsAsync<TallystickException>(() => app.GetRequiredService<IStore>().ReadHeadAsync(Globex, Token).AsTask());
            Assert.False(File.Exists(FileOf(Globex)));
        }

        await using var again = Build();
        Assert.Equal(1, (await again.GetRequiredService<IStore>().ReadHeadAsync(Acme, Token)).Position.Value);
    }

    [Theory]
    [InlineData("dedicated:file")]
    [InlineData("shared:eu-2")]
    [InlineData("shared:main")]
    [Trait("Speed", "Slow")]
    public async Task Of_an_erased_tenant_no_byte_is_left_in_any_file(string place)
    {
        Assert.True(Placement.TryParse(place, out var placement));
        await using (var app = Build())
        {
            var runtime = app.GetRequiredService<TallystickRuntime>();
            await runtime.StartAsync(Token);
            await CreateAsync(app, Acme, placement);
            await CreateAsync(app, Globex, placement);
            await WriteAsync(app, Acme);
            await app.GetRequiredService<IStore>().CommitAsync(
                Commit.For(Globex).Append(new StreamId("order", "1"), ExpectedVersion.Any, Event("kept")), Token);
            Assert.NotEmpty(FilesWith(Secret));
            await app.GetRequiredService<Tenants>().DeleteAsync(Acme, "left", TimeSpan.FromDays(2), null, Token);
            var erased = ErasedAsync(app);
            _time.Advance(TimeSpan.FromDays(2));
            await erased.WaitAsync(Deadline, Token);
            Assert.Equal(1, (await app.GetRequiredService<IStore>().ReadHeadAsync(Globex, Token)).Position.Value);
            if (placement == Own)
                Assert.Empty(Directory.GetFiles(Path.Combine(_folder, "tenants"), "acme*"));
        }

        Assert.Empty(FilesWith(Secret));
        Assert.NotEmpty(FilesWith("kept"));
    }

    private static async Task ErasedAsync(ServiceProvider app)
    {
        var store = app.GetRequiredService<IStore>();
        for (var after = LogPosition.Start; ; await store.WaitForPositionAsync(TenantId.Platform, after.Next(), Token))
        {
            var page = await store.ReadLogAsync(TenantId.Platform, new LogRead(after, 100), Token);
            if (page.Events.Any(e => e.Type == "tallystick.tenant-erased"))
                return;
            after = page.Through;
        }
    }

    private ServiceProvider Build() => new ServiceCollection().AddSingleton<TimeProvider>(_time)
        .AddTallystick(app => app.UseSqlite(Path.Combine(_folder, "main.db"))
            .AddSqliteDatabase("eu-2", Path.Combine(_folder, "eu-2.db")).AddSqliteFiles(Path.Combine(_folder, "tenants")))
        .BuildServiceProvider();

    private static async Task CreateAsync(ServiceProvider app, TenantId tenant, Placement? placement = null) => Assert.IsType<CommandResult.Accepted>(
        await app.GetRequiredService<Tenants>().ExecuteAsync(tenant, new TenantCommand.Create($"Tenant {tenant}", placement ?? Own), null, Token));

    private static async Task WriteAsync(ServiceProvider app, TenantId tenant)
    {
        var commit = Commit.For(tenant).Append(new StreamId("order", "1"), ExpectedVersion.Any, Event(Secret))
            .Change(new DocumentChange.Put(new CollectionId("orders", 1), new Document(Secret, Encoding.UTF8.GetBytes(Secret), [], LogPosition.Start)))
            .Once(new IdempotencyKey(Secret));
        (await app.GetRequiredService<IStore>().CommitAsync(commit, Token)).Demand();
    }

    private static NewEvent Event(string text) => new(Guid.CreateVersion7(), "order.placed", 1, Encoding.UTF8.GetBytes($$"""{"text":"{{text}}"}"""), []);

    private string FileOf(TenantId tenant) => Path.Combine(_folder, "tenants", $"{tenant}.db");

    private string[] FilesWith(string text) => [.. Directory.GetFiles(_folder, "*", SearchOption.AllDirectories)
        .Where(file => !file.EndsWith(".lock", StringComparison.Ordinal) && Read(file).Contains(text, StringComparison.Ordinal))];

    private static string Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return reader.ReadToEnd();
    }
}
