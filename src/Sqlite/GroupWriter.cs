using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Holdfast.Sqlite;

/// <summary>
/// The one thread that writes to a database. It takes whatever has been asked for since its last commit, applies each piece in a
/// savepoint, commits all of them with one flush, and only then answers.
/// </summary>
/// <remarks>
/// Work may be run again from its beginning when the transaction around it could not be committed, so it must change nothing but the
/// database. When the disk is full, work that was marked as refusable fails with <see cref="DatabaseFullException"/>; the rest is
/// kept and tried again until there is room. Any other failure of the file is final: the writer stops, and everything asked of it
/// from then on fails, because nobody can know what is on the disk.
/// </remarks>
public sealed class GroupWriter : IDisposable
{
    private const int GroupLimit = 512;
    private static readonly TimeSpan FullRetry = TimeSpan.FromMilliseconds(250);

    private readonly Lock gate = new();
    private readonly SemaphoreSlim asked = new(0);
    private readonly SqliteConnection connection;
    private readonly ILogger logger;
    private readonly Thread thread;
    private readonly TaskCompletionSource<Exception> failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Work> kept = []; // for want of room
    private long keptAt;
    private int told; // how many were kept when it was last logged
    private List<Work> waiting = [];
    private Exception? fault;
    private volatile bool stopping;

    /// <param name="connection">From <see cref="DatabaseFile.OpenWriter"/>; the writer owns it from now on.</param>
    public GroupWriter(SqliteConnection connection, ILogger logger)
    {
        this.connection = connection;
        this.logger = logger;
        thread = new Thread(Run) { Name = $"writer of {Path.GetFileName(connection.DataSource)}", IsBackground = true };
        thread.Start();
    }

    /// <summary>Completes with the cause when the file has failed for good; never before.</summary>
    public Task<Exception> Failed => failed.Task;

    /// <summary>Transactions committed so far: fewer than the pieces of work, the more the busier.</summary>
    public long Commits { get; private set; }

    /// <summary>Whether a failure is the file's own; a key that is taken, or a statement that is wrong, is that of the work.</summary>
    public static bool IsOfFile(Exception exception) => exception is SqliteException { SqliteErrorCode: not (SQLitePCL.raw.SQLITE_CONSTRAINT or SQLitePCL.raw.SQLITE_ERROR) };

    /// <summary>Runs <paramref name="work"/> in a transaction and returns once it is on the disk. What it throws undoes it alone.</summary>
    /// <param name="refusable">Whether a full disk fails this work at once; otherwise it waits for room.</param>
    /// <param name="committed">Called on the writing thread right after the commit, in the order of the commits; must be quick and not throw.</param>
    public Task<T> WriteAsync<T>(Func<SqliteConnection, T> work, bool refusable = false, Action<T>? committed = null)
    {
        var piece = new Work<T>(work, refusable, committed);
        lock (gate)
        {
            if (fault is not null || stopping)
            {
                return Task.FromException<T>(fault is null
                    ? new ObjectDisposedException($"Database {connection.DataSource} is closed: the process is stopping.")
                    : new DatabaseException($"Database {connection.DataSource} has failed: {fault.Message}", fault));
            }

            waiting.Add(piece);
            if (waiting.Count == 1)
            {
                asked.Release();
            }
        }

        return piece.Task;
    }

    /// <summary>Writes what was asked for before this call, then closes the connection.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            stopping = true;
        }

        asked.Release();
        thread.Join();
        connection.Dispose();
        asked.Dispose();
    }

    private void Run()
    {
        List<Work> group = [];
        while (true)
        {
            asked.Wait(kept.Count > 0 ? FullRetry : Timeout.InfiniteTimeSpan);
            while (Take(group))
            {
                try
                {
                    CommitAll(group);
                }
                catch (Exception e)
                {
                    Fail(group, e);
                    return;
                }
            }

            lock (gate)
            {
                if (stopping && waiting.Count == 0 && kept.Count == 0)
                {
                    return;
                }
            }
        }
    }

    private bool Take(List<Work> group)
    {
        group.Clear();
        if (stopping || Stopwatch.GetElapsedTime(keptAt) >= FullRetry)
        {
            group.AddRange(kept);
            kept.Clear();
        }

        lock (gate)
        {
            if (waiting.Count <= GroupLimit)
            {
                (waiting, var taken) = ([], waiting);
                group.AddRange(taken);
            }
            else
            {
                group.AddRange(waiting.Take(GroupLimit));
                waiting.RemoveRange(0, GroupLimit);
            }
        }

        return group.Count > 0;
    }

    private void CommitAll(List<Work> group)
    {
        DatabaseFullException? full = null;
        try
        {
            Commit(group);
        }
        catch (SqliteException e) when (IsTransient(e))
        {
            Rollback();
            full = IsFull(e) ? Separate(group) : PutOff(group, e);
        }

        if (kept.Count > told)
        {
            logger.LogError("{Message} {Count} changes wait for room.", full!.Message, kept.Count);
        }

        told = kept.Count;
    }

    private void Commit(List<Work> group)
    {
        Begin.ExecuteNonQuery();
        foreach (var piece in group)
        {
            Savepoint.ExecuteNonQuery();
            if (!piece.Run(connection))
            {
                Undo.ExecuteNonQuery();
            }

            Release.ExecuteNonQuery();
        }

        End.ExecuteNonQuery();
        Commits++;
        foreach (var piece in group)
        {
            piece.Answer();
        }
    }

    /// <summary>Tries each piece alone, so that what fits, or what makes room, is not held up by what does not fit.</summary>
    /// <remarks>Not past another program's lock: that is in the way of every piece alike, and each would wait for it in vain.</remarks>
    private DatabaseFullException? Separate(List<Work> group)
    {
        DatabaseFullException? full = null;
        for (var at = 0; at < group.Count; at++)
        {
            try
            {
                Commit([group[at]]);
            }
            catch (SqliteException e) when (IsTransient(e))
            {
                Rollback();
                if (!IsFull(e))
                {
                    return PutOff(group[at..], e);
                }

                full = PutOff([group[at]], e);
            }
        }

        return full;
    }

    private DatabaseFullException PutOff(List<Work> group, SqliteException cause)
    {
        var full = new DatabaseFullException(connection.DataSource, IsFull(cause) ? "the disk is full" : "another program holds it locked", cause);
        foreach (var piece in group)
        {
            if (piece.Refusable || stopping)
            {
                piece.Fail(full);
            }
            else
            {
                kept.Add(piece);
                keptAt = Stopwatch.GetTimestamp();
            }
        }

        return full;
    }

    private void Fail(List<Work> group, Exception cause)
    {
        List<Work> lost;
        lock (gate)
        {
            fault = cause;
            lost = [.. group, .. kept, .. waiting];
            waiting = [];
        }

        foreach (var piece in lost)
        {
            piece.Fail(new DatabaseException($"Database {connection.DataSource} has failed: {cause.Message}", cause));
        }

        logger.LogCritical(cause, "Database {Path} has failed; nothing more is written to it.", connection.DataSource);
        failed.TrySetResult(cause);
    }

    private void Rollback()
    {
        // A full disk may have rolled the transaction back already.
        if (SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0)
        {
            connection.Execute("ROLLBACK");
        }
    }

    private static bool IsTransient(SqliteException e) => IsFull(e) || e.SqliteErrorCode == SQLitePCL.raw.SQLITE_BUSY;

    private static bool IsFull(SqliteException e) => e.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL;

    private SqliteCommand Begin => field ??= Statement("BEGIN IMMEDIATE");

    private SqliteCommand Savepoint => field ??= Statement("SAVEPOINT piece");

    private SqliteCommand Undo => field ??= Statement("ROLLBACK TO piece");

    private SqliteCommand Release => field ??= Statement("RELEASE piece");

    private SqliteCommand End => field ??= Statement("COMMIT");

    private SqliteCommand Statement(string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }

    private abstract class Work(bool refusable)
    {
        public bool Refusable { get; } = refusable;

        /// <summary>False when the work threw something of its own, and is to be undone.</summary>
        public abstract bool Run(SqliteConnection connection);

        public abstract void Answer();

        public abstract void Fail(Exception cause);
    }

    private sealed class Work<T>(Func<SqliteConnection, T> work, bool refusable, Action<T>? committed) : Work(refusable)
    {
        private readonly TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T result = default!;
        private Exception? thrown;

        public Task<T> Task => answer.Task;

        public override bool Run(SqliteConnection connection)
        {
            thrown = null;
            try
            {
                result = work(connection);
                return true;
            }
            catch (Exception e) when (!IsOfFile(e)) // which would concern the whole transaction
            {
                thrown = e;
                return false;
            }
        }

        public override void Answer()
        {
            if (thrown is not null)
            {
                answer.SetException(thrown);
                return;
            }

            committed?.Invoke(result);
            answer.SetResult(result);
        }

        public override void Fail(Exception cause) => answer.TrySetException(cause);
    }
}
