using Holdfast.Agents.Storage;
using Holdfast.Durable;

namespace Holdfast.Agents.Runs;

/// <summary>A run whose instance is dead in its engine goes on from the store in the next one.</summary>
internal static class Generations
{
    /// <summary>Whether nothing moves any more in the engine what carries a run: its own instance, or one that asks a person for it.</summary>
    public static async Task<bool> IsDeadAsync(IOrchestrationClient engine, string instance)
    {
        if (await engine.GetInstanceAsync(instance) is null or { IsCompleted: true })
        {
            return true;
        }

        // The prefix is not enough: run.1 begins run.10 too.
        var held = new OrchestrationQuery([OrchestrationRuntimeStatus.Paused, OrchestrationRuntimeStatus.Suspended], instance);
        await foreach (var one in engine.GetAllInstancesAsync(held))
        {
            if (one.InstanceId == instance || one.InstanceId.StartsWith($"{instance}.", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    public static async Task BeginNextAsync(StoreTransaction tx, LockedRun run)
    {
        await tx.ExecuteAsync("UPDATE runs SET generation = generation + 1 WHERE run = @Run", new { run.Row.Run });
        await tx.ForgetWordsAsync(run.Row.Id); // nobody is left to hear them
        await run.RefreshAsync();
        await run.WakeAsync(Wake.Start);
    }
}
