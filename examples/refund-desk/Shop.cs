using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;

namespace RefundDesk;

/// <summary>
/// A small shop with a file of its own. It stands for a system that is not ours: it knows nothing of agents, and what it has done is done.
/// </summary>
public sealed class Shop
{
    private readonly string connectionString;
    private readonly TimeProvider time;

    private Shop(string path, TimeProvider time)
    {
        connectionString = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 10 }.ToString();
        this.time = time;
    }

    /// <param name="path">The shop's file; created with its two orders if missing.</param>
    public static Shop Open(string path, TimeProvider time)
    {
        SystemSqlite.EnsureLoaded();
        var shop = new Shop(path, time);
        shop.Execute("PRAGMA journal_mode = WAL");
        shop.Execute("""
            CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, item TEXT NOT NULL, total TEXT NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS refunds (idempotency_key TEXT PRIMARY KEY, run_id TEXT NOT NULL, order_id TEXT NOT NULL, amount TEXT NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS requests (tool TEXT NOT NULL, key TEXT NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS replies (run_id TEXT NOT NULL, text TEXT NOT NULL) STRICT;
            INSERT INTO orders VALUES ('A-1001', 'Desk lamp', '40.00'), ('A-1002', 'Office chair', '400.00') ON CONFLICT DO NOTHING;
            """);
        return shop;
    }

    /// <returns>The order, or null when there is none of this id.</returns>
    public Order? Find(string id)
    {
        using var connection = Connect();
        using var command = Command(connection, "SELECT item, total FROM orders WHERE id = $id", ("$id", id));
        using var row = command.ExecuteReader();
        var yesterday = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime.AddDays(-1));
        return row.Read() ? new Order(id, row.GetString(0), Money(row.GetString(1)), "delivered", yesterday) : null;
    }

    /// <summary>Refunds once for each key: the same key again changes nothing.</summary>
    public void Refund(string key, string runId, string orderId, decimal amount) => Execute(
        "INSERT INTO refunds (idempotency_key, run_id, order_id, amount) VALUES ($key, $run, $order, $amount) ON CONFLICT DO NOTHING",
        ("$key", key), ("$run", runId), ("$order", orderId), ("$amount", Text(amount)));

    /// <summary>Sends a reply to the customer: every call is one more, whatever its key.</summary>
    public void Reply(string runId, string text) =>
        Execute("INSERT INTO replies (run_id, text) VALUES ($run, $text)", ("$run", runId), ("$text", text));

    /// <summary>Notes that a call has reached the shop.</summary>
    public void Note(string tool, string key) => Execute("INSERT INTO requests (tool, key) VALUES ($tool, $key)", ("$tool", tool), ("$key", key));

    private static decimal Money(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static string Text(decimal amount) => amount.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture);

    private static SqliteCommand Command(SqliteConnection connection, string sql, params (string Name, string Value)[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(connectionString);
        connection.Open();
        return connection;
    }

    private void Execute(string sql, params (string Name, string Value)[] values)
    {
        using var connection = Connect();
        using var command = Command(connection, sql, values);
        command.ExecuteNonQuery();
    }
}

/// <param name="State">Where it is.</param>
/// <param name="Since">Since when it is there.</param>
public sealed record Order(string Id, string Item, decimal Total, string State, DateOnly Since);
