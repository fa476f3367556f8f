using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Engines;

/// <summary>
/// The clock of a run at work stands still while nobody serves its engine. Whoever locks the run first sees to it for that one; before an
/// engine says that it is served again, it sees to all that nobody has locked.
/// </summary>
internal static class Standstill
{
    /// <summary>How many runs that have not ended one transaction looks at.</summary>
    public const int Page = 500;

    /// <summary>For a run that has just been locked.</summary>
    public static async Task<RunRow> OfRunAsync(StoreTransaction tx, RunRow row)
    {
        if (row is not { ActiveSince: not null, EngineHeartbeat: { } seen } || tx.Now.UtcTicks - seen <= EngineHold.Absence.Ticks)
        {
            return row;
        }

        return (await tx.FirstAsync<RunRow>("UPDATE runs SET active = @active, active_since = @Now WHERE run = @Run RETURNING *",
            new { row.Run, active = row.ActiveAt(seen), Now = tx.Now.UtcTicks }))!;
    }

    /// <summary>For all runs of an engine that has been unseen for long; the engine's row still says since when, or a kill on the way would lose that.</summary>
    public static async Task AfterAbsenceAsync(AgentStore store, string id, bool refusable)
    {
        var unseen = await store.ReadAsync(async tx =>
        {
            await tx.ReadClockAsync();
            return TimeSpan.FromTicks(tx.Now.UtcTicks - await tx.FirstAsync<long>("SELECT heartbeat FROM engines WHERE id = @id", new { id }));
        }, refusable);
        if (unseen > EngineHold.Absence)
        {
            await OfAllAsync(store, id, refusable);
        }
    }

    /// <summary>For all runs of an engine: page by page, so that no transaction is longer than another, however many there are.</summary>
    public static async Task OfAllAsync(AgentStore store, string id, bool refusable)
    {
        for (long? after = 0; after is not null;)
        {
            var from = after.Value;
            after = await store.WriteAsync(tx => OfPageAsync(tx, id, from), refusable);
        }
    }

    /// <returns>The last run of the page; null when there is no further one.</returns>
    private static async Task<long?> OfPageAsync(StoreTransaction tx, string id, long after)
    {
        var runs = await tx.ListAsync<long>("SELECT run FROM runs WHERE engine = @id AND ended_at IS NULL AND run > @after ORDER BY run LIMIT @Page", new { id, after, Page });
        if (runs.Count > 0)
        {
            await tx.ReadClockAsync();
            await tx.ExecuteAsync("""
                UPDATE runs SET active = active + CASE WHEN e.heartbeat > active_since THEN e.heartbeat - active_since ELSE 0 END, active_since = @Now
                FROM engines e WHERE e.id = @id AND runs.engine = @id AND ended_at IS NULL AND run > @after AND run <= @last AND active_since IS NOT NULL
                """, new { id, after, last = runs[^1], Now = tx.Now.UtcTicks });
        }

        return runs.Count < Page ? null : runs[^1];
    }
}
