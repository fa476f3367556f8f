using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;

namespace Holdfast.Crash;

/// <summary>The shop's own file: the judge, because it is not ours.</summary>
internal sealed class ShopFile(string dataDirectory)
{
    public long Refunds(string run) => Count("SELECT COUNT(*) FROM refunds WHERE run_id = $value", run);

    /// <summary>Of each refund, as the shop writes it: 1200.00.</summary>
    public IReadOnlyList<string> Amounts(string run) => List("SELECT amount FROM refunds WHERE run_id = $value", run, row => row.GetString(0));

    public long Replies(string run) => Count("SELECT COUNT(*) FROM replies WHERE run_id = $value", run);

    /// <summary>Calls of a tool that reached the shop.</summary>
    public long Requests(string tool) => Count("SELECT COUNT(*) FROM requests WHERE tool = $value", tool);

    /// <summary>The different keys under which they came.</summary>
    public long Keys(string tool) => Count("SELECT COUNT(DISTINCT key) FROM requests WHERE tool = $value", tool);

    private long Count(string sql, string value) => List(sql, value, row => row.GetInt64(0)).Single();

    private List<T> List<T>(string sql, string value, Func<SqliteDataReader, T> read)
    {
        using var connection = DatabaseFile.OpenReader(Path.Combine(dataDirectory, "shop.db"));
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$value", value);
        using var row = command.ExecuteReader();
        List<T> rows = [];
        while (row.Read())
        {
            rows.Add(read(row));
        }

        return rows;
    }
}
