using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Commands;

public sealed class StateCacheTests
{
    private static readonly TenantId Tenant = TenantId.Parse("acme");

    [Fact]
    public void The_least_recently_used_stream_goes_first()
    {
        var cache = new StateCache(3);
        Put(cache, "a", 1);
        Put(cache, "b", 1);
        Put(cache, "c", 1);
        Assert.True(cache.TryGet(Tenant, Stream("a"), out _, out _));
        Put(cache, "d", 1);

        Assert.Equal(3, cache.Count);
        Assert.Null(Version(cache, "b"));
        Assert.Equal(1, Version(cache, "a"));
        Put(cache, "e", 1);
        Assert.Null(Version(cache, "c"));
        Assert.Equal(1, Version(cache, "d"));
    }

    [Fact]
    public void A_slower_thread_does_not_bring_back_an_older_version()
    {
        var cache = new StateCache();
        Put(cache, "a", 5);
        Put(cache, "a", 4);
        Assert.Equal(5, Version(cache, "a"));
        Put(cache, "a", 6);
        Assert.Equal(6, Version(cache, "a"));
    }

    [Fact]
    public void A_stream_known_to_have_moved_on_is_stale_until_a_newer_state_is_put()
    {
        var cache = new StateCache();
        Put(cache, "a", 5);
        cache.Observe(Tenant, Stream("a"), decidedOn: StreamVersion.Of(4), actual: StreamVersion.Of(5));
        Assert.False(IsStale(cache));
        cache.Observe(Tenant, Stream("a"), decidedOn: StreamVersion.Of(5), actual: StreamVersion.Of(6));
        Assert.True(IsStale(cache));
        Put(cache, "a", 4);
        Assert.True(IsStale(cache));
        Put(cache, "a", 6);
        Assert.False(IsStale(cache));

        static bool IsStale(StateCache cache)
        {
            Assert.True(cache.TryGet(Tenant, Stream("a"), out _, out var isStale));
            return isStale;
        }
    }

    [Fact]
    public void A_stream_that_shrank_is_forgotten()
    {
        var cache = new StateCache();
        Put(cache, "a", 5);
        cache.Observe(Tenant, Stream("a"), decidedOn: StreamVersion.Of(5), actual: StreamVersion.Of(2));
        Assert.Null(Version(cache, "a"));
    }

    [Fact]
    public void Streams_can_be_forgotten_one_by_one_and_all_together()
    {
        var cache = new StateCache(2);
        Put(cache, "a", 1);
        Put(cache, "b", 1);
        cache.Remove(Tenant, Stream("a"));
        Assert.Equal(1, cache.Count);
        cache.Clear();
        Assert.Equal(0, cache.Count);
        Put(cache, "c", 1);
        Put(cache, "d", 1);
        Put(cache, "e", 1);
        Assert.Equal([null, 1, 1], new[] { Version(cache, "c"), Version(cache, "d"), Version(cache, "e") });
    }

    [Fact]
    public void It_behaves_like_a_list_in_the_order_of_use()
    {
        const int Capacity = 4;
        var random = new Random(7);
        var cache = new StateCache(Capacity);
        var model = new List<(string Key, long Version)>();
        for (var i = 0; i < 5000; i++)
        {
            var key = ((char)('a' + random.Next(8))).ToString();
            var at = model.FindIndex(entry => entry.Key == key);
            switch (random.Next(3))
            {
                case 0:
                    Assert.Equal(at < 0 ? null : model[at].Version, Version(cache, key));
                    if (at >= 0)
                        Touch(at, model[at].Version);
                    break;
                case 1:
                    var version = random.Next(1, 20);
                    Put(cache, key, version);
                    if (at >= 0)
                        Touch(at, Math.Max(version, model[at].Version));
                    else
                        model.Insert(0, (key, version));
                    if (model.Count > Capacity)
                        model.RemoveAt(Capacity);
                    break;
                default:
                    if (random.Next(4) > 0)
                        break;
                    cache.Remove(Tenant, Stream(key));
                    model.RemoveAll(entry => entry.Key == key);
                    break;
            }

            Assert.Equal(model.Count, cache.Count);

            void Touch(int index, long newVersion)
            {
                model.RemoveAt(index);
                model.Insert(0, (key, newVersion));
            }
        }
    }

    private static StreamId Stream(string key) => new("counter", key);

    private static void Put(StateCache cache, string key, long version) =>
        cache.Put(Tenant, Stream(key), new StreamState<object>(version, StreamVersion.Of(version)));

    private static long? Version(StateCache cache, string key) =>
        cache.TryGet(Tenant, Stream(key), out var state, out _) ? state.Version.Value : null;
}
