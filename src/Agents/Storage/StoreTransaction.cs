using System.Data;
using Dapper;
using Holdfast.Agents.Engines;

namespace Holdfast.Agents.Storage;

/// <summary>
/// One transaction on the agent store. Work inside it may be run again from its beginning, so it changes nothing but the store; what
/// has to follow the commit is noted here and done after it.
/// </summary>
public sealed class StoreTransaction
{
    private readonly IDbConnection connection;
    private readonly IDbTransaction? transaction;
    private readonly StoreSql sql;
    private readonly TimeProvider? clock;
    private readonly List<Wake> wakes = [];
    private readonly HashSet<string> changed = [];
    private string prefix;
    private CommitMark? mark;
    private DateTimeOffset? now;

    /// <param name="clock">The store's clock; null for the database's own.</param>
    /// <param name="prefix">SQL that goes with the first statement, and changes nothing.</param>
    /// <param name="mark">What else goes with it.</param>
    internal StoreTransaction(IDbConnection connection, IDbTransaction? transaction, StoreSql sql, TimeProvider? clock, string prefix = "", CommitMark? mark = null)
    {
        this.connection = connection;
        this.transaction = transaction;
        this.sql = sql;
        this.clock = clock;
        (this.prefix, this.mark) = (prefix, mark);
        if (sql.BeginLocksAll)
        {
            now = clock!.GetUtcNow();
        }
    }

    /// <summary>The store's clock, as it was when this last took a lock or read it.</summary>
    public DateTimeOffset Now => now ?? throw new InvalidOperationException("The store's clock has not been read in this transaction: lock a run first, or call ReadClockAsync.");

    /// <summary>What a SELECT ends with to lock its rows until the end.</summary>
    internal string ForUpdate => sql.ForUpdate;

    /// <summary>What a SELECT ends with to lock its rows until the end against all but <see cref="ForKeyShare"/>.</summary>
    internal string ForNoKeyUpdate => sql.ForNoKeyUpdate;

    /// <summary>What a SELECT ends with so that nobody takes its rows with <see cref="ForUpdate"/> until the end; any number hold it at once.</summary>
    internal string ForKeyShare => sql.ForKeyShare;

    /// <summary>What a SELECT ends with to lock the rows that nobody else has locked.</summary>
    internal string SkipLocked => sql.SkipLocked;

    /// <summary>Whether its mark has been set: without, it has said nothing to the database yet.</summary>
    internal bool IsMarked { get; private set; }

    /// <summary>What the engine is to be told once this is committed.</summary>
    internal IReadOnlyList<Wake> Wakes => wakes;

    /// <summary>The engine that is told right after the commit; the others find their words at their next sweep.</summary>
    internal string? Engine { get; set; }

    /// <summary>Runs whose watchers are to look again.</summary>
    internal IReadOnlyCollection<string> ChangedRuns => changed;

    public async Task<int> ExecuteAsync(string sql, object? args = null)
    {
        var marks = mark is null ? 0 : 1; // which count as changed rows
        var (statement, whole) = Whole(sql, args);
        return await connection.ExecuteAsync(statement, whole, transaction) - marks;
    }

    public Task<T?> FirstAsync<T>(string sql, object? args = null)
    {
        var (statement, whole) = Whole(sql, args);
        return connection.QueryFirstOrDefaultAsync<T?>(statement, whole, transaction);
    }

    public async Task<IReadOnlyList<T>> ListAsync<T>(string sql, object? args = null)
    {
        var (statement, whole) = Whole(sql, args);
        return [.. await connection.QueryAsync<T>(statement, whole, transaction)];
    }

    /// <summary>Locks a run's row until the end, and reads the clock after it has the lock. A time without its engine counts for nothing from here on.</summary>
    /// <param name="condition">Which one, as SQL.</param>
    internal async Task<RunRow?> LockRunAsync(string condition, object args)
    {
        var row = await FirstAsync<RunRow>(sql.LockRun(condition), args);
        if (row is not null)
        {
            Read(row.StoreTicks);
            return await Standstill.OfRunAsync(this, row);
        }

        return null;
    }

    /// <summary>Reads the clock: for a transaction that locks no run, after it has locked what it locks.</summary>
    internal async Task ReadClockAsync()
    {
        if (sql.ReadClock is { } select)
        {
            Read(await FirstAsync<long>(select));
        }
    }

    /// <summary>Notes, in the outbox and for after the commit, that an instance has to look at the store.</summary>
    internal async Task WakeAsync(Wake wake)
    {
        await ExecuteAsync("""
            INSERT INTO wakes (instance, run, engine, kind, sent_at) VALUES (@Instance, @Run, @Engine, @Kind, @sentAt)
            ON CONFLICT (instance) DO UPDATE SET sends = 0, sent_at = @sentAt, kind = CASE @Kind WHEN 'retry' THEN 'retry' ELSE wakes.kind END
            """, new { wake.Instance, wake.Run, wake.Engine, wake.Kind, sentAt = wake.Engine == Engine ? Now.UtcTicks : 0 });
        if (wake.Engine == Engine)
        {
            wakes.Add(wake);
        }
    }

    /// <summary>The instance has looked: whatever it was to be told until now, it has seen.</summary>
    internal Task LookedAsync(string instance) => ExecuteAsync("DELETE FROM wakes WHERE instance = @instance", new { instance });

    /// <summary>What the run's instances, of every generation, are still to be told.</summary>
    internal Task<IReadOnlyList<string>> WordsAsync(string runId) =>
        ListAsync<string>("SELECT kind FROM wakes WHERE instance >= @from AND instance < @to", Words(runId));

    /// <summary>No instance of the run is left to be told anything.</summary>
    internal Task ForgetWordsAsync(string runId) => ExecuteAsync("DELETE FROM wakes WHERE instance >= @from AND instance < @to", Words(runId));

    internal void Changed(string runId) => changed.Add(runId);

    // An instance is called run.generation, and what it asks run.generation.asking: no index of the run itself is needed.
    private static object Words(string runId) => new { from = $"{runId}.", to = $"{runId}/" };

    private void Read(long ticks) => now = clock?.GetUtcNow() ?? new DateTimeOffset(ticks, TimeSpan.Zero);

    /// <summary>A statement with what goes before the first one.</summary>
    private (string Statement, StorableArgs? Args) Whole(string statement, object? args)
    {
        sql.Seen?.Invoke(statement, args);
        var (before, with) = (prefix, mark);
        (prefix, mark) = ("", null);
        IsMarked |= with is not null;
        return ((with is null ? before : before + CommitMark.Statement) + statement, args is null && with is null ? null : new StorableArgs(args, with));
    }
}

/// <summary>Something that the engine has to be told.</summary>
/// <param name="Kind"><see cref="Start"/>, <see cref="Look"/>, <see cref="Tell"/> or <see cref="Retry"/>.</param>
internal sealed record Wake(string Instance, long Run, string Engine, string Kind)
{
    public const string Start = "start";
    public const string Look = "look";

    /// <summary>Send a message, whose id the instance has.</summary>
    public const string Tell = "tell";

    /// <summary>Look, or start the next generation if nothing is left that could: only the run's own engine can tell.</summary>
    public const string Retry = "retry";
}
