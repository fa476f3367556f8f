using System.Text.Json;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Storage;
using Holdfast.Durable;

namespace Holdfast.Agents.Runs;

/// <summary>Ends a run as the store says that it ends, with what was done until then and what nobody knows.</summary>
internal sealed class CloseRun(AgentParts parts) : IActivity<RunRef, Nothing>
{
    public const string Name = nameof(CloseRun);

    public async Task<Nothing> RunAsync(ActivityContext context, RunRef run)
    {
        await parts.Store.WriteAsync(async tx =>
        {
            await parts.Engine.CheckAsync(tx, run.Run);
            var locked = await LockedRun.TakeAsync(tx, run.Run);
            await tx.LookedAsync(Instances.OfRun(run.Run, run.Generation));
            if (locked is not null && locked.Row.Generation == run.Generation)
            {
                await CloseAsync(parts, tx, locked);
            }

            return true;
        });
        parts.Options.CrashPoint(AgentCrashPoints.RunClosed);
        return Nothing.Value;
    }

    public static async Task CloseAsync(AgentParts parts, StoreTransaction tx, LockedRun run)
    {
        if (run.Row.HasEnded)
        {
            return;
        }

        await AskAboutUnfinishedAsync(parts, tx, run);
        var outcome = await WithEffectsAsync(tx, run, Ending(run));
        await run.VoidApprovalsAsync($"The run has ended ({outcome.Kind}).");
        await new Telling(parts, tx, run).OfVoidAsync();
        await tx.ExecuteAsync("UPDATE runs SET outcome = @json, ended_at = @Now, fault = NULL, waits_until = NULL WHERE run = @Run",
            new { run.Row.Run, run.Now, json = JsonSerializer.Serialize(outcome, AgentsJson.Default.Outcome) });
        await run.EventAsync(RunEvents.Ended, new EventData { Code = outcome.Kind });
        await run.RefreshAsync();
        parts.Conversations.Forget(run.Row.Run);
    }

    /// <summary>Lists anew what was done and what is unknown, after a person has cleared up a call of an ended run.</summary>
    public static async Task CorrectAsync(StoreTransaction tx, LockedRun run)
    {
        var outcome = await WithEffectsAsync(tx, run, JsonSerializer.Deserialize(run.Row.Outcome!, AgentsJson.Default.Outcome)!);
        await tx.ExecuteAsync("UPDATE runs SET outcome = @json WHERE run = @Run",
            new { run.Row.Run, json = JsonSerializer.Serialize(outcome, AgentsJson.Default.Outcome) });
    }

    /// <summary>A call that began and was not finished is put before a person; the run's end does not wait for the answer.</summary>
    private static async Task AskAboutUnfinishedAsync(AgentParts parts, StoreTransaction tx, LockedRun run)
    {
        foreach (var call in await tx.ListAsync<CallRow>(
            "SELECT * FROM calls WHERE run = @Run AND effect <> 0 AND state = 'started' ORDER BY turn, idx", new { run.Row.Run }))
        {
            await Calls.DoubtAsync(parts, tx, run, call, call.Failure ?? "the run ended before it did");
        }
    }

    private static Outcome Ending(LockedRun run) => run.Row.CancelledAt is not null ? new Outcome(OutcomeKinds.Cancelled)
        : run.Row.Ending is { } json ? JsonSerializer.Deserialize(json, AgentsJson.Default.Outcome)!
        : throw new InvalidOperationException($"Run {run.Row.Id} is to be closed, but nothing in the store ends it. This is a fault of ours; the run is kept.");

    private static async Task<Outcome> WithEffectsAsync(StoreTransaction tx, LockedRun run, Outcome ending)
    {
        // Of a call that was to run again and did not, the earlier attempt may still have happened.
        var effects = await tx.ListAsync<CallRow>("""
            SELECT tool, turn, idx, state FROM calls WHERE run = @Run AND effect <> 0
              AND (state IN ('done', 'started', 'inDoubt', 'givenUp') OR attempt > 1) ORDER BY turn, idx
            """, new { run.Row.Run });
        return ending with
        {
            Done = [.. effects.Where(call => call.State == CallStates.Done).Select(Reference)],
            Unknown = [.. effects.Where(call => call.State != CallStates.Done).Select(Reference)],
        };
    }

    private static CallRef Reference(CallRow call) => new(call.Tool, call.Turn, call.Idx);
}
