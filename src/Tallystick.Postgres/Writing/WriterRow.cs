using Npgsql;

namespace Tallystick.Postgres.Writing;

/// <summary>The rows of the table of writers, one for each store that is open or has crashed.</summary>
internal static class WriterRow
{
    private const string Old = "DELETE FROM writers WHERE at < now() - interval '7 days'";

    /// <summary>Removes the rows of stores that haven't written for a week: a store that is still there makes its row anew.</summary>
    public static void TidyUp(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(Old, connection);
        command.ExecuteNonQuery();
    }

    /// <summary>An id that no other store has, whatever entropy the stores were given: the server draws it.</summary>
    public static Guid NewId(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("SELECT gen_random_uuid()", connection);
        return (Guid)command.ExecuteScalar()!;
    }
}
