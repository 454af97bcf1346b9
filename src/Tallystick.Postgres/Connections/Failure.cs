using Npgsql;

namespace Tallystick.Postgres.Connections;

/// <summary>What an error of the database or of the way to it means.</summary>
internal static class Failure
{
    /// <summary>
    /// Whether the same may succeed when it is tried again: the connection or the server went away, a deadlock was resolved at our cost, or
    /// the server lacks something for a moment.
    /// </summary>
    public static bool IsTransient(Exception error) => error switch
    {
        PostgresException postgres => postgres.IsTransient || IsTransient(postgres.SqlState),
        NpgsqlException npgsql => npgsql.IsTransient || npgsql.InnerException is null || IsTransient(npgsql.InnerException),
        IOException or System.Net.Sockets.SocketException or TimeoutException => true,
        AggregateException many => many.InnerExceptions.All(IsTransient),
        _ => false,
    };

    /// <summary>
    /// Whether the server has said that the statement failed and that the session goes on, so that the transaction is surely not committed.
    /// </summary>
    public static bool IsRefusal(Exception error) => error is PostgresException { InvariantSeverity: "ERROR" };

    /// <summary>The same for callers, who know <see cref="TallystickException"/> alone.</summary>
    public static TallystickException ToStoreError(Exception error, string what)
    {
        var transient = IsTransient(error);
        var advice = transient ? "Try again later." : "Check the server's log and the statement's input.";
        var code = error is PostgresException { SqlState: var state } ? $" (SQLSTATE {state})" : "";
        return new TallystickException($"PostgreSQL failed: {what}: {error.Message}{code} {advice}", error, transient);
    }

    /// <summary>
    /// Class 08: connection; 53: resources; 57P: the server stops, starts or ended the session; 57014: cancelled; 40: rolled back for another
    /// (not 40003, completion unknown); 25P03: was idle too long; 25006: a standby; 55P03: a lock that isn't free.
    /// </summary>
    private static bool IsTransient(string state) =>
        state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("53", StringComparison.Ordinal)
        || state.StartsWith("57P", StringComparison.Ordinal)
        || state is "57014" or "40001" or "40P01" or "25P03" or "25006" or "55P03";
}
