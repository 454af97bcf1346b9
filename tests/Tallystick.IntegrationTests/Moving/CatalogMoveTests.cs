using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.IntegrationTests.Postgres;
using Tallystick.Projections;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Moving;

/// <summary>Tenants that are moved through the catalog, by the public API, while writers and readers go on; between files, and between SQLite and PostgreSQL.</summary>
public sealed class CatalogMoveTests
{
    private const string Numbered = "test.numbered";

    private static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Speed", "Slow")]
    public Task A_tenant_moves_to_a_file_of_its_own_and_back_while_it_is_in_use() => GoAsync(null, "dedicated:file", "shared:main");

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_tenant_moves_from_SQLite_to_PostgreSQL_and_back_while_it_is_in_use() =>
        await GoAsync(await (await SharedServer.GetAsync()).NewSchemaAsync(), "shared:postgres", "dedicated:file", "shared:postgres", "shared:main");

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_move_is_undone_after_writes_at_the_new_place()
    {
        await using var world = new World(await (await SharedServer.GetAsync()).NewSchemaAsync());
        await world.StartAsync();
        await using var use = world.Use();
        await use.UntilAsync(50);
        await world.MoveAsync("shared:postgres");
        await use.UntilAsync(50);
        await world.TellAsync(new TenantCommand.UndoMove());
        await world.WhenAsync(record => record.Move is null);
        Assert.Equal(Placement.Main, (await world.RecordAsync()).Placement);
        await use.UntilAsync(50);
        await use.DemandAsync();
    }

    private static async Task GoAsync(PostgresSchema? postgres, params string[] places)
    {
        await using var world = new World(postgres);
        await world.StartAsync();
        await using var use = world.Use();
        foreach (var place in places)
        {
            await use.UntilAsync(100);
            await world.MoveAsync(place);
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{place}: writers waited {(await world.RecordAsync()).Move!.Outcome!.Waited.TotalMilliseconds:0} ms at position {(await world.RecordAsync()).Move!.Outcome!.Position}");
            await use.UntilAsync(30);
            await world.TellAsync(new TenantCommand.ConfirmMove());
            await world.WhenAsync(record => record.Move is null);
        }

        await use.DemandAsync();
    }

    /// <summary>The sample's application over a SQLite file, with files of the tenants' own and perhaps a PostgreSQL schema beside it.</summary>
    private sealed class World(PostgresSchema? postgres) : IAsyncDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tallystick-moves-");
        private ServiceProvider? _services;

        public Tenants Tenants => _services!.GetRequiredService<Tenants>();

        public async Task StartAsync()
        {
            _services = new ServiceCollection().AddTallystick(app =>
            {
                app.UseSqlite(Path.Combine(_folder.FullName, "main.db")).AddSqliteFiles(Path.Combine(_folder.FullName, "tenants")).AddEvents(typeof(NumberedEvent))
                    .AddProjection<Numbers>().ConfigureTenants(options => options with { MovedCopyKeptFor = TimeSpan.Zero });
                if (postgres is not null)
                    app.AddDatabase("postgres", _ => postgres.Open());
            }).BuildServiceProvider();
            await _services.GetRequiredService<TallystickRuntime>().StartAsync(Stop);
            await Tenants.EnsureAsync(Acme, "Acme", Stop);
        }

        public IStore Store => _services!.GetRequiredService<IStore>();

        public Usage Use() => new(this);

        public async Task MoveAsync(string place)
        {
            Assert.True(Placement.TryParse(place, out var placement));
            await TellAsync(new TenantCommand.BeginMove(placement));
            await WhenAsync(record => record.Move is { Step: MoveStep.Settled });
            Assert.Equal(placement, (await RecordAsync()).Placement);
        }

        public async Task TellAsync(TenantCommand command) => Assert.IsType<CommandResult.Accepted>(await Tenants.ExecuteAsync(Acme, command, null, Stop));

        public async Task<TenantRecord> RecordAsync() => (await Tenants.DescribeAsync(Acme, Stop))!.Record;

        public async Task WhenAsync(Func<TenantRecord, bool> wanted)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            deadline.CancelAfter(Deadline);
            while (true)
            {
                var head = await Store.ReadHeadAsync(TenantId.Platform, deadline.Token);
                if (wanted(await RecordAsync()))
                    return;
                try
                {
                    await Store.WaitForPositionAsync(TenantId.Platform, head.Position.Next(), deadline.Token);
                }
                catch (OperationCanceledException) when (!Stop.IsCancellationRequested)
                {
                    Assert.Fail($"{await Tenants.DescribeAsync(Acme, Stop)}");
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_services is not null)
            {
                await _services.GetRequiredService<TallystickRuntime>().DisposeAsync();
                await _services.DisposeAsync();
            }

            _folder.Delete(recursive: true);
        }
    }

    /// <summary>Writers, each with numbers of its own that go up, and a reader of the log that must see 1 to n.</summary>
    private sealed class Usage : IAsyncDisposable
    {
        private const int Writers = 3;

        private readonly World _world;
        private readonly CancellationTokenSource _done = new();
        private readonly Task[] _tasks;
        private readonly int[] _written = new int[Writers];
        private readonly SemaphoreSlim _progress = new(0);
        private long _seen;

        public Usage(World world)
        {
            _world = world;
            _tasks = [.. Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(writer))), Task.Run(ReadAsync)];
        }

        /// <summary>Waits until so many more are written.</summary>
        public async Task UntilAsync(int more)
        {
            for (var i = 0; i < more; i++)
            {
                if (!await _progress.WaitAsync(Deadline, Stop))
                    Assert.Fail($"The writers don't get on: {string.Join(", ", _tasks.Select(task => task.Exception?.ToString() ?? task.Status.ToString()))}");
            }

            while (_progress.Wait(0, Stop))
            {
            }
        }

        public async Task DemandAsync()
        {
            await _done.CancelAsync();
            await Task.WhenAll(_tasks).WaitAsync(Deadline, Stop);
            var tenant = await _world.Tenants.GetAsync(Acme, Stop);
            var events = new List<RecordedEvent>();
            await foreach (var e in tenant.ReadLogAsync(LogPosition.Start, EventQuery.All, Stop))
                events.Add(e);
            Assert.Equal(Enumerable.Range(1, events.Count).Select(n => (long)n), events.Select(e => e.Position.Value));
            Assert.Equal(_written.Sum(), events.Count);
            for (var writer = 0; writer < Writers; writer++)
            {
                var found = await tenant.ReadModels<Counted>().FindAsync($"{writer}", ReadFreshness.AtLeast(events[^1].Position, Deadline), Stop);
                Assert.Equal(_written[writer], found.Value?.Count);
            }

            Assert.True((await tenant.VerifyAsync(null, Stop)).IsIntact);
        }

        public async ValueTask DisposeAsync()
        {
            await _done.CancelAsync();
            await Task.WhenAll(_tasks).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            _done.Dispose();
            _progress.Dispose();
        }

        private async Task WriteAsync(int writer)
        {
            for (var number = 1; !_done.IsCancellationRequested; number++)
            {
                var tenant = await _world.Tenants.GetAsync(Acme, Stop);
                var commit = tenant.BeginCommit().Append(
                    new StreamId("numbers", $"{writer}"), ExpectedVersion.Exactly(StreamVersion.Of(number - 1)), [tenant.NewEvent(new NumberedEvent(writer, number))]);
                var written = Assert.IsType<CommitResult.Committed>(await tenant.CommitAsync(commit, Stop));
                _written[writer] = number;
                // A token is good wherever the tenant is by now.
                if (number % 20 == 0)
                {
                    var found = await tenant.ReadModels<Counted>().FindAsync($"{writer}", ReadFreshness.AtLeast(written.Position, Deadline), Stop);
                    Assert.Equal(number, found.Value?.Count);
                }

                _progress.Release();
            }
        }

        private async Task ReadAsync()
        {
            try
            {
                while (true)
                {
                    await _world.Store.WaitForPositionAsync(Acme, LogPosition.Of(_seen + 1), _done.Token);
                    var tenant = await _world.Tenants.GetAsync(Acme, Stop);
                    await foreach (var e in tenant.ReadLogAsync(LogPosition.Of(_seen), EventQuery.All, Stop))
                        Assert.Equal(++_seen, e.Position.Value);
                }
            }
            catch (OperationCanceledException) when (_done.IsCancellationRequested)
            {
                // Enough was read.
            }
        }
    }

    [EventType(Numbered)]
    public sealed record NumberedEvent(int Writer, int Number);

    public sealed record Counted(string Id, int Count);

    /// <summary>Counts, and fails to be right if an event is left out or comes twice.</summary>
    private sealed class Numbers : Projection<Counted>
    {
        public Numbers()
            : base("numbers", version: 1) =>
            Upsert<NumberedEvent>((e, _) => $"{e.Writer}", (counted, e, _) => new Counted($"{e.Writer}", (counted?.Count ?? 0) + 1));
    }
}
