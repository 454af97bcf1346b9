using System.Collections.Immutable;
using System.Reflection;
using System.Security.Claims;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Leaks;

/// <summary>Every method of a tenant's handle, on the application's own streams, read models and subscriptions.</summary>
internal sealed class HandleOperations(IServiceProvider services, TwinStory story)
{
    public const string OwnCollection = "leakage.own";

    private static readonly MethodInfo States = typeof(HandleOperations).GetMethod(nameof(StatesAsync), BindingFlags.NonPublic | BindingFlags.Static)!;
    private static readonly MethodInfo Follow = typeof(HandleOperations).GetMethod(nameof(FollowAsync), BindingFlags.NonPublic | BindingFlags.Static)!;

    public IEnumerable<LeakOperation> All() => [.. OfStreams(), .. OfLog(), .. OfSubscriptions(), .. OfReadModels(), .. Pure(), .. Changes()];

    private IEnumerable<LeakOperation> OfStreams()
    {
        foreach (var (_, decider) in story.Deciders)
        {
            var streams = story.Streams.Where(stream => stream.Category == decider.Category).Append(new StreamId(decider.Category, "unused")).ToArray();
            yield return Read($"Tenant.StateOf<{CSharpText.TypeName(decider.StateType)}>", async (twin, cancellationToken) =>
                string.Join('\n', await EachAsync(streams, stream => (Task<string>)States.MakeGenericMethod(decider.StateType).Invoke(null, [twin.Handle, stream, cancellationToken])!)));
            yield return Read($"Tenant.HistoryAsync of {decider.Category}", async (twin, cancellationToken) =>
                string.Join('\n', await EachAsync(streams, async stream => ResultText.Of(await twin.Handle.HistoryAsync(stream, StreamVersion.None, 100, cancellationToken)))));
            yield return Read($"Tenant.ReadStreamAsync of {decider.Category}", async (twin, cancellationToken) =>
                string.Join('\n', await EachAsync(streams, async stream => await TextAsync(twin.Handle.ReadStreamAsync(stream, StreamVersion.None, cancellationToken)))));
            yield return Read($"Tenant.FindEventAsync of {decider.Category}", async (twin, cancellationToken) =>
                string.Join('\n', await EachAsync(streams, async stream => ResultText.Of(await twin.Handle.FindEventAsync(stream, StreamVersion.Of(1), cancellationToken)))));
        }
    }

    private IEnumerable<LeakOperation> OfLog() =>
    [
        Read("Tenant.ReadLogAsync", (twin, cancellationToken) => TextAsync(twin.Handle.ReadLogAsync(LogPosition.Start, EventQuery.All, cancellationToken))),
        new("Tenant.ReadLogAsync by the twin's tags", IsRead: true, async (twin, other, cancellationToken) =>
        {
            var tags = new SortedSet<string>(StringComparer.Ordinal);
            await foreach (var e in other.Handle.ReadLogAsync(LogPosition.Start, EventQuery.All, cancellationToken))
                tags.UnionWith(e.Tags.Where(tag => other.Secrets.Find(tag, withIds: false, static _ => false) is not null));
            return string.Join('\n', await EachAsync(tags, tag => TextAsync(twin.Handle.ReadLogAsync(LogPosition.Start, EventQuery.Tagged(tag), cancellationToken))));
        })
        {
            AsksForOther = true,
        },
        Read("Tenant.NewEvent", async (twin, cancellationToken) =>
            await EventOfAsync(twin.Handle, cancellationToken) is { } stored ? $"{twin.Handle.NewEvent(services.GetRequiredService<EventSerializer>().Deserialize(stored)) with { Id = default }}" : "no event"),
        Read("Tenant.VerifyAsync", async (twin, cancellationToken) => $"{(await twin.Handle.VerifyAsync(null, cancellationToken)).IsIntact}"),
    ];

    private IEnumerable<LeakOperation> OfSubscriptions() => services.GetServices<Subscription>().Select(subscription => Read(
        $"Tenant.FollowAsync<{CSharpText.TypeName(subscription.GetType())}>",
        (twin, cancellationToken) => (Task<string>)Follow.MakeGenericMethod(subscription.GetType()).Invoke(null, [twin.Handle, cancellationToken])!));

    private IEnumerable<LeakOperation> OfReadModels() =>
        from projection in services.GetServices<Projection>()
        from collection in projection.Collections
        where services.GetServices<Projection>().SelectMany(one => one.Collections).Count(one => one.DocumentType == collection.DocumentType) == 1
        from operation in ((DocumentReads)Activator.CreateInstance(typeof(DocumentReads<>).MakeGenericType(collection.DocumentType), collection.IndexNames)!).All()
        select operation;

    /// <summary>What gives something without asking the store.</summary>
    private static IEnumerable<LeakOperation> Pure() =>
    [
        Read("Tenant.ActingAs", (twin, _) => Task.FromResult($"{twin.Handle.ActingAs(User(twin)).Metadata}")),
        Read("Tenant.With", (twin, _) => Task.FromResult($"{twin.Handle.With(new EventMetadata(CorrelationId: twin.Secrets.Text("correlation"))).Metadata}")),
        Read("Tenant.NewStream", (twin, _) => Task.FromResult(twin.Handle.NewStream("leakage").Category)),
        Read("Tenant.BeginCommit", (twin, _) => Task.FromResult($"{twin.Handle.BeginCommit()}")),
    ];

    private static IEnumerable<LeakOperation> Changes() =>
    [
        new("Tenant.CommitAsync", IsRead: false, async (twin, _, cancellationToken) => ResultText.Of(await twin.Handle.CommitAsync(
            twin.Handle.BeginCommit()
                .Change(new DocumentChange.Put(new CollectionId(OwnCollection, 1), Conformance.TestEvents.Document("1", $"\"{twin.Secrets.Text("own")}\"")))
                .Save(OwnCollection, LogPosition.Of(1)),
            cancellationToken))),
        new("Tenant.CommitAsync of the twin's commit", IsRead: false, async (twin, other, cancellationToken) =>
            ResultText.Of(await twin.Handle.CommitAsync(other.Handle.BeginCommit().Save(OwnCollection, LogPosition.Of(9)), cancellationToken))),
    ];

    /// <summary>Some event of a decider; null if there is none.</summary>
    private async Task<RecordedEvent?> EventOfAsync(Tenant tenant, CancellationToken cancellationToken) =>
        story.Streams.FirstOrDefault() is { IsDefault: false } stream ? await tenant.FindEventAsync(stream, StreamVersion.Of(1), cancellationToken) : null;

    private static LeakOperation Read(string name, Func<Twin, CancellationToken, Task<string>> read) =>
        new(name, IsRead: true, (twin, _, cancellationToken) => read(twin, cancellationToken));

    private static ClaimsPrincipal User(Twin twin) => new(new ClaimsIdentity([new Claim("sub", twin.Secrets.Text("user"))], "leakage"));

    private static async Task<string> StatesAsync<TState>(Tenant tenant, StreamId stream, CancellationToken cancellationToken)
        where TState : notnull
    {
        var states = tenant.StateOf<TState>(stream);
        var now = await states.NowAsync(cancellationToken);
        var first = await states.AtAsync(StreamVersion.Of(Math.Min(1, now.Version.Value)), cancellationToken);
        var last = await states.AtAsync(DateTimeOffset.MaxValue, cancellationToken);
        return $"{stream} {ResultText.Of(now)}\n{ResultText.Of(first)}\n{ResultText.Of(last)}";
    }

    private static async Task<string> FollowAsync<TSubscription>(Tenant tenant, CancellationToken cancellationToken)
        where TSubscription : Subscription =>
        $"{(await tenant.FollowAsync<TSubscription>(ReadFreshness.AtLeast(LogPosition.Of(1)), cancellationToken)).Position}";

    private static async Task<ImmutableArray<string>> EachAsync<T>(IEnumerable<T> items, Func<T, Task<string>> read)
    {
        var texts = ImmutableArray.CreateBuilder<string>();
        foreach (var item in items)
            texts.Add(await read(item));
        return texts.DrainToImmutable();
    }

    private static async Task<string> TextAsync(IAsyncEnumerable<RecordedEvent> events)
    {
        var all = ImmutableArray.CreateBuilder<RecordedEvent>();
        await foreach (var e in events)
            all.Add(e);
        return ResultText.Of(all.DrainToImmutable());
    }
}
