using Holdfast.Agents.Engines;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Runs;

/// <summary>
/// Says that the engine is served, and finds runs whose engine instance has failed, was terminated, suspended or paused in the engine, or is
/// gone: a run that is to end it ends, any other it shows as paused with the cause. Nothing else would ever tell.
/// </summary>
/// <remarks>
/// An engine may keep any number of instances that failed long ago, so it is never asked for all of those. It is asked for the few that are held,
/// and about runs that have not ended, a bounded share of them at each sweep, round and round.
/// </remarks>
internal sealed class Sweep(AgentParts parts, Func<IOrchestrationClient> engine)
{
    public const string Gone = "The engine does not have the run's instance. Retry the run: it goes on from the store.";

    /// <summary>About how many runs the engine is asked at each sweep.</summary>
    public const int Share = 500;

    private const int AtOnce = 8;

    /// <summary>After so many runs in a row that the engine does not answer about, it is the engine, and not the runs.</summary>
    private const int MostUnanswered = 8;

    // Those that have not ended: they are as few as somebody has to see to.
    private static readonly OrchestrationRuntimeStatus[] Held = [OrchestrationRuntimeStatus.Suspended, OrchestrationRuntimeStatus.Paused];

    private readonly Retirement retirement = new(parts);

    /// <summary>How many runs in a row the engine has not answered about.</summary>
    private int unanswered;

    /// <param name="wholly">Whether to ask the engine about every run that has not ended: at the start of an engine that one process serves.</param>
    public async Task RunAsync(bool wholly)
    {
        Volatile.Write(ref unanswered, 0);
        await parts.Engine.CheckStoresAsync();
        await Standstill.AfterAbsenceAsync(parts.Store, parts.Engine.Id, refusable: !wholly);
        var (sweptTo, share) = await parts.Store.WriteAsync(BeatAsync, refusable: !wholly); // the next sweep does it; a start waits
        await retirement.GoOnAsync(refusable: !wholly); // which needs no engine
        await FindHeldAsync(refusable: !wholly);
        if (wholly)
        {
            for (long? after = 0; after is not null; after = share.Count < Share ? null : share[^1].Run)
            {
                var from = after.Value;
                share = await parts.Store.ReadAsync(tx => ShareAsync(tx, from), refusable: false);
                await FindDeadAsync(share, refusable: false);
            }
        }
        else
        {
            await FindDeadAsync(share, refusable: true);
            await parts.Store.WriteAsync(tx => GoOnAsync(tx, sweptTo, share), refusable: true);
        }
    }

    /// <summary>What the engine says of an instance that has ended or is gone; null of one that lives.</summary>
    public static async Task<string?> DeathAsync(IOrchestrationClient engine, string instance)
    {
        var found = await engine.GetInstanceAsync(instance, getInputsAndOutputs: true);
        return found switch
        {
            null or { RuntimeStatus: OrchestrationRuntimeStatus.Completed } => Gone,
            { IsCompleted: true } => Told(found),
            _ => null,
        };
    }

    /// <summary>What becomes of a run that nothing in the engine carries on: one that is to end ends, any other pauses with the cause.</summary>
    public static async Task ShowAsync(AgentParts parts, StoreTransaction tx, LockedRun run, string cause)
    {
        if (run.Row.IsEnding)
        {
            await CloseRun.CloseAsync(parts, tx, run);
        }
        else if (run.Row.Fault is null)
        {
            parts.Logger.LogError("Run {Run} is paused: {Message}", run.Row.Id, cause);
            await run.PauseAsync("engine", cause);
        }
    }

    /// <summary>Says that this engine is served, and reads the next share of its runs to ask about.</summary>
    private async Task<(long From, IReadOnlyList<RunRow> Share)> BeatAsync(StoreTransaction tx)
    {
        var row = await tx.FirstAsync<EngineRow>($"SELECT * FROM engines WHERE id = @Id{tx.ForNoKeyUpdate}", new { parts.Engine.Id });
        await parts.Engine.CheckAsync(tx);
        await tx.ReadClockAsync();
        await tx.ExecuteAsync("UPDATE engines SET heartbeat = @Now WHERE id = @Id", new { row!.Id, Now = tx.Now.UtcTicks });
        return (row.SweptTo, await ShareAsync(tx, row.SweptTo));
    }

    /// <summary>The share has been asked about: a sweep that ends before leaves it to the next. Another that asked about the same one may have gone on already.</summary>
    private Task<int> GoOnAsync(StoreTransaction tx, long from, IReadOnlyList<RunRow> share) => tx.ExecuteAsync(
        "UPDATE engines SET swept_to = @to WHERE id = @Id AND swept_to = @from", new { parts.Engine.Id, from, to = share.Count < Share ? 0 : share[^1].Run });

    private Task<IReadOnlyList<RunRow>> ShareAsync(StoreTransaction tx, long after) => tx.ListAsync<RunRow>("""
        SELECT run, id, generation FROM runs WHERE engine = @Id AND ended_at IS NULL AND run > @after ORDER BY run LIMIT @Share
        """, new { parts.Engine.Id, after, Share });

    private async Task FindHeldAsync(bool refusable)
    {
        await foreach (var instance in engine().GetAllInstancesAsync(new OrchestrationQuery(Held)))
        {
            if (Instances.Parse(instance.InstanceId) is var (run, generation))
            {
                await OfOneAsync(run, () => ShowAsync(run, generation, [Wake.Retry], refusable, async () =>
                    await engine().GetInstanceAsync(instance.InstanceId, getInputsAndOutputs: true) is { } found && Held.Contains(found.RuntimeStatus) ? Told(found) : null));
            }
        }
    }

    private Task FindDeadAsync(IReadOnlyList<RunRow> runs, bool refusable) =>
        Parallel.ForEachAsync(runs, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (run, cancellation) =>
        {
            var instance = Instances.OfRun(run.Id, run.Generation);
            await OfOneAsync(run.Id, async () =>
            {
                if (await engine().GetInstanceAsync(instance, cancellation: cancellation) is null or { IsCompleted: true })
                {
                    await ShowAsync(run.Id, run.Generation, [Wake.Start, Wake.Retry], refusable, () => DeathAsync(engine(), instance));
                }
            });
        });

    /// <summary>One run, or its instance, that fails holds up no other. A failure of the store or the engine, or of the leave to serve it, ends the sweep.</summary>
    private async Task OfOneAsync(string run, Func<Task> look)
    {
        try
        {
            await look();
            Volatile.Write(ref unanswered, 0);
        }
        catch (EngineUnavailableException e) when (Interlocked.Increment(ref unanswered) < MostUnanswered)
        {
            parts.Logger.LogWarning("Run {Run}: its engine does not answer about it: {Message} The sweep goes on with the others, and comes to it again.", run, e.Message);
        }
        catch (Exception e) when (e is not (EngineLostException or EngineUnavailableException or OperationCanceledException) && !parts.Store.Caused(e))
        {
            parts.Logger.LogError(e, "Run {Run}: what its engine says of it could not be shown. The sweep goes on with the others, and comes to it again.", run);
        }
    }

    /// <param name="unless">A word of these kinds that is not heard yet: what the engine is still to be told may be just what is missing.</param>
    /// <param name="refusable">Whether a store that is away fails the look soon; otherwise it waits.</param>
    /// <param name="cause">
    /// Asks the engine once more, after the store has said that nothing is to be told: what was missing then may have come since. Null when nothing is wrong.
    /// </param>
    private async Task ShowAsync(string id, int generation, string[] unless, bool refusable, Func<Task<string?>> cause)
    {
        var needed = await parts.Store.ReadAsync(async tx => await tx.FirstAsync<RunRow>("SELECT * FROM runs WHERE id = @id", new { id }) is { HasEnded: false } row
            && row.Generation == generation && (row.IsEnding || row.Fault is null) && !await IsToBeToldAsync(tx, id, unless), refusable);
        if (!needed || await cause() is not { } message)
        {
            return;
        }

        await parts.Store.WriteAsync(async tx =>
        {
            if (await LockedRun.TakeAsync(tx, id) is { } run && run.Row.Generation == generation && !await IsToBeToldAsync(tx, id, unless))
            {
                await ShowAsync(parts, tx, run, message);
            }

            return true;
        });
    }

    private static async Task<bool> IsToBeToldAsync(StoreTransaction tx, string run, string[] kinds) => (await tx.WordsAsync(run)).Any(kinds.Contains);

    private static string Told(OrchestrationMetadata instance) =>
        $"The engine {Verb(instance.RuntimeStatus)} the run's instance. {instance.FailureDetails?.ErrorMessage ?? "It gave no cause."}";

    private static string Verb(OrchestrationRuntimeStatus status) => status switch
    {
        OrchestrationRuntimeStatus.Failed => "failed",
        OrchestrationRuntimeStatus.Terminated => "terminated",
        OrchestrationRuntimeStatus.Suspended => "suspended",
        _ => "paused",
    };
}
