
namespace Tallystick.IntegrationTests.Orders;

/// <summary>Starting and stopping.</summary>
[Trait("Speed", "Slow")]
public sealed class LifetimeTests : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("tallystick-orders-");

    [Fact]
    public async Task After_a_clean_stop_and_after_a_crash_all_data_is_there_again()
    {
        var (orders, notifications) = (new List<string>(), 0);
        for (var round = 0; round < 3; round++)
        {
            var (process, client) = await OrdersProcess.StartAsync(_data.FullName);
            await using (process)
            using (client)
            {
                var ann = await client.AsAsync("acme");
                (await client.SendAsync(HttpMethod.Get, "/health/live")).Is(200);
                (await client.SendAsync(HttpMethod.Get, "/health/ready")).Is(200);
                orders.Add((await ann.PlaceAsync("demo")).Id);
                var last = (await ann.PostAsync($"/orders/{orders[^1]}/confirm", null, ("Idempotency-Key", "confirm"))).Is(200);
                notifications += 2;
                foreach (var id in orders)
                    Assert.Equal("confirmed", (string?)(await ann.GetAsync($"/orders/{id}")).Is(200).Json["status"]);
                Assert.Equal(last.Text, (await ann.PostAsync($"/orders/{orders[^1]}/confirm", null, ("Idempotency-Key", "confirm"))).Is(200).Text);
                var listed = await ann.GetAsync("/orders", ("At-Least-Position", last.Position));
                Assert.Equal(orders.AsEnumerable().Reverse(), listed.Json["items"]!.AsArray().Select(order => (string)order!["id"]!));
                var told = await ann.GetAsync("/notifications/demo", ("At-Least-Position", last.Position));
                Assert.Equal(notifications, told.Json["items"]!.AsArray().Count);

                if (round == 0)
                {
                    Assert.Equal(0, await process.StopAsync());
                    Assert.DoesNotContain("rror", process.Output, StringComparison.Ordinal);
                }
                else
                {
                    await process.KillAsync();
                }
            }
        }
    }

    [Fact]
    public async Task The_demo_makes_orders_and_stops_cleanly()
    {
        var (process, client) = await OrdersProcess.StartAsync(_data.FullName, "--Demo", "true");
        await using (process)
        using (client)
        {
            var ann = await client.AsAsync("acme");
            // Position 5 is the last of the registrations; the first order follows.
            (await ann.GetAsync("/orders", ("At-Least-Position", "6"))).Is(200);
            Assert.NotEmpty((await ann.GetAsync("/orders", ("At-Least-Position", "6"))).Json["items"]!.AsArray());
            Assert.Equal(0, await process.StopAsync());
        }
    }

    [Fact]
    public async Task Outside_of_development_a_key_is_demanded_and_no_tokens_are_handed_out()
    {
        var (exitCode, output) = await OrdersProcess.RunToEndAsync(_data.FullName, "Production");
        Assert.Equal(1, exitCode);
        Assert.Contains("Tokens__Key", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);

        var (process, client) = await OrdersProcess.StartAsync(
            _data.FullName, "--environment", "Production", "--Tokens:Key", "a secret that only this test knows, of 32 bytes");
        await using (process)
        using (client)
            (await client.SendAsync(HttpMethod.Get, "/dev/token?tenant=acme&user=ann&role=customer")).IsProblem(404, "not-found");
    }

    [Fact]
    public async Task A_port_or_a_folder_in_use_is_told_without_a_stack_trace()
    {
        var (process, client) = await OrdersProcess.StartAsync(_data.FullName);
        await using (process)
        using (client)
        {
            var sameFolder = await OrdersProcess.RunToEndAsync(_data.FullName, "Development");
            Assert.Equal(1, sameFolder.ExitCode);
            Assert.Contains("orders.db", sameFolder.Output, StringComparison.Ordinal);
            var other = _data.CreateSubdirectory("other").FullName;
            var samePort = await OrdersProcess.RunToEndAsync(other, "Development", "--urls", client.Url.ToString());
            Assert.Equal(1, samePort.ExitCode);
            Assert.Contains("address already in use", samePort.Output, StringComparison.Ordinal);
            Assert.Contains("--port", samePort.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", sameFolder.Output + samePort.Output, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _data.Delete(recursive: true);
}
