using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Runs;

/// <summary>
/// Finds runs whose engine instance has failed, was terminated, suspended or paused in the engine, or is gone: a run that is to end it
/// ends, any other it shows as paused with the cause. Nothing else would ever tell.
/// </summary>
internal sealed class Sweep(AgentParts parts, Func<IOrchestrationClient> engine)
{
    public const string Gone = "The engine does not have the run's instance. Retry the run: it goes on from the store.";

    private static readonly OrchestrationRuntimeStatus[] Stuck =
    [
        OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated, OrchestrationRuntimeStatus.Suspended, OrchestrationRuntimeStatus.Paused,
    ];

    /// <param name="alsoGone">Whether to ask the engine about every run that has not ended: at a start, when one of two stores may be another's.</param>
    public async Task RunAsync(bool alsoGone)
    {
        await parts.Store.WriteAsync(async tx =>
        {
            await tx.ReadClockAsync();
            return await tx.ExecuteAsync("UPDATE engines SET heartbeat = @Now WHERE id = @Id AND holder = @Holder",
                new { Now = tx.Now.UtcTicks, parts.Engine.Id, parts.Engine.Holder });
        }, refusable: !alsoGone); // the next sweep does it; a start waits
        await FindStuckAsync();
        if (alsoGone)
        {
            await FindGoneAsync();
        }
    }

    private async Task FindStuckAsync()
    {
        await foreach (var instance in engine().GetAllInstancesAsync(new OrchestrationQuery(Stuck)))
        {
            if (Instances.Parse(instance.InstanceId) is var (run, generation))
            {
                await ShowAsync(run, generation, async () =>
                {
                    var cause = (await engine().GetInstanceAsync(instance.InstanceId, getInputsAndOutputs: true))?.FailureDetails?.ErrorMessage;
                    return $"The engine {Verb(instance.RuntimeStatus)} the run's instance. {cause ?? "It gave no cause."}";
                });
            }
        }
    }

    private async Task FindGoneAsync()
    {
        var runs = await parts.Store.ReadAsync(tx => tx.ListAsync<RunRow>("""
            SELECT r.id, r.generation FROM runs r WHERE r.engine = @Id AND r.ended_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM wakes w WHERE w.instance = r.id || '.' || r.generation AND w.kind = 'start')
            """, new { parts.Engine.Id }));
        foreach (var run in runs)
        {
            if (await engine().GetInstanceAsync(Instances.OfRun(run.Id, run.Generation)) is null or { IsCompleted: true })
            {
                await ShowAsync(run.Id, run.Generation, () => Task.FromResult(Gone));
            }
        }
    }

    private async Task ShowAsync(string id, int generation, Func<Task<string>> cause)
    {
        var needed = await parts.Store.ReadAsync(async tx => await tx.FirstAsync<RunRow>("SELECT * FROM runs WHERE id = @id", new { id }) is { HasEnded: false } row
            && row.Generation == generation && (row.IsEnding || row.Fault is null));
        if (!needed)
        {
            return;
        }

        var message = await cause();
        await parts.Store.WriteAsync(async tx =>
        {
            if (await LockedRun.TakeAsync(tx, id) is { } run && run.Row.Generation == generation)
            {
                await ShowAsync(parts, tx, run, message);
            }

            return true;
        });
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

    private static string Verb(OrchestrationRuntimeStatus status) => status switch
    {
        OrchestrationRuntimeStatus.Failed => "failed",
        OrchestrationRuntimeStatus.Terminated => "terminated",
        OrchestrationRuntimeStatus.Suspended => "suspended",
        _ => "paused",
    };
}
