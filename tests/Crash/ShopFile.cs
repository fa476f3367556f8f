using Holdfast.Sqlite;

namespace Holdfast.Crash;

/// <summary>The shop's own file: the judge, because it is not ours.</summary>
internal sealed class ShopFile(string dataDirectory)
{
    public long Refunds(string run) => Count("SELECT COUNT(*) FROM refunds WHERE run_id = $value", run);

    public long Replies(string run) => Count("SELECT COUNT(*) FROM replies WHERE run_id = $value", run);

    /// <summary>Calls of a tool that reached the shop.</summary>
    public long Requests(string tool) => Count("SELECT COUNT(*) FROM requests WHERE tool = $value", tool);

    /// <summary>The different keys under which they came.</summary>
    public long Keys(string tool) => Count("SELECT COUNT(DISTINCT key) FROM requests WHERE tool = $value", tool);

    private long Count(string sql, string value)
    {
        using var connection = DatabaseFile.OpenReader(Path.Combine(dataDirectory, "shop.db"));
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$value", value);
        return (long)command.ExecuteScalar()!;
    }
}
