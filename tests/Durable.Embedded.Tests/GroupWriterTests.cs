using Holdfast.Durable.Testing;
using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

public sealed class GroupWriterTests : IDisposable
{
    private static readonly DatabaseSchema Schema = new("a test", 77, ["CREATE TABLE t (n INTEGER PRIMARY KEY)"]);
    private readonly string path = Path.Combine(Directory.CreateTempSubdirectory("holdfast-writer-").FullName, "test.db");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);

    [Fact]
    public async Task APieceThatThrowsIsUndoneAlone()
    {
        using var writer = Open();
        using var held = new ManualResetEventSlim();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = writer.WriteAsync(_ =>
        {
            entered.SetResult();
            held.Wait();
            return 0;
        });
        List<Task<int>> pieces;
        try
        {
            await entered.Task.Patiently();
            pieces = [.. Enumerable.Range(1, 100).Select(n => writer.WriteAsync(connection =>
            {
                Run(connection, $"INSERT INTO t VALUES ({n})");
                return n % 10 == 0 ? throw new InvalidOperationException("mine") : n;
            }))];
        }
        finally
        {
            held.Set();
        }

        await first;
        for (var n = 1; n <= 100; n++)
        {
            if (n % 10 == 0)
            {
                await Assert.ThrowsAsync<InvalidOperationException>(() => pieces[n - 1]);
            }
            else
            {
                Assert.Equal(n, await pieces[n - 1]);
            }
        }

        Assert.Equal(2, writer.Commits); // what was asked for during the first commit is one group
        Assert.Equal(90, await writer.WriteAsync(Count));
    }

    [Fact]
    public async Task AViolatedConstraintIsThePiecesOwnFault()
    {
        using var writer = Open();
        await writer.WriteAsync(connection => Run(connection, "INSERT INTO t VALUES (1)"));
        await Assert.ThrowsAsync<SqliteException>(() => writer.WriteAsync(connection => Run(connection, "INSERT INTO t VALUES (1)")));
        Assert.Equal(1, await writer.WriteAsync(Count));
        Assert.False(writer.Failed.IsCompleted);
    }

    [Fact]
    public async Task CommitsAreToldInTheirOrder()
    {
        using var writer = Open();
        List<int> told = [];
        await Task.WhenAll(Enumerable.Range(1, 1000).Select(n => writer.WriteAsync(
            connection => Run(connection, $"INSERT INTO t VALUES ({n})"), committed: _ => told.Add(n))));
        Assert.Equal(Enumerable.Range(1, 1000), told);
    }

    [Fact]
    public async Task WhatWasAskedForBeforeAStopIsWritten()
    {
        Task[] asked;
        using (var writer = Open())
        {
            asked = [.. Enumerable.Range(1, 1000).Select(n => writer.WriteAsync(connection => Run(connection, $"INSERT INTO t VALUES ({n})")))];
        }

        await Task.WhenAll(asked);
        using var again = Open();
        Assert.Equal(1000, await again.WriteAsync(Count));
    }

    [Fact]
    public async Task AfterTheFilesOwnFailureNothingMoreIsWritten()
    {
        var writer = Open();
        await Assert.ThrowsAsync<DatabaseException>(() => writer.WriteAsync<int>(_ => throw new SqliteException("disk I/O error", SQLitePCL.raw.SQLITE_IOERR)));
        await writer.Failed;
        await Assert.ThrowsAsync<DatabaseException>(() => writer.WriteAsync(Count));
        writer.Dispose();
    }

    private GroupWriter Open() => new(DatabaseFile.OpenWriter(path, Schema), NullLogger.Instance);

    private static int Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    private static long Count(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM t";
        return (long)command.ExecuteScalar()!;
    }
}
