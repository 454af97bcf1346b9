using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Specifications;

namespace Tallystick.Testing.Leaks;

// The order is what finds things. First the tenant alone: what it is answered then is what it must always be answered. Then the twin gets the same history.
// Then each read in turn as the twin, the tenant and the twin again, so that whatever remembers the last tenant is found. Then what changes something, and last what
// a hostile caller would try; after each of these the twin must be the same, byte for byte.

/// <summary>One check.</summary>
internal sealed class LeakageRun : IDisposable
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz";
    private const int CoreLength = 10;

    private readonly LeakageOptions _options;
    private readonly IServiceProvider _services;
    private readonly IStore _store;
    private readonly long _seed;
    private readonly Watcher _watcher = new();
    private readonly TwinStory _story;
    private readonly Twin _tenant;
    private readonly Twin _twin;
    private readonly Twin _storeTenant;
    private readonly Twin _storeTwin;
    private readonly HttpClient? _anonymous;
    private readonly Observer _observer;
    private readonly int[] _halves = new int[2];
    private EndpointStory? _endpoints;
    private EndpointOperations? _endpointOperations;

    public LeakageRun(LeakageOptions options)
    {
        (_options, _services, _store) = (options, options.Services, options.Services.GetRequiredService<IStore>());
        _services.GetService<ILoggerFactory>()?.AddProvider(_watcher);
        _seed = options.SeedOrNew();
        var entropy = new SeededEntropy(_seed);
        _story = new TwinStory(options, entropy.Fork());
        // New ones each time, since metrics and traces are those of the whole process, in which other checks may run with the same seed.
        var random = new SeededEntropy(SeededEntropy.NewSeed());
        var (number, known) = (random.Next(100_003, 199_000), new List<string>());
        Secrets Make(int offset) => new(string.Create(CoreLength, random, static (core, random) =>
        {
            for (var i = 0; i < core.Length; i++)
                core[i] = Letters[random.Next(Letters.Length)];
        }), number + offset, known);
        _tenant = new Twin(options.Tenant, Make(0), options.Client?.Invoke(options.Tenant));
        _twin = new Twin(options.Twin, Make(2), options.Client?.Invoke(options.Twin));
        _anonymous = options.Client?.Invoke(null);
        _storeTenant = new Twin(TenantId.Parse($"{options.Tenant}-store"), Make(4), null);
        _storeTwin = new Twin(TenantId.Parse($"{options.Twin}-store"), Make(6), null);
        _observer = new Observer(options, _watcher);
    }

    public async Task<LeakageReport> RunAsync(CancellationToken cancellationToken)
    {
        KnownMethods.Demand();
        await _services.GetRequiredService<TallystickRuntime>().StartAsync(cancellationToken);
        await FindEndpointsAsync(cancellationToken);
        try
        {
            await FillAsync(_tenant, _twin, isFirst: true, cancellationToken);
            LeakOperation[] reads = [.. CatalogOperations.All(_services).Where(one => one.IsRead && !one.Name.Contains("ListAsync", StringComparison.Ordinal)), .. Reads()];
            var expected = await AnswersAsync(reads, cancellationToken);
            await FillStoreAsync(_storeTenant, cancellationToken);
            LeakOperation[] storeReads = [.. StoreOperations.All(_store).Where(one => one.IsRead)];
            var expectedOfStore = await _observer.AnswersAsync(storeReads, _storeTenant, _storeTwin, cancellationToken);
            await FillAsync(_twin, _tenant, isFirst: false, cancellationToken);
            await FillStoreAsync(_storeTwin, cancellationToken);
            // What a first start stores of itself is no change by the tenant.
            await (await HostOperations.StartAsync(_services, [_storeTwin.Id], cancellationToken)).DisposeAsync();
            await RunAsync(storeReads, expectedOfStore, StoreOperations.All(_store).Where(one => !one.IsRead).Concat(HostOperations.OfStopped(_services)), [], _storeTenant, _storeTwin,
                () => TenantDump.OfAsync(_store, _storeTwin.Id, NamesOfStore(), cancellationToken), cancellationToken);
            await RunAsync(
                reads, expected,
                [
                    .. CatalogOperations.All(_services).Where(one => !one.IsRead || one.Name.Contains("ListAsync", StringComparison.Ordinal)), .. _story.Operations(),
                    .. new HandleOperations(_services, _story).All().Where(one => !one.IsRead), .. HostOperations.OfApplication(_services).Where(one => !one.IsRead),
                    .. _endpointOperations?.Changes() ?? [],
                ],
                _endpointOperations?.Probes(_anonymous) ?? [], _tenant, _twin, () => DumpAsync(_twin, cancellationToken), cancellationToken);
            return Report();
        }
        catch (CheckFailedException error)
        {
            throw new CheckFailedException($"{error.Message}\n\nTo repeat it: LeakageOptions.Seed = {_seed}.", error.InnerException);
        }
    }

    /// <summary>The tenants stay, but nothing listens any more.</summary>
    public void Dispose()
    {
        _watcher.Dispose();
        if (_options.Client is null)
            return;
        _tenant.Client.Dispose();
        _twin.Client.Dispose();
        _anonymous?.Dispose();
    }

    private IEnumerable<LeakOperation> Reads() =>
    [
        .. new HandleOperations(_services, _story).All().Where(one => one.IsRead), .. HostOperations.OfApplication(_services).Where(one => one.IsRead),
        .. _endpointOperations?.Reads(_tenant) ?? [],
    ];

    private async Task FindEndpointsAsync(CancellationToken cancellationToken)
    {
        if (_options.Client is null)
            return;
        var answer = await EndpointAnswer.SendAsync(_tenant.Client, new EndpointRequest("GET", _options.OpenApi, [], null), cancellationToken);
        if (!answer.IsSuccess)
            throw new CheckFailedException($"{_options.OpenApi} gives no OpenAPI document, but {answer.Status}. Say in LeakageOptions.OpenApi where it is, or leave Client out.");
        var requests = new EndpointRequests(OpenApiDocument.Parse(answer.Body, _options.OpenApi), _options);
        _endpoints = new EndpointStory(requests, _options);
        _endpointOperations = new EndpointOperations(_endpoints, requests, _options);
    }

    /// <summary>Makes a tenant and fills it: commands first, then requests.</summary>
    private async Task FillAsync(Twin twin, Twin other, bool isFirst, CancellationToken cancellationToken)
    {
        var tenants = _services.GetRequiredService<Tenants>();
        await tenants.EnsureAsync(twin.Id, twin.Secrets.Text("name"), cancellationToken);
        twin.Handle = await tenants.GetAsync(twin.Id, cancellationToken);
        var others = isFirst ? "" : await DumpAsync(other, cancellationToken);
        async Task LookAsync(Endpoint endpoint, EndpointAnswer answer)
        {
            _observer.Demand(endpoint.Name, answer.Text, twin, other);
            if (!isFirst)
                Observer.DemandUnchanged(endpoint.Name, others, await DumpAsync(other, cancellationToken), twin, other);
        }

        // Commands before and after the requests: these have something to read, and what one of them deletes everywhere is there again.
        for (var half = 0; half < 2; half++)
        {
            if (isFirst)
                _halves[half] = await _story.TellAsync(twin, cancellationToken);
            else
                await _story.RepeatAsync(twin, other, _halves[half], cancellationToken);
            await SettleAsync(twin, cancellationToken);
            if (half == 0 && _endpoints is not null)
                await (isFirst ? _endpoints.TellAsync(twin, LookAsync, cancellationToken) : _endpoints.RepeatAsync(twin, other, LookAsync, cancellationToken));
        }
    }

    private async Task FillStoreAsync(Twin twin, CancellationToken cancellationToken)
    {
        var isPlaced = false;
        try
        {
            await _store.ReadHeadAsync(twin.Id, cancellationToken);
        }
        catch (TallystickException error) when (!error.IsTransient)
        {
            // Where tenants have several databases, only those have a place that are in the catalog.
            await _services.GetRequiredService<Tenants>().EnsureAsync(twin.Id, twin.Id.Value, cancellationToken);
            isPlaced = true;
        }

        await StoreOperations.FillAsync(_store, twin.Id, twin.Secrets, cancellationToken);
        if (!isPlaced)
            return;
        // What the application runs for it ends again: the check's own host does that.
        await SettleAsync(twin, cancellationToken);
        await _services.GetRequiredService<SubscriptionHost>().RemoveTenantAsync(twin.Id, cancellationToken);
    }

    /// <summary>What the tenant is answered while there is no twin. The twin's handle is the tenant's own as yet.</summary>
    private async Task<ImmutableArray<string>> AnswersAsync(LeakOperation[] reads, CancellationToken cancellationToken)
    {
        _twin.Handle = _tenant.Handle;
        return await _observer.AnswersAsync(reads, _tenant, _twin, cancellationToken);
    }

    private async Task RunAsync(
        LeakOperation[] reads, ImmutableArray<string> expected, IEnumerable<LeakOperation> changes, IEnumerable<LeakOperation> probes, Twin tenant, Twin twin,
        Func<Task<string>> dump, CancellationToken cancellationToken)
    {
        async Task<string> ReadTwinAsync()
        {
            try
            {
                return await dump();
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                throw new CheckFailedException($"What is stored of the twin '{twin.Id}' can't be read: {ResultText.Of(error)}", error);
            }
        }

        var before = await ReadTwinAsync();
        var twins = await _observer.InTurnAsync(reads, expected, tenant, twin, cancellationToken);
        Observer.DemandUnchanged("reading", before, await ReadTwinAsync(), tenant, twin);
        foreach (var operation in changes.Concat(probes))
        {
            // Whatever remembers who came last, remembers the twin.
            if (reads.Length > 0)
                await _observer.TouchAsync(reads[_observer.Runs % reads.Length], twin, tenant, cancellationToken);
            await _observer.RunAsync(operation, tenant, twin, cancellationToken);
            if (twin == _twin)
                await SettleAsync(tenant, cancellationToken);
            Observer.DemandUnchanged(operation.Name, before, await ReadTwinAsync(), tenant, twin);
        }

        if (twin == _twin)
            await SettleAsync(twin, cancellationToken);
        Observer.DemandUnchanged("everything", before, await ReadTwinAsync(), tenant, twin);
        await _observer.DemandSameAsync(reads, twins, twin, tenant, cancellationToken);
    }

    private async Task SettleAsync(Twin twin, CancellationToken cancellationToken)
    {
        var session = TrackedSession.Of(_services);
        session.Deadline = _options.Deadline;
        await session.SettleAsync(twin.Id, cancellationToken);
    }

    /// <summary>All that is stored of a tenant of the application, and its place in the catalog.</summary>
    private async Task<string> DumpAsync(Twin twin, CancellationToken cancellationToken)
    {
        var own = await TenantDump.OfAsync(_store, twin.Id, NamesOfApplication(), cancellationToken);
        var catalog = await _store.ReadStreamAsync(TenantId.Platform, new StreamRead(new StreamId(TenantDecider.StreamCategory, twin.Id.Value), StreamVersion.None, 100), cancellationToken);
        return $"{own}catalog\n{TenantDump.Of(catalog)}";
    }

    private TenantNames NamesOfApplication() => new(
        [.. _story.Streams.Select(stream => stream.ToString())],
        [
            .. _services.GetServices<Projection>().SelectMany(projection => projection.Collections).Select(collection => collection.Name),
            .. _services.GetServices<Decider>().Select(decider => $"$snapshots.{decider.Category}"), "$projections", "$subscriptions", HandleOperations.OwnCollection,
        ],
        [.. Runners().SelectMany(name => (string[])[name, $"{name}@state"]), HandleOperations.OwnCollection],
        ["leakage-0", "leakage-1"], ["1", "2", "3"], GenerationMax: 2);

    private TenantNames NamesOfStore() => StoreOperations.Names with
    {
        Collections = [.. StoreOperations.Names.Collections, .. NamesOfApplication().Collections],
        Checkpoints = [.. StoreOperations.Names.Checkpoints, .. NamesOfApplication().Checkpoints],
    };

    private IEnumerable<string> Runners() =>
        _services.GetServices<Projection>().Select(projection => projection.Name).Concat(_services.GetServices<Subscription>().Select(subscription => subscription.Name));

    /// <exception cref="CheckFailedException">Something never succeeded and isn't excused.</exception>
    private LeakageReport Report()
    {
        (string Name, string Reason)[] untried =
        [
            .. _story.Deciders.Where(one => !_story.HasAccepted(one.Decider)).Select(one => (one.Name, "none was accepted; say by Generation which are")),
            .. _endpoints?.Unanswered() ?? [],
        ];
        var unknown = _options.Excuses.Keys.Where(name => untried.All(one => one.Name != name)).ToArray();
        if (unknown.Length > 0)
        {
            throw new CheckFailedException(
                $"These are excused and needn't be, since there is no such operation, or it succeeded as tenant '{_tenant.Id}'; leave the excuses out, so that they hide nothing: {string.Join(", ", unknown)}");
        }

        var open = untried.Where(one => !_options.Excuses.ContainsKey(one.Name)).ToArray();
        if (open.Length > 0)
        {
            throw new CheckFailedException(
                $"Nothing is known of what never succeeded as tenant '{_tenant.Id}'. Help by WithBody, WithValue or Generation, or excuse it by its name and a reason:\n"
                + string.Join('\n', open.Select(one => $"  {one.Name}: {one.Reason}")));
        }

        return new LeakageReport(_seed, _observer.Names, _observer.Runs, [.. untried.Select(one => (one.Name, _options.Excuses[one.Name]))]);
    }
}
