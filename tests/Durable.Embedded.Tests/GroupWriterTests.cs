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

    [Fact]
    public async Task WorkThatGoesOnWaitingForRoomIsLoggedOnce()
    {
        var log = new LogBook();
        using var writer = new GroupWriter(DatabaseFile.OpenWriter(path, Schema), log);
        var runs = 0;
        await writer.WriteAsync(_ => ++runs < 8 ? throw Full() : runs);
        Assert.Single(log.Lines);

        // Its wait is over: the next one's is news.
        await writer.WriteAsync(_ => ++runs < 12 ? throw Full() : runs);
        Assert.Equal(2, log.Lines.Count);
    }

    [Fact]
    public async Task AnotherProgramsLockPutsOffTheWholeGroupAtOnce()
    {
        using var writer = Open();
        var runs = 0;
        var (kept, refused) = await InOneGroup(writer,
            _ => ++runs == 1 ? throw Busy() : runs,
            _ => 0);
        Assert.Contains("another program holds it locked", (await Assert.ThrowsAsync<DatabaseFullException>(() => refused)).Message, StringComparison.Ordinal);
        Assert.Equal(2, await kept);
    }

    [Fact]
    public async Task AnotherProgramsLockMetWhileLookingForWhatFitsPutsOffTheRest()
    {
        using var writer = Open();
        var runs = 0;
        var (kept, refused) = await InOneGroup(writer,
            _ => ++runs switch
            {
                1 => throw Full(),
                2 => throw Busy(),
                var run => run,
            },
            _ => 0);
        await Assert.ThrowsAsync<DatabaseFullException>(() => refused);
        Assert.Equal(3, await kept);
    }

    [Fact]
    public async Task WhatDoesNotFitDoesNotHoldUpWhatFits()
    {
        using var writer = Open();
        var runs = 0;
        var (kept, fits) = await InOneGroup(writer,
            _ => ++runs < 3 ? throw Full() : runs,
            connection => Run(connection, "INSERT INTO t VALUES (1)"));
        Assert.Equal(1, await fits);
        Assert.Equal(3, await kept);
    }

    private static SqliteException Full() => new("database or disk is full", SQLitePCL.raw.SQLITE_FULL);

    private static SqliteException Busy() => new("database is locked", SQLitePCL.raw.SQLITE_BUSY);

    /// <summary>Asks for both while the writer is held up, the second as what may be refused.</summary>
    private static async Task<(Task<int> First, Task<int> Second)> InOneGroup(
        GroupWriter writer, Func<SqliteConnection, int> first, Func<SqliteConnection, int> second)
    {
        using var gate = new ManualResetEventSlim();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = writer.WriteAsync(_ =>
        {
            entered.SetResult();
            gate.Wait();
            return 0;
        });
        await entered.Task;
        var both = (writer.WriteAsync(first), writer.WriteAsync(second, refusable: true));
        gate.Set();
        await held;
        return both;
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
