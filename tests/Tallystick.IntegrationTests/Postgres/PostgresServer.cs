using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Npgsql;
using Tallystick.IntegrationTests.Postgres;

[assembly: AssemblyFixture(typeof(SharedServer))]

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>A PostgreSQL server of its own, in a temporary folder; see <c>tests/postgres</c>, which starts and stops it.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly DirectoryInfo? _folder;
    private int _schemas;

    private PostgresServer(DirectoryInfo? folder) => _folder = folder;

    public string Host { get; private set; } = "";

    public int Port { get; private set; }

    /// <summary>Why there can't be a server here; null if there can.</summary>
    public static string? Missing { get; } = FindMissing();

    private string Folder => _folder?.FullName ?? throw new InvalidOperationException("Only who has started a server starts, stops or ends it.");

    /// <summary>One that somebody else has started, and will end.</summary>
    public static PostgresServer At(string host, int port) => new(null) { Host = host, Port = port };

    public static async Task<PostgresServer> StartNewAsync()
    {
        // The folder that holds it must be open to the user that the server runs as.
        var server = new PostgresServer(Directory.CreateTempSubdirectory("tallystick-postgres-"));
        await server.StartAsync();
        return server;
    }

    public async Task StartAsync()
    {
        var place = (await RunAsync("start", Folder)).Split(' ');
        (Host, Port) = (place[0], int.Parse(place[1], CultureInfo.InvariantCulture));
    }

    public Task StopAsync() => RunAsync("stop", Folder);

    /// <summary>Kills it with signal 9.</summary>
    public Task KillAsync() => RunAsync("kill", Folder);

    /// <summary>Connects as the superuser, or as another role.</summary>
    public string ConnectionString(string user = "postgres") =>
        new NpgsqlConnectionStringBuilder { Host = Host, Port = Port, Username = user, Database = "postgres", Timeout = 30 }.ConnectionString;

    /// <summary>A schema that nobody has used, with a role to own it and one for requests.</summary>
    public async Task<PostgresSchema> NewSchemaAsync()
    {
        var schema = new PostgresSchema(this, $"s{Interlocked.Increment(ref _schemas)}");
        // One after the other: two sessions that grant on the same database at once disturb each other.
        await ExecuteAsync(
            $"SELECT pg_advisory_xact_lock(1); CREATE ROLE {schema.Owner} LOGIN; GRANT CREATE ON DATABASE postgres TO {schema.Owner}; CREATE ROLE {schema.Requests} LOGIN NOBYPASSRLS");
        return schema;
    }

    /// <summary>Runs statements as the superuser.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>One value, as the superuser.</summary>
    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Ends it and deletes its data. What isn't written yet need not be: a shutdown would sync all that the tests have made.</summary>
    public async ValueTask DisposeAsync() => await RunAsync("remove", Folder);

    private static string Script([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "../../postgres"));

    private static async Task<string> RunAsync(string action, string folder)
    {
        var (code, output, errors) = await RunScriptAsync(action, folder);
        return code == 0 ? output.Trim() : throw new InvalidOperationException($"tests/postgres {action} ended with {code}: {errors}");
    }

    private static async Task<(int Code, string Output, string Errors)> RunScriptAsync(params string[] arguments)
    {
        // The server keeps what it inherits open, so its output goes to files.
        var files = (Output: Path.GetTempFileName(), Errors: Path.GetTempFileName());
        try
        {
            var start = new ProcessStartInfo("/bin/bash") { ArgumentList = { "-c", "exec \"$0\" \"${@:3}\" >\"$1\" 2>\"$2\" </dev/null", Script(), files.Output, files.Errors } };
            foreach (var argument in arguments)
                start.ArgumentList.Add(argument);
            using var process = Process.Start(start)!;
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(120));
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await File.ReadAllTextAsync(files.Output), await File.ReadAllTextAsync(files.Errors));
        }
        finally
        {
            File.Delete(files.Output);
            File.Delete(files.Errors);
        }
    }

    private static string? FindMissing()
    {
        const int ThereIsNone = 3;
        if (!OperatingSystem.IsLinux())
            return "The script that starts PostgreSQL is for Linux.";
        var (code, _, errors) = RunScriptAsync("find", "/").GetAwaiter().GetResult();
        return code switch { 0 => null, ThereIsNone => errors.Trim(), _ => throw new InvalidOperationException($"tests/postgres find ended with {code}: {errors}") };
    }
}

/// <summary>The server that tests share which neither stop it nor change it for others; started when the first test asks for it.</summary>
public sealed class SharedServer : IAsyncDisposable
{
    private static readonly SemaphoreSlim Starting = new(1);
    private static PostgresServer? _server;

    public static async Task<PostgresServer> GetAsync()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await Starting.WaitAsync();
        try
        {
            return _server ??= await PostgresServer.StartNewAsync();
        }
        finally
        {
            Starting.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
            await server.DisposeAsync();
    }
}
