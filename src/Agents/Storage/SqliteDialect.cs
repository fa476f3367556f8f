using Holdfast.Agents.Storage.Migrations;
using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Storage;

/// <summary>The agent store on SQLite: agents.db, one writer that commits in groups, readers beside it.</summary>
public sealed class SqliteDialect : IDialect
{
    private static readonly DatabaseSchema Schema = new("the Holdfast agent store", 0x48464131, [.. AgentSchema.Migrations.Select(migration => migration.Sql)]);

    private readonly ReaderPool<SqliteConnection> readers;
    private readonly StoreSql sql;
    private readonly TimeProvider time;
    private readonly GroupWriter writer;

    private SqliteDialect(string path, TimeProvider time, SqliteConnection connection, ILogger logger, Action<string, object?>? seen)
    {
        Place = Path.GetFileName(path);
        sql = new StoreSql { BeginLocksAll = true, Seen = seen };
        readers = new ReaderPool<SqliteConnection>(() => DatabaseFile.OpenReader(path));
        this.time = time;
        writer = new GroupWriter(connection, logger);
    }

    public Task<Exception> Failed => writer.Failed;

    public string Place { get; }

    public int SchemaVersion => AgentSchema.Version;

    /// <summary>Never: a file is there, or it has failed.</summary>
    public string? Away => null;

    /// <exception cref="DatabaseException">Not writable, damaged, or of a newer release; the file is left untouched.</exception>
    public static SqliteDialect Open(string path, TimeProvider time, ILogger logger) =>
        Open(path, time, logger, seen: null);

    /// <param name="seen">Called with each statement and its arguments.</param>
    internal static SqliteDialect Open(string path, TimeProvider time, ILogger logger, Action<string, object?>? seen) =>
        new(path, time, DatabaseFile.OpenWriter(path, Schema), logger, seen);

    public bool Caused(Exception exception) => exception is DatabaseException or ObjectDisposedException || GroupWriter.IsOfFile(exception);

    public Task<(T Result, StoreTransaction Committed)> WriteAsync<T>(Func<StoreTransaction, Task<T>> work, bool refusable) =>
        writer.WriteAsync(connection =>
        {
            var transaction = new StoreTransaction(connection, null, sql, time);

            // SQLite has no asynchronous I/O: its tasks are complete when they are returned, so nothing blocks here.
            return (work(transaction).GetAwaiter().GetResult(), transaction);
        }, refusable);

    public async Task<T> ReadAsync<T>(Func<StoreTransaction, Task<T>> query, bool refusable)
    {
        var connection = readers.Rent();
        try
        {
            using var transaction = connection.BeginTransaction(deferred: true);
            var result = await query(new StoreTransaction(connection, transaction, sql, time));
            transaction.Commit();
            return result;
        }
        finally
        {
            readers.Return(connection);
        }
    }

    public void Dispose()
    {
        readers.Dispose();
        writer.Dispose();
    }
}
