using Tallystick.IntegrationTests.Orders;
using Tallystick.IntegrationTests.Postgres;

namespace Tallystick.IntegrationTests.Nodes;

/// <summary>Several processes of the sample on one database.</summary>
internal sealed class NodeGroup : IAsyncDisposable
{
    private readonly PostgresSchema _schema;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tallystick-nodes-");
    private readonly (OrdersProcess Process, OrdersClient Client)?[] _nodes;

    private NodeGroup(int count, PostgresSchema schema) =>
        (_nodes, _schema) = (new (OrdersProcess, OrdersClient)?[count], schema);

    public int Count => _nodes.Length;

    /// <summary>A node to call; null while it is dead.</summary>
    public OrdersClient? this[int node] => _nodes[node]?.Client;

    public static async Task<NodeGroup> StartAsync(int count, PostgresSchema schema)
    {
        var group = new NodeGroup(count, schema);
        try
        {
            for (var node = 0; node < count; node++)
                await group.StartAsync(node);
            return group;
        }
        catch
        {
            await group.DisposeAsync();
            throw;
        }
    }

    public async Task KillAndRestartAsync(int node)
    {
        TestContext.Current.TestOutputHelper!.WriteLine($"kill -9 of node {node}");
        await EndAsync(node);
        await StartAsync(node);
    }

    /// <summary>Stops a process in its tracks (SIGSTOP) for a time, then lets it go on as if nothing had happened.</summary>
    public async Task PauseAsync(int node, TimeSpan time, CancellationToken cancellationToken)
    {
        TestContext.Current.TestOutputHelper!.WriteLine($"node {node} is paused for {time}");
        var process = _nodes[node]!.Value.Process;
        process.Pause();
        try
        {
            await Task.Delay(time, TimeProvider.System, cancellationToken);
        }
        finally
        {
            process.Continue();
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (var node = 0; node < _nodes.Length; node++)
            await EndAsync(node);
        _folder.Delete(recursive: true);
    }

    private async Task StartAsync(int node) => _nodes[node] = await OrdersProcess.StartAsync(
        _folder.CreateSubdirectory($"{node}").FullName,
        "--Postgres:Connection", _schema.RequestConnection, "--Postgres:Owner", _schema.OwnerConnection, "--Postgres:Schema", _schema.Name);

    private async Task EndAsync(int node)
    {
        if (_nodes[node] is not { } running)
            return;
        _nodes[node] = null;
        await running.Process.DisposeAsync();
        running.Client.Dispose();
    }
}
