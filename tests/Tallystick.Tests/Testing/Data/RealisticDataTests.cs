using Tallystick.Events;
using Tallystick.Testing.Data;
using Tallystick.Testing.Randomness;

namespace Tallystick.Tests.Testing.Data;

public sealed class RealisticDataTests
{
    private static readonly RealisticData Data = new(1);

    [Fact]
    public void The_same_seed_gives_the_same_data_and_another_seed_other_data()
    {
        Assert.Equal(Text(new RealisticData(7)), Text(new RealisticData(7)));
        Assert.NotEqual(Text(new RealisticData(7)), Text(new RealisticData(8)));

        static string Text(RealisticData data) => string.Join(
            '\n', [.. data.Tenants().Select(tenant => $"{tenant}"), .. data.Users().Take(50).Select(user => $"{user}"), .. data.Orders().Take(50).Select(Line)]);
    }

    [Fact]
    public void A_seed_gives_this_order_for_ever() => Assert.Equal(
        "tenant-8 0000001 u12 2026-01-01T00:17:25.1180000+00:00 1 TEA-001 at 6.30, 1 LAMP-001 at 17.99 = 24.29 EUR", Line(new RealisticData(42).Orders().First()));

    [Fact]
    public void There_is_as_much_as_was_asked_for()
    {
        Assert.Equal(20, Data.Tenants().Count());
        Assert.Equal(2000, Data.Users().Count());
        Assert.Equal(20_000, Data.Orders().Count());
        Assert.Equal(Data.Users().CountBy(user => user.Tenant).OrderBy(pair => pair.Key.Value), Data.Tenants().Select(tenant => KeyValuePair.Create(tenant.Id, tenant.Users)).OrderBy(pair => pair.Key.Value));
    }

    [Fact]
    public void Orders_refer_to_users_that_exist_and_ids_are_unique_and_can_be_keys()
    {
        var users = Data.Users().Select(user => (user.Tenant, user.Id)).ToHashSet();
        var orders = Data.Orders().ToArray();

        Assert.Equal(2000, users.Count);
        Assert.Equal(2000, Data.Users().DistinctBy(user => (user.Tenant, user.Email)).Count());
        Assert.All(orders, order => Assert.Contains((order.Tenant, order.CustomerId), users));
        Assert.Equal(orders.Length, orders.DistinctBy(order => order.Id).Count());
        Assert.All(orders, order => Assert.Equal(order.Id, new StreamId("order", order.Id).Key));
        Assert.All(Data.Users(), user => Assert.Equal(user.Id, new StreamId("user", user.Id).Key));
    }

    [Fact]
    public void Tenants_customers_and_goods_are_as_uneven_as_was_asked_for()
    {
        var even = Shares(new RealisticData(1, new RealisticDataOptions { TenantSkew = 0 }));
        var usual = Shares(Data);
        var steep = Shares(new RealisticData(1, new RealisticDataOptions { TenantSkew = 2 }));

        Assert.InRange(even, 0.04, 0.06);
        Assert.InRange(usual, 0.25, 0.31);
        Assert.InRange(steep, 0.60, 0.66);

        static double Shares(RealisticData data) => data.Orders().Count(order => order.Tenant.Value == "tenant-1") / (double)data.Options.Orders;
    }

    [Fact]
    public void Goods_are_favoured_and_have_one_price_with_two_decimals()
    {
        var lines = Data.Orders().SelectMany(order => order.Lines).ToArray();
        var favourite = lines.CountBy(line => line.Sku).Max(pair => pair.Value);

        Assert.InRange(favourite / (double)lines.Length, 0.1, 0.3);
        Assert.All(lines.GroupBy(line => line.Sku), same => Assert.Single(same.Select(line => line.UnitPrice).Distinct()));
        Assert.All(lines, line => Assert.True(line is { Quantity: >= 1, UnitPrice: > 0 } && decimal.Round(line.UnitPrice, 2) == line.UnitPrice));
    }

    [Fact]
    public void Orders_come_in_the_order_of_time_within_the_period_and_mostly_by_day()
    {
        var times = Data.Orders().Select(order => order.Time).ToArray();
        var (start, end) = (Data.Options.Start, Data.Options.Start + Data.Options.Period);

        Assert.Equal(times.Order(), times);
        Assert.All(times, time => Assert.InRange(time, start, end));
        Assert.InRange(times.Count(time => time.Hour < 6) / (double)times.Length, 0.02, 0.05);
        Assert.InRange(times.Count(time => time.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday) / (double)times.Length, 0.15, 0.22);
    }

    [Fact]
    public void Millions_are_streamed()
    {
        var data = new RealisticData(1, new RealisticDataOptions { Orders = 5_000_000, Users = 100_000 });

        Assert.Equal(1000, data.Orders().Take(1000).Count());
        Assert.Equal(data.Orders().Take(3).Select(Line), data.Orders().Take(3).Select(Line));
    }

    [Fact]
    public void An_order_without_anything_unusual_has_lines_of_different_goods()
    {
        Assert.All(Data.Orders().Take(2000), order =>
        {
            Assert.InRange(order.Lines.Length, 1, 20);
            Assert.Equal(order.Lines.Length, order.Lines.DistinctBy(line => line.Sku).Count());
            Assert.Equal(order.Lines.Sum(line => line.Quantity * line.UnitPrice), order.Total);
        });
        Assert.Equal(1, new RealisticData(1, new RealisticDataOptions { Skus = 1 }).Orders().Take(500).Max(order => order.Lines.Length));
    }

    [Fact]
    public void Impossible_sizes_and_skews_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RealisticData(1, new RealisticDataOptions { Tenants = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RealisticData(1, new RealisticDataOptions { Tenants = 10, Users = 9 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RealisticData(1, new RealisticDataOptions { SkuSkew = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RealisticData(1, new RealisticDataOptions { Period = TimeSpan.Zero }));
    }

    [Theory]
    [InlineData(10, 1.0)]
    [InlineData(1000, 0.5)]
    [InlineData(7, 0)]
    public void Zipf_draws_the_first_as_often_as_its_weight_says(int count, double skew)
    {
        var zipf = new Zipf(count, skew);
        var entropy = new SeededEntropy(3);
        var first = Enumerable.Range(0, 50_000).Count(_ => zipf.Next(entropy) == 0) / 50_000.0;
        var expected = 1 / Enumerable.Range(1, count).Sum(rank => Math.Pow(rank, -skew));

        Assert.InRange(first, (expected * 0.9) - 0.001, (expected * 1.1) + 0.001);
        Assert.Equal(5000, zipf.Share(5000).Sum());
        Assert.True(zipf.Share(count).All(share => share == 1));
    }

    private static string Line(OrderData order) => $"{order.Tenant} {order.Id} {order.CustomerId} {order.Time:O} {string.Join(", ", order.Lines.Select(line => $"{line.Quantity} {line.Sku} at {line.UnitPrice}"))} = {order.Total} {order.Currency}";
}
