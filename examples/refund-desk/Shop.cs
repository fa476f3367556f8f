using System.Globalization;
using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;

namespace RefundDesk;

/// <summary>
/// A small shop with a file of its own. It stands for a system that is not ours: it knows nothing of agents, and what it has done is done.
/// Safe for many threads.
/// </summary>
public sealed class Shop : IDisposable
{
    // One connection, one call at a time: SQLite before 3.51.3 can damage a WAL file when two connections write at once.
    private readonly Lock gate = new();
    private readonly SqliteConnection connection;
    private readonly TimeProvider time;

    private Shop(string path, TimeProvider time)
    {
        SystemSqlite.EnsureLoaded();
        connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        this.time = time;
    }

    /// <param name="path">The shop's file; created with its three orders if missing.</param>
    public static Shop Open(string path, TimeProvider time)
    {
        var shop = new Shop(path, time);
        shop.Execute("PRAGMA journal_mode = WAL");
        shop.Execute("PRAGMA synchronous = FULL");
        shop.Execute("""
            CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY COLLATE NOCASE, item TEXT NOT NULL, total TEXT NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS refunds (idempotency_key TEXT PRIMARY KEY, run_id TEXT NOT NULL, order_id TEXT NOT NULL, amount TEXT NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS requests (tool TEXT NOT NULL, key TEXT NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS replies (run_id TEXT NOT NULL, text TEXT NOT NULL) STRICT;
            INSERT INTO orders VALUES ('A-1001', 'Desk lamp', '40.00'), ('A-1002', 'Office chair', '400.00'), ('A-1003', 'Standing desk', '1200.00') ON CONFLICT DO NOTHING;
            """);
        return shop;
    }

    /// <returns>The order, or null when there is none of this id.</returns>
    public Order? Find(string id)
    {
        var yesterday = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime.AddDays(-1));
        return First("SELECT id, item, total FROM orders WHERE id = $id",
            row => new Order(row.GetString(0), row.GetString(1), Money(row.GetString(2)), "delivered", yesterday), ("$id", id));
    }

    /// <summary>Refunds once for each key: the same key again changes nothing and gives the same refund.</summary>
    public Refund Refund(string key, string runId, string orderId, decimal amount)
    {
        Execute(
            "INSERT INTO refunds (idempotency_key, run_id, order_id, amount) VALUES ($key, $run, $order, $amount) ON CONFLICT DO NOTHING",
            ("$key", key), ("$run", runId), ("$order", orderId), ("$amount", Text(amount)));
        return First("SELECT order_id, amount FROM refunds WHERE idempotency_key = $key",
            row => new Refund(row.GetString(0), Money(row.GetString(1))), ("$key", key))!;
    }

    /// <summary>Sends a reply to the customer: every call is one more, whatever its key.</summary>
    public void Reply(string runId, string text) =>
        Execute("INSERT INTO replies (run_id, text) VALUES ($run, $text)", ("$run", runId), ("$text", text));

    /// <summary>Notes that a call has reached the shop.</summary>
    public void Note(string tool, string key) => Execute("INSERT INTO requests (tool, key) VALUES ($tool, $key)", ("$tool", tool), ("$key", key));

    public void Dispose() => connection.Dispose();

    private static decimal Money(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(decimal amount) => amount.ToString("0.00", CultureInfo.InvariantCulture);

    private void Execute(string sql, params (string Name, string Value)[] values)
    {
        lock (gate)
        {
            using var command = Command(sql, values);
            command.ExecuteNonQuery();
        }
    }

    private T? First<T>(string sql, Func<SqliteDataReader, T> read, params (string Name, string Value)[] values)
        where T : class
    {
        lock (gate)
        {
            using var command = Command(sql, values);
            using var row = command.ExecuteReader();
            return row.Read() ? read(row) : null;
        }
    }

    private SqliteCommand Command(string sql, (string Name, string Value)[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}

/// <param name="State">Where it is.</param>
/// <param name="Since">Since when it is there.</param>
public sealed record Order(string Id, string Item, decimal Total, string State, DateOnly Since);

public sealed record Refund(string OrderId, decimal Amount);
