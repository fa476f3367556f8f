using Holdfast.Agents.Approvals;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Runs;

/// <summary>
/// Tells the engine what the store holds for it. A word is sent after its commit, and again while it stays unheard: the look that sees it
/// removes it, so telling twice is harmless and forgetting is impossible.
/// </summary>
internal sealed class Outbox(AgentParts parts, Func<IOrchestrationClient> engine)
{
    // A child that was asked for a moment ago may not exist yet.
    private static readonly TimeSpan[] Again =
        [.. new[] { 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5000, 5000, 5000, 10000, 10000, 15000 }.Select(ms => TimeSpan.FromMilliseconds(ms))];

    private const int Page = 500;
    private const int AtOnce = 16;

    private const string Unheard = "engine = @Id AND sent_at <= @Now - @wait AND sent_at + @wait * (1 << CAST(CASE WHEN sends > 6 THEN 6 ELSE sends END AS INTEGER)) <= @Now";

    public void Send(IReadOnlyList<Wake> wakes)
    {
        foreach (var wake in wakes)
        {
            _ = SendAsync(wake, isFirst: true);
        }
    }

    /// <summary>
    /// Sends again what has not been heard for a while, and everything at a start. Each time it waits twice as long, up to 64 times: a
    /// word that nobody has to hear soon must not fill an instance's inbox.
    /// </summary>
    public async Task SendOpenAsync(TimeSpan unheardFor)
    {
        var after = "";
        while (true)
        {
            var open = await TakeOpenAsync(unheardFor, after);
            await Parallel.ForEachAsync(open, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (wake, cancellation) =>
            {
                // One whose instance does not exist yet is told for a minute, and holds up the others for no longer than this.
                await Task.WhenAny(SendAsync(wake, isFirst: false), Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellation));
            });
            if (open.Count < Page)
            {
                return;
            }

            after = open.Select(wake => wake.Instance).Max(StringComparer.Ordinal)!;
        }
    }

    /// <summary>Takes a page of them, by their instances: what another has locked is being sent or heard just now.</summary>
    private Task<IReadOnlyList<Wake>> TakeOpenAsync(TimeSpan unheardFor, string after) => parts.Store.WriteAsync(async tx =>
    {
        await tx.ReadClockAsync();
        return await tx.ListAsync<Wake>($"""
            UPDATE wakes SET sends = sends + 1, sent_at = @Now
            WHERE instance IN (SELECT instance FROM wakes WHERE {Unheard} AND instance > @after ORDER BY instance LIMIT @Page{tx.SkipLocked})
            RETURNING instance, run, engine, kind
            """, new { parts.Engine.Id, Now = tx.Now.UtcTicks, wait = unheardFor.Ticks, after, Page });
    }, refusable: unheardFor > TimeSpan.Zero); // the next sweep does it; a start waits

    private async Task SendAsync(Wake wake, bool isFirst)
    {
        using var underWay = parts.UnderWay.Enter();
        try
        {
            parts.Options.CrashPoint(wake.Kind == Wake.Start ? AgentCrashPoints.RunAccepted : AgentCrashPoints.WordStored);
            foreach (var pause in Again.Append(TimeSpan.Zero))
            {
                if (await DeliveredAsync(wake, isFirst))
                {
                    return;
                }

                await Task.Delay(pause, TimeProvider.System); // for another thread of this process, so no clock of the run's
            }
        }
        catch (EngineUnavailableException)
        {
            // The row stays; it is sent again.
        }
        catch (Exception e)
        {
            parts.Logger.LogError(e, "Instance {Instance} could not be told to look; it is told again later.", wake.Instance);
        }
    }

    /// <returns>False when the instance does not exist yet.</returns>
    private async Task<bool> DeliveredAsync(Wake wake, bool isFirst)
    {
        try
        {
            if (wake.Kind == Wake.Start && Instances.Parse(wake.Instance) is var (run, generation))
            {
                await engine().ScheduleNewOrchestrationInstanceAsync(
                    AgentRun.Name, new RunRef(run, generation, await FirstTurnAsync(wake.Run)), new StartOrchestrationOptions(wake.Instance));
                if (isFirst)
                {
                    return true; // a new instance looks by itself
                }
            }

            if (wake.Kind == Wake.Tell)
            {
                await engine().ScheduleNewOrchestrationInstanceAsync(TellPerson.Name, new MessageStep(wake.Instance), new StartOrchestrationOptions(wake.Instance));
                if (isFirst)
                {
                    return true;
                }
            }

            if (wake.Kind == Wake.Retry && await Generations.IsDeadAsync(engine(), wake.Instance))
            {
                await parts.Store.WriteAsync(tx => RebuildAsync(tx, wake));
                return true;
            }

            await engine().RaiseEventAsync(wake.Instance, Looks.Event);
            return true;
        }
        catch (InstanceNotFoundException)
        {
            return !await parts.Store.ReadAsync(tx => MayComeAsync(tx, wake), refusable: false) && await HasEndedAsync(wake);
        }
        catch (InstanceEndedException)
        {
            return await HasEndedAsync(wake);
        }
    }

    /// <summary>Asks the engine again: an instance that was missing may have come before the store was asked whether it is still to come.</summary>
    private async Task<bool> HasEndedAsync(Wake wake) =>
        await Sweep.DeathAsync(engine(), wake.Instance) is { } cause && await parts.Store.WriteAsync(tx => HasEndedAsync(tx, wake, cause));

    /// <summary>Nobody is left to hear a word to an instance that has ended. Where it carried a run that has not, that is told.</summary>
    private async Task<bool> HasEndedAsync(StoreTransaction tx, Wake wake, string cause)
    {
        var run = await LockedRun.TakeAsync(tx, wake.Run);
        if (!run.Row.HasEnded && wake.Instance == run.Instance)
        {
            await Sweep.ShowAsync(parts, tx, run, cause);
        }

        await tx.LookedAsync(wake.Instance);
        return true;
    }

    /// <summary>A retry that came by way of another engine's process.</summary>
    private static async Task<bool> RebuildAsync(StoreTransaction tx, Wake wake)
    {
        var run = await LockedRun.TakeAsync(tx, wake.Run);
        await tx.LookedAsync(wake.Instance);
        if (!run.Row.HasEnded && wake.Instance == run.Instance)
        {
            await Generations.BeginNextAsync(tx, run);
        }

        return true;
    }

    /// <summary>
    /// Whether an instance that the engine does not have is still to come: a run's own whose start has not been heard, or an asking that the
    /// run's instance is about to make. Not one whose run has ended, or went to another instance, before the engine made it.
    /// </summary>
    private static async Task<bool> MayComeAsync(StoreTransaction tx, Wake wake)
    {
        var run = (await tx.FirstAsync<RunRow>("SELECT id, generation, ended_at FROM runs WHERE run = @Run", new { wake.Run }))!;
        return !run.HasEnded && Instances.Parse(wake.Instance)?.Generation == run.Generation
            && (wake.Instance != Instances.OfRun(run.Id, run.Generation)
                || await tx.FirstAsync<long?>("SELECT 1 FROM wakes WHERE instance = @Instance AND kind = 'start'", new { wake.Instance }) is not null);
    }

    private async Task<int> FirstTurnAsync(long run) =>
        Math.Max(1, await parts.Store.ReadAsync(tx => tx.FirstAsync<int>("SELECT turn FROM runs WHERE run = @run", new { run }), refusable: false));
}
