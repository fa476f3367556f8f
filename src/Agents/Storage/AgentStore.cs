namespace Holdfast.Agents.Storage;

/// <summary>The agent store: the truth about runs. Which database it is, is the dialect's business alone.</summary>
public sealed class AgentStore(IDialect dialect) : IDisposable
{
    private int closed;

    static AgentStore() => Dapper.DefaultTypeMap.MatchNamesWithUnderscores = true;

    /// <summary>Completes with the cause when the database has failed for good: the process must end.</summary>
    public Task<Exception> Failed => dialect.Failed;

    /// <summary>Why the database does not answer now, in a sentence; null while it does. Nothing is lost by it: what is under way waits.</summary>
    public string? Away => dialect.Away;

    /// <summary>Where the store is, for messages; no password.</summary>
    public string Place => dialect.Place;

    internal int SchemaVersion => dialect.SchemaVersion;

    /// <summary>The engine that this process serves; null where it serves none.</summary>
    internal string? Engine { get; set; }

    /// <summary>Called after each commit with what that engine is to be told.</summary>
    internal Action<IReadOnlyList<Wake>> Relay { get; set; } = static _ => { };

    /// <summary>Called after each commit with each run that has changed.</summary>
    internal Action<string> Watchers { get; set; } = static _ => { };

    /// <summary>Whether a failure is the database's, so that the same may succeed once it answers again.</summary>
    internal bool Caused(Exception exception) => dialect.Caused(exception);

    /// <summary>Runs work in a transaction; what it returns is on disk when this returns.</summary>
    /// <param name="refusable">Whether a full disk or a database that is away fails this soon; otherwise it waits.</param>
    internal async Task<T> WriteAsync<T>(Func<StoreTransaction, Task<T>> work, bool refusable = false)
    {
        var (result, committed) = await dialect.WriteAsync(tx =>
        {
            tx.Engine = Engine;
            return work(tx);
        }, refusable);
        foreach (var run in committed.ChangedRuns)
        {
            Watchers(run);
        }

        if (committed.Wakes.Count > 0)
        {
            Relay(committed.Wakes);
        }

        return result;
    }

    /// <param name="refusable">Whether a database that is away fails this soon; otherwise it waits.</param>
    internal Task<T> ReadAsync<T>(Func<StoreTransaction, Task<T>> query, bool refusable = true) => dialect.ReadAsync(query, refusable);

    /// <summary>Ends what waits for the database, too; a second time does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref closed, 1) == 0)
        {
            dialect.Dispose();
        }
    }
}

/// <summary>A database as the agent store needs it.</summary>
public interface IDialect : IDisposable
{
    /// <summary>Completes with the cause when the database has failed for good; never before.</summary>
    Task<Exception> Failed { get; }

    /// <summary>Why it does not answer now, in a sentence; null while it does.</summary>
    string? Away { get; }

    /// <summary>Where it is, for messages.</summary>
    string Place { get; }

    /// <summary>The version of the schema that this host knows.</summary>
    int SchemaVersion { get; }

    /// <summary>Whether a failure is the database's and not that of the work done in it.</summary>
    bool Caused(Exception exception);

    /// <summary>
    /// Runs work in a transaction that excludes every other writer of the rows it locks. The work is run again from its beginning when the
    /// database undid it; when it is not known whether it was committed, that is found out first.
    /// </summary>
    Task<(T Result, StoreTransaction Committed)> WriteAsync<T>(Func<StoreTransaction, Task<T>> work, bool refusable);

    /// <summary>Runs queries on one consistent state.</summary>
    Task<T> ReadAsync<T>(Func<StoreTransaction, Task<T>> query, bool refusable);
}
