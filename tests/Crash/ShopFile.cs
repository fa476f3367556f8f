using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;

namespace Holdfast.Crash;

/// <summary>The shop's own file: the judge, because it is not ours.</summary>
internal sealed class ShopFile(string dataDirectory)
{
    public long Refunds(string run) => Count("SELECT COUNT(*) FROM refunds WHERE run_id = $run", run);

    public long Replies(string run) => Count("SELECT COUNT(*) FROM replies WHERE run_id = $run", run);

    private long Count(string sql, string run)
    {
        SystemSqlite.EnsureLoaded();
        using var connection = new SqliteConnection($"Data Source={Path.Combine(dataDirectory, "shop.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$run", run);
        return (long)command.ExecuteScalar()!;
    }
}
