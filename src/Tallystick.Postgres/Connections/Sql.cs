using Npgsql;
using NpgsqlTypes;

namespace Tallystick.Postgres.Connections;

/// <summary>Adds statements to a batch; parameters are $1, $2 … in the order in which they are bound, each with its type.</summary>
internal static class Sql
{
    /// <summary>Names the tenants whose rows the transaction may see; it must run before any statement that is to see some.</summary>
    public const string NameTenants = "SELECT set_config('tallystick.tenants', $1, true)";

    /// <summary>Names the tenant whose leases the transaction may see and lock beside those of its own tenants, but not change.</summary>
    public const string NameFences = "SELECT set_config('tallystick.fences', $1, true)";

    public static NpgsqlBatchCommand Add(this NpgsqlBatch batch, string text)
    {
        var command = new NpgsqlBatchCommand(text);
        batch.BatchCommands.Add(command);
        return command;
    }

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, string value) => command.Bind(value, NpgsqlDbType.Text);

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, long value) => command.Bind(value, NpgsqlDbType.Bigint);

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, int value) => command.Bind(value, NpgsqlDbType.Integer);

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, Guid value) => command.Bind(value, NpgsqlDbType.Uuid);

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, byte[] value) => command.Bind(value, NpgsqlDbType.Bytea);

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, int? value)
    {
        command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Integer, Value = value is { } number ? number : DBNull.Value });
        return command;
    }

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, IList<string> values) => command.Bind(values, NpgsqlDbType.Array | NpgsqlDbType.Text);

    public static NpgsqlBatchCommand BindNullable(this NpgsqlBatchCommand command, IList<string?> values) =>
        command.Bind(values, NpgsqlDbType.Array | NpgsqlDbType.Text);

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, IList<long> values) => command.Bind(values, NpgsqlDbType.Array | NpgsqlDbType.Bigint);

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, IList<long?> values) => command.Bind(values, NpgsqlDbType.Array | NpgsqlDbType.Bigint);

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, IList<bool> values) => command.Bind(values, NpgsqlDbType.Array | NpgsqlDbType.Boolean);

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, IList<int> values) => command.Bind(values, NpgsqlDbType.Array | NpgsqlDbType.Integer);

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, IList<Guid> values) => command.Bind(values, NpgsqlDbType.Array | NpgsqlDbType.Uuid);

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, IList<Guid?> values) => command.Bind(values, NpgsqlDbType.Array | NpgsqlDbType.Uuid);

    public static NpgsqlBatchCommand Bind(this NpgsqlBatchCommand command, IList<ReadOnlyMemory<byte>> values) =>
        command.Bind(values, NpgsqlDbType.Array | NpgsqlDbType.Bytea);

    private static NpgsqlBatchCommand Bind<T>(this NpgsqlBatchCommand command, T value, NpgsqlDbType type)
    {
        command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value, NpgsqlDbType = type });
        return command;
    }
}
