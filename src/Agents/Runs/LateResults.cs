using Holdfast.Agents.Approvals;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Runs;

/// <summary>
/// A result that comes when nobody waited for it any more. It belongs to its own attempt: if the next attempt has not begun, it settles the
/// call; if it has, both are kept and the person is told that it happened twice; once given up, it only corrects the record.
/// </summary>
internal static class LateResults
{
    public static async Task RecordAsync(AgentParts parts, StoreTransaction tx, LockedRun run, CallRow call, int attempt, Ending ending)
    {
        if (ending.Kind == EndingKind.Failed)
        {
            return;
        }

        await tx.ExecuteAsync("""
            INSERT INTO late_results (run, turn, idx, attempt, result, at) VALUES (@Run, @Turn, @Idx, @attempt, @Text, @Now)
            ON CONFLICT (run, turn, idx, attempt) DO NOTHING
            """, new { call.Run, call.Turn, call.Idx, attempt, ending.Text, run.Now });
        var isOpen = attempt == call.Attempt
            ? call.State is CallStates.Started or CallStates.InDoubt or CallStates.GivenUp
            : attempt == call.Attempt - 1 && call.State == CallStates.Proposed;
        if (isOpen)
        {
            await CloseQuestionsAsync(parts, tx, run, call);
            await Calls.SettleAsync(tx, run, call, ending);
            await run.WakeAsync();
        }
        else if (attempt < call.Attempt && ending.Kind == EndingKind.Done
            && call.State is CallStates.Started or CallStates.InDoubt or CallStates.Done or CallStates.GivenUp)
        {
            await TellOfTwiceAsync(tx, run, call, attempt);
        }
    }

    private static async Task TellOfTwiceAsync(StoreTransaction tx, LockedRun run, CallRow call, int attempt)
    {
        await tx.ExecuteAsync("""
            UPDATE approvals SET note = 'It happened twice: a result of the earlier attempt came after it was run again.'
            WHERE run = @Run AND turn = @Turn AND idx = @Idx AND kind = 'inDoubt' AND attempt >= @attempt
            """, new { call.Run, call.Turn, call.Idx, attempt });
        await run.EventAsync(RunEvents.ToolFinished, new EventData
        {
            Turn = call.Turn, Index = call.Idx, Tool = call.Tool, Code = "twice", Message = "A result of an earlier attempt came after the call was run again.",
        });
    }

    private static async Task CloseQuestionsAsync(AgentParts parts, StoreTransaction tx, LockedRun run, CallRow call)
    {
        var open = await tx.ListAsync<ApprovalRow>("""
            SELECT * FROM approvals WHERE run = @Run AND turn = @Turn AND idx = @Idx
              AND (state IN ('pending', 'approved') OR decision = 'runAgain') AND consumed_at IS NULL
            """, new { call.Run, call.Turn, call.Idx });
        foreach (var row in open)
        {
            await tx.ExecuteAsync("UPDATE approvals SET state = 'void', note = 'Its result came late and settled the call.' WHERE id = @Id", new { row.Id });
            await new Telling(parts, tx, run).EndedAsync(row);
            await run.WakeAskingAsync(row.Id);
        }

        await Waits.CloseAsync(tx, run);
    }
}
