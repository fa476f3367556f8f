using Holdfast.Agents.Audit;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Durable;

namespace Holdfast.Agents.Approvals;

/// <summary>
/// What has become of an asking, once somebody has decided or something is due: a reminder, an escalation, its end. By the store's clock: a timer
/// that rings early, or a clock that was set, only means to wait on.
/// </summary>
internal sealed class SettleAsking(AgentParts parts) : IActivity<AskingStep, StepAnswer>
{
    public const string Name = nameof(SettleAsking);

    public async Task<StepAnswer> RunAsync(ActivityContext context, AskingStep asking)
    {
        var answer = await OurFault.PausesAsync(
            parts, asking.Run, () => parts.Store.WriteAsync(tx => SettleAsync(tx, asking)), instead => instead);
        parts.Options.CrashPoint(AgentCrashPoints.AskingSettled);
        return answer;
    }

    private async Task<StepAnswer> SettleAsync(StoreTransaction tx, AskingStep step)
    {
        await parts.Engine.CheckAsync(tx, step.Run);
        var locked = await LockedRun.TakeAsync(tx, step.Run);
        await tx.LookedAsync(Instances.OfAsking(step.Run, step.Generation, step.Approval));
        if (locked is not { } run || run.Row.IsEnding || run.Row.Generation != step.Generation)
        {
            return StepAnswer.Close;
        }

        var askings = new Askings(parts, tx, run);
        var row = (await askings.FindAsync(step.Approval))!;
        if (row.IsPending)
        {
            await DoWhatIsDueAsync(tx, run, row.Turn);
            row = (await askings.FindAsync(step.Approval))!;
            if (row.IsPending)
            {
                return StepAnswer.WaitFor(Timetable.Next(row, Askings.TermsOf(row)));
            }

            if (run.Row.IsEnding)
            {
                return StepAnswer.Close;
            }
        }

        var call = await Calls.ReadAsync(tx, row.Run, row.Turn, row.Idx);
        if (call.IsSettled)
        {
            return StepAnswer.Go;
        }

        // An edit has put another round in its place, whose time runs from there, also while other calls hold this one up.
        var next = row.State == ApprovalStates.Superseded ? await askings.NewestAsync(call, row.Kind, call.Attempt) : null;
        return StepAnswer.Ask(next is { IsPending: true } ? Askings.Reference(next) : null);
    }

    /// <summary>For every open approval of the turn at once, so that a person whom several ask is told of all of them in one message.</summary>
    private async Task DoWhatIsDueAsync(StoreTransaction tx, LockedRun run, int turn)
    {
        var open = await tx.ListAsync<ApprovalRow>("SELECT * FROM approvals WHERE run = @Run AND turn = @turn AND state = 'pending' ORDER BY idx, kind", new { run.Row.Run, turn });
        foreach (var row in open.TakeWhile(_ => !run.Row.IsEnding))
        {
            await DoWhatIsDueAsync(tx, run, row);
        }
    }

    private async Task DoWhatIsDueAsync(StoreTransaction tx, LockedRun run, ApprovalRow row)
    {
        var terms = Askings.TermsOf(row);
        var telling = new Telling(parts, tx, run);
        if (row.ExpiresAt <= run.Now)
        {
            if (!Timetable.EscalatesAtExpiry(row, terms))
            {
                await ExpireAsync(parts, tx, run, row);
                return;
            }

            await EscalateAsync(tx, run, row, terms, expires: run.Now + terms.Expires.Ticks);
        }
        else if (Timetable.Escalation(row, terms) <= run.Now)
        {
            await EscalateAsync(tx, run, row, terms, row.ExpiresAt);
        }
        else if (Timetable.Reminder(row, terms) <= run.Now)
        {
            // Of several that are overdue, because nobody was there to send them, one is enough.
            var sent = terms.Reminders.Count(after => row.StageSince + after.Ticks <= run.Now);
            await tx.ExecuteAsync("UPDATE approvals SET reminders = @sent WHERE id = @Id", new { row.Id, sent });
            await telling.AskAsync(row, terms, MessageKind.Reminder);
        }
    }

    private async Task EscalateAsync(StoreTransaction tx, LockedRun run, ApprovalRow row, ApprovalTerms terms, long? expires)
    {
        await tx.ExecuteAsync("UPDATE approvals SET escalated_at = @Now, escalations = @count, expires_at = @expires, stage_since = @Now, reminders = 0 WHERE id = @Id",
            new { row.Id, run.Now, expires, count = Timetable.Escalated(row, terms, run.Now) });
        var askings = new Askings(parts, tx, run);
        var escalated = (await askings.FindAsync(row.Id))!;
        await Waits.OpenAsync(tx, escalated, (await askings.ElectorateAsync(escalated, terms)).Selectors(terms.Stages[row.Stage]));
        await run.EventAsync(RunEvents.ApprovalEscalated, new EventData { Turn = row.Turn, Index = row.Idx, Tool = row.Tool, Approval = row.Id });
        await new Telling(parts, tx, run).AskAsync(escalated, terms, MessageKind.Escalation);
    }

    /// <summary>Writes down that the time to decide is over: from then on that holds, wherever the clock is set.</summary>
    public static async Task ExpireAsync(AgentParts parts, StoreTransaction tx, LockedRun run, ApprovalRow row)
    {
        await tx.ExecuteAsync("UPDATE approvals SET state = 'expired', decided_at = @Now WHERE id = @Id", new { run.Now, row.Id });
        await Waits.CloseAsync(tx, run);
        var call = await Calls.ReadAsync(tx, row.Run, row.Turn, row.Idx);
        await Calls.SettleAsync(tx, run, call, CallStates.Expired, ToolResults.Error("expired", row.Kind == ApprovalKinds.Question
            ? "Nobody answered in time." : "Nobody decided on this call in time. It was not run."));
        await new Telling(parts, tx, run).EndedAsync(row);
        if (Askings.TermsOf(row).OnExpire == OnExpire.End)
        {
            await run.EndAsync(new Outcome(OutcomeKinds.Expired) { Cause = $"Nobody decided on {row.Tool} in time." });
            await run.WakeAsync();
        }

        await run.RefreshAsync();
        await AuditLog.AppendAsync(tx, row.Tenant, new AuditEntry(AuditKinds.ApprovalExpired, "holdfast", row.Id, AuditResults.Accepted) { Digest = row.Digest, Policy = row.Policy });
    }
}
