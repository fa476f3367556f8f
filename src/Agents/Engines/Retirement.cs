using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Engines;

/// <summary>
/// Ends the runs of an engine that is barred: each in a transaction of its own, so that a million of them hold nobody up, and a kill leaves
/// only those that whoever goes on next will end.
/// </summary>
internal sealed class Retirement(AgentParts parts)
{
    private const int Page = 500;
    private const int AtOnce = 8;

    /// <summary>
    /// Ends a bounded share of what is left of engines that are barred: by a command that was killed, or by a start that was being accepted just then.
    /// </summary>
    /// <param name="refusable">Whether a store that is away ends this soon; otherwise it waits.</param>
    public async Task GoOnAsync(bool refusable)
    {
        // The least of them and not whether there is any: for that a database may read the table until it meets one, and here there is mostly none.
        var barred = await parts.Store.ReadAsync(tx => tx.ListAsync<string>("""
            SELECT e.id FROM engines e WHERE e.retired_at IS NOT NULL AND ((SELECT MIN(r.run) FROM runs r WHERE r.engine = e.id AND r.ended_at IS NULL) IS NOT NULL
              OR (SELECT MIN(w.instance) FROM wakes w WHERE w.engine = e.id) IS NOT NULL)
            """), refusable);
        foreach (var id in barred)
        {
            await EndPageAsync(id, 0, refusable);
            await ForgetWordsAsync(id);
        }
    }

    /// <summary>Ends every run of a barred engine.</summary>
    /// <returns>How many have ended by this.</returns>
    public async Task<int> EndAllAsync(string id)
    {
        var ended = 0;
        for (long? after = 0; after is not null;)
        {
            (var count, after) = await EndPageAsync(id, after.Value, refusable: true);
            ended += count;
        }

        await ForgetWordsAsync(id);
        return ended;
    }

    private async Task<(int Ended, long? Last)> EndPageAsync(string id, long after, bool refusable)
    {
        var runs = await parts.Store.ReadAsync(tx => tx.ListAsync<RunRow>(
            "SELECT run, id FROM runs WHERE engine = @id AND ended_at IS NULL AND run > @after ORDER BY run LIMIT @Page", new { id, after, Page }), refusable);
        var ended = 0;
        await Parallel.ForEachAsync(runs, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (run, _) =>
        {
            if (await EndAsync(id, run.Id))
            {
                Interlocked.Increment(ref ended);
                parts.Options.CrashPoint(AgentCrashPoints.LostRunEnded);
            }
        });
        return (ended, runs.Count < Page ? null : runs[^1].Run);
    }

    private async Task<bool> EndAsync(string id, string run)
    {
        try
        {
            return await parts.Store.WriteAsync(async tx =>
            {
                if (await LockedRun.TakeAsync(tx, run) is not { Row.HasEnded: false } locked || locked.Row.Engine != id)
                {
                    return false;
                }

                var row = (await tx.FirstAsync<EngineRow>("SELECT * FROM engines WHERE id = @id", new { id }))!;
                await locked.EndAsync(new Outcome(OutcomeKinds.Failed) { Cause = $"engineLost: {row.Retirement}; it was last seen at {Times.Show(row.Heartbeat)}." });
                await CloseRun.CloseAsync(parts, tx, locked);
                await tx.ExecuteAsync("UPDATE calls SET lease = NULL WHERE run = @Run AND lease IS NOT NULL", new { locked.Row.Run });
                await tx.ForgetWordsAsync(run);
                return true;
            });
        }
        catch (Exception e) when (!parts.Store.Caused(e))
        {
            parts.Logger.LogError(e, "Run {Run} of the retired engine {Engine} could not be ended; it is tried again with the next sweep.", run, id);
            return false;
        }
    }

    /// <summary>Words to an engine that nobody serves are heard by nobody.</summary>
    private async Task ForgetWordsAsync(string id)
    {
        while (await parts.Store.WriteAsync(tx => tx.ExecuteAsync(
            "DELETE FROM wakes WHERE instance IN (SELECT instance FROM wakes WHERE engine = @id LIMIT @Page)", new { id, Page })) == Page)
        {
        }
    }
}
