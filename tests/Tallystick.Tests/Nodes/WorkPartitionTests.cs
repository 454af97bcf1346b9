using Tallystick.Nodes;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Nodes;

public sealed class WorkPartitionTests
{
    /// <summary>Computed by another implementation; they never change, since processes of all versions must agree.</summary>
    [Theory]
    [InlineData("acme", "orders", 32, 2)]
    [InlineData("acme", "sales", 32, 30)]
    [InlineData("globex", "orders", 32, 27)]
    [InlineData("acme", "orders", 1000, 106)]
    [InlineData("a", "b", 7, 6)]
    [InlineData("acme-2", "order-summaries", 1, 0)]
    public void Work_belongs_to_the_same_partition_for_ever(string tenant, string name, int partitions, int expected) =>
        Assert.Equal(expected, WorkPartition.Of(TenantId.Parse(tenant), name, partitions));

    [Fact]
    public void A_thousand_tenants_with_ten_projections_spread_over_the_partitions()
    {
        var counts = new int[32];
        for (var tenant = 1; tenant <= 1000; tenant++)
        {
            for (var projection = 1; projection <= 10; projection++)
                counts[WorkPartition.Of(TenantId.Parse($"tenant-{tenant}"), $"projection-{projection}", 32)]++;
        }

        // 312.5 are the mean; five standard deviations are 87.
        Assert.All(counts, count => Assert.InRange(count, 225, 400));
    }
}
