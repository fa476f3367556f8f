using System.Globalization;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Runs;

/// <summary>Rows of tool calls.</summary>
internal static class Calls
{
    /// <summary>A call's idempotency key: of its place and attempt, never of what the provider called it.</summary>
    public static string KeyOf(string runId, CallRow call) => Digest.OfText(
        string.Create(CultureInfo.InvariantCulture, $"{runId}\n{call.Turn}\n{call.Idx}\n{call.Attempt}"))[..32];

    public static async Task<CallRow> ReadAsync(StoreTransaction tx, long run, int turn, int index) =>
        (await tx.FirstAsync<CallRow>("SELECT * FROM calls WHERE run = @run AND turn = @turn AND idx = @index", new { run, turn, index }))!;

    /// <summary>Ends a call. Of a run that has ended already, the outcome is set straight.</summary>
    public static async Task SettleAsync(StoreTransaction tx, LockedRun run, CallRow call, string state, string result)
    {
        await tx.ExecuteAsync("""
            UPDATE calls SET state = @state, result = @result, lease = NULL, retry_at = NULL, ended_at = @Now WHERE run = @Run AND turn = @Turn AND idx = @Idx
            """, new { call.Run, call.Turn, call.Idx, state, result, run.Now });
        await run.EventAsync(RunEvents.ToolFinished, new EventData { Turn = call.Turn, Index = call.Idx, Tool = call.Tool, Code = state });
        await run.RefreshAsync();
        if (run.Row.HasEnded)
        {
            await CloseRun.CorrectAsync(tx, run);
        }
    }

    /// <summary>Ends a call as its act ended, which is known.</summary>
    public static Task SettleAsync(StoreTransaction tx, LockedRun run, CallRow call, Ending ending) => ending.Kind == EndingKind.Done
        ? SettleAsync(tx, run, call, CallStates.Done, ending.Text)
        : SettleAsync(tx, run, call, CallStates.NotDone, ToolResults.Error("notDone", ending.Text));

    /// <summary>Puts a call before a person, who can find out whether it happened.</summary>
    /// <returns>What the loop is to do: wait for the word, or close a run that ends without it.</returns>
    public static async Task<StepAnswer> DoubtAsync(AgentParts parts, StoreTransaction tx, LockedRun run, CallRow call, string why)
    {
        var askings = new Askings(parts, tx, run);
        var open = await askings.NewestAsync(call, ApprovalKinds.InDoubt, call.Attempt);
        ApprovalRow? asking;
        if (open is { State: ApprovalStates.Pending })
        {
            asking = open;
        }
        else
        {
            await tx.ExecuteAsync("UPDATE calls SET state = 'inDoubt', failure = @why, lease = NULL WHERE run = @Run AND turn = @Turn AND idx = @Idx",
                new { call.Run, call.Turn, call.Idx, why });
            await run.EventAsync(RunEvents.ToolInDoubt, new EventData { Turn = call.Turn, Index = call.Idx, Tool = call.Tool, Message = why });
            asking = await askings.OpenAsync(call, ApprovalKinds.InDoubt, await new CallPolicy(parts, tx, run).AskAsync(call) ?? AskedTerms.Otherwise);
        }

        return run.Row.IsEnding ? StepAnswer.Close : StepAnswer.Ask(asking is null ? null : Askings.Reference(asking));
    }
}
