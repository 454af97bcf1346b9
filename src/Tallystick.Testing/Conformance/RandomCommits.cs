using System.Globalization;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;
using static Tallystick.Testing.Conformance.TestEvents;

namespace Tallystick.Testing.Conformance;

/// <summary>Draws commits and queries from few names, so that they meet each other often.</summary>
internal sealed class RandomCommits(SeededEntropy random)
{
    public static string[] Collections { get; } = ["orders", "people"];

    public static string[] Checkpoints { get; } = ["a", "b"];

    private static readonly string[] Types = ["a", "b", "c"];
    private static readonly string[] Tags = ["x:1", "x:2", "y z", "🦊"];
    private static readonly string[] DocumentKeys = ["a", "B", "ab", "\uff5e", "🦊", "🦊1", "é", "z"];
    private long _lastId;

    public StreamId Stream() => new("order", Pick("1", "2", "3", "🦊"));

    public string Collection() => Pick(Collections);

    public string DocumentKey() => Pick(DocumentKeys);

    public string Key() => $"key {random.Next(40)}";

    public int? Generation() => random.Next(3) is > 0 and var generation ? generation : null;

    public EventQuery Query() => random.Next(5) switch
    {
        0 => EventQuery.All,
        1 => EventQuery.OfTypes(Pick(Types)),
        2 => EventQuery.Tagged(Pick(Tags), Pick(Tags)),
        3 => EventQuery.Tagged(Pick(Tags)).OfType(Pick(Types)),
        _ => EventQuery.OfTypes(Pick(Types), "none").Or(EventQuery.Tagged(Pick(Tags))),
    };

    public DocumentQuery Documents() => new(Collection())
    {
        Generation = Generation(),
        Equal = random.Next(3) == 0 ? [new IndexEntry("city", City())] : [],
        Range = random.Next(3) == 0 ? new IndexRange("age", Maybe(Age), Maybe(Age)) : null,
        OrderBy = random.Next(4) switch { 0 => null, 1 => "city", 2 => "age", _ => "nothing" },
        Descending = random.Next(2) == 0,
        Limit = random.Next(1, 6),
    };

    public Commit Next(TenantId tenant, ModelTenant model)
    {
        var commit = Commit.For(tenant).From(new EventMetadata(UserId: random.Next(2) == 0 ? null : "ann"));
        foreach (var stream in Enumerable.Range(0, random.Next(4)).Select(_ => Stream()).Distinct())
            commit = commit.Append(stream, Expected(model.VersionOf(stream)), [.. Enumerable.Range(0, random.Next(4)).Select(_ => Event())]);
        if (random.Next(6) == 0)
            commit = commit.Require(Query(), LogPosition.Of(Math.Max(0, model.Events.Count - random.Next(8))));
        if (random.Next(2) == 0)
            commit = commit.Change([.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Change())]);
        if (random.Next(4) == 0)
            commit = Save(commit, Pick(Checkpoints), model);
        if (random.Next(4) == 0)
            return Lease(commit, model);
        return random.Next(4) == 0 ? commit.Once(new IdempotencyKey(Key(), Pick("", "f", "g"))) : commit;
    }

    private Commit Save(Commit commit, string name, ModelTenant model)
    {
        LogPosition? expected = random.Next(3) switch
        {
            0 => null,
            1 => LogPosition.Of(model.Checkpoint(name) ?? 0),
            _ => LogPosition.Of(random.Next(3)),
        };
        return random.Next(4) == 0 ? commit.Forget(name, expected) : commit.Save(name, LogPosition.Of(random.Next(4)), expected);
    }

    /// <summary>Changes one lease, and perhaps depends on another: no two changes, whose order of refusals would be the store's matter.</summary>
    private Commit Lease(Commit commit, ModelTenant model)
    {
        var lease = Held(commit.Tenant, model);
        commit = random.Next(4) switch
        {
            0 => commit.Renew(lease, TimeSpan.FromDays(1)),
            1 => commit.Release(lease),
            _ => commit.Acquire(lease.Name, Pick("ann", "bob"), TimeSpan.FromDays(1)),
        };
        return random.Next(3) == 0 ? commit.Under(Held(commit.Tenant, model)) : commit;
    }

    private Lease Held(TenantId tenant, ModelTenant model)
    {
        var name = Pick("x", "y", "🦊");
        var (owner, epoch) = model.LeaseOf(name);
        return random.Next(4) == 0 ? new Lease(tenant, name, Pick("ann", "bob"), random.Next(1, 5)) : new Lease(tenant, name, owner, epoch);
    }

    private ExpectedVersion Expected(long actual) => random.Next(6) switch
    {
        0 => ExpectedVersion.NoStream,
        1 => ExpectedVersion.Exactly(random.Next(10)),
        2 or 3 => ExpectedVersion.Exactly(actual),
        _ => ExpectedVersion.Any,
    };

    private DocumentChange Change()
    {
        var collection = new CollectionId(Collection(), random.Next(1, 3));
        return random.Next(10) switch
        {
            0 => new DocumentChange.Activate(collection),
            1 or 2 => new DocumentChange.Delete(collection, DocumentKey()),
            _ => new DocumentChange.Put(collection, Document(
                DocumentKey(),
                random.Next(int.MaxValue).ToString(CultureInfo.InvariantCulture),
                [.. random.Next(4) == 0 ? [] : new[] { ("city", City()) }, .. random.Next(4) == 0 ? [] : new[] { ("age", Age()) }])),
        };
    }

    private NewEvent Event() => new(
        Id(++_lastId), Pick(Types), random.Next(1, 4), Bytes(new string('x', random.Next(40))),
        [.. Enumerable.Range(0, random.Next(3)).Select(_ => Pick(Tags))]);

    private IndexValue City() => random.Next(5) == 0 ? IndexValue.Null : IndexValue.From(Pick("Rome", "rome", "Bern", "🦊", ""));

    private IndexValue Age() => IndexValue.From(random.Next(-3, 4));

    private IndexValue? Maybe(Func<IndexValue> value) => random.Next(3) == 0 ? null : value();

    private string Pick(params string[] from) => from[random.Next(from.Length)];
}
