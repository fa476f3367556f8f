using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Storage;

/// <summary>The agent store on SQLite: agents.db, one writer that commits in groups, readers beside it.</summary>
public sealed class SqliteDialect : IDialect
{
    private static readonly DatabaseSchema Schema = new("the Holdfast agent store", 0x48464131, [AgentSchema.Version1, KeySchema.Version3]);

    private readonly ReaderPool<SqliteConnection> readers;
    private readonly TimeProvider time;
    private readonly GroupWriter writer;

    private SqliteDialect(string path, TimeProvider time, SqliteConnection connection, ILogger logger)
    {
        readers = new ReaderPool<SqliteConnection>(() => DatabaseFile.OpenReader(path));
        this.time = time;
        writer = new GroupWriter(connection, logger);
    }

    public Task<Exception> Failed => writer.Failed;

    // BEGIN IMMEDIATE locks out every other writer, so there is nothing to add to a SELECT.
    /// <exception cref="DatabaseException">Not writable, damaged, or of a newer release; the file is left untouched.</exception>
    public static SqliteDialect Open(string path, TimeProvider time, ILogger logger) =>
        new(path, time, DatabaseFile.OpenWriter(path, Schema), logger);

    public bool Caused(Exception exception) => exception is SqliteException or DatabaseException or ObjectDisposedException;

    public Task<(T Result, StoreTransaction Committed)> WriteAsync<T>(Func<StoreTransaction, Task<T>> work, bool refusable) =>
        writer.WriteAsync(connection =>
        {
            var transaction = new StoreTransaction(connection, null, time.GetUtcNow());

            // SQLite has no asynchronous I/O: its tasks are complete when they are returned, so nothing blocks here.
            return (work(transaction).GetAwaiter().GetResult(), transaction);
        }, refusable);

    public async Task<T> ReadAsync<T>(Func<StoreTransaction, Task<T>> query)
    {
        var connection = readers.Rent();
        try
        {
            using var transaction = connection.BeginTransaction(deferred: true);
            var result = await query(new StoreTransaction(connection, transaction, time.GetUtcNow()));
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
