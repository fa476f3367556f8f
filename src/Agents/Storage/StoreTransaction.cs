using System.Data;
using System.Diagnostics.CodeAnalysis;
using Dapper;

namespace Holdfast.Agents.Storage;

/// <summary>
/// One transaction on the agent store. Work inside it may be run again from its beginning, so it changes nothing but the store; what
/// has to follow the commit is noted here and done after it.
/// </summary>
/// <param name="forUpdate">What a SELECT ends with to lock its rows until the end; empty where the whole database is locked anyway.</param>
public sealed class StoreTransaction(IDbConnection connection, IDbTransaction? transaction, DateTimeOffset now, string forUpdate = "")
{
    private readonly List<Wake> wakes = [];
    private readonly HashSet<string> changed = [];

    /// <summary>The store's clock, read after the transaction took its lock.</summary>
    public DateTimeOffset Now { get; } = now;

    internal string ForUpdate { get; } = forUpdate;

    /// <summary>What a SELECT ends with so that nobody changes its rows until the end; empty where nobody else can write anyway.</summary>
    internal string ForShare { get; } = "";

    /// <summary>What the engine is to be told once this is committed.</summary>
    internal IReadOnlyList<Wake> Wakes => wakes;

    /// <summary>The engine that is told right after the commit; the others find their words at their next sweep.</summary>
    internal string? Engine { get; set; }

    /// <summary>Runs whose watchers are to look again.</summary>
    internal IReadOnlyCollection<string> ChangedRuns => changed;

    public Task<int> ExecuteAsync(string sql, object? args = null) => connection.ExecuteAsync(sql, args, transaction);

    public Task<T?> FirstAsync<T>(string sql, object? args = null) => connection.QueryFirstOrDefaultAsync<T?>(sql, args, transaction);

    public async Task<IReadOnlyList<T>> ListAsync<T>(string sql, object? args = null) =>
        [.. await connection.QueryAsync<T>(sql, args, transaction)];

    /// <summary>Notes, in the outbox and for after the commit, that an instance has to look at the store.</summary>
    internal async Task WakeAsync(Wake wake)
    {
        await ExecuteAsync("""
            INSERT INTO wakes (instance, run, engine, kind, version, sent_at) VALUES (@Instance, @Run, @Engine, @Kind, 1, @sentAt)
            ON CONFLICT (instance) DO UPDATE SET version = wakes.version + 1, sends = 0, sent_at = @sentAt,
              kind = CASE @Kind WHEN 'retry' THEN 'retry' ELSE wakes.kind END
            """, new { wake.Instance, wake.Run, wake.Engine, wake.Kind, sentAt = wake.Engine == Engine ? Now.UtcTicks : 0 });
        if (wake.Engine == Engine)
        {
            wakes.Add(wake);
        }
    }

    /// <summary>The instance has looked: whatever it was to be told until now, it has seen.</summary>
    internal Task LookedAsync(string instance) => ExecuteAsync("DELETE FROM wakes WHERE instance = @instance", new { instance });

    /// <summary>Reads the clock, for a transaction that locks no run: after it has locked what it locks.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "It is a transaction's clock.")]
    internal Task ReadClockAsync() => Task.CompletedTask; // here the clock was read when everything was locked, at the beginning

    internal void Changed(string runId) => changed.Add(runId);
}

/// <summary>Something that the engine has to be told.</summary>
/// <param name="Kind"><see cref="Start"/>, <see cref="Look"/> or <see cref="Retry"/>.</param>
internal sealed record Wake(string Instance, long Run, string Engine, string Kind)
{
    public const string Start = "start";
    public const string Look = "look";

    /// <summary>Look, or start the next generation if nothing is left that could: only the run's own engine can tell.</summary>
    public const string Retry = "retry";
}
