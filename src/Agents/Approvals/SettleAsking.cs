using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Durable;

namespace Holdfast.Agents.Approvals;

/// <summary>
/// What has become of an asking, once somebody has decided or its time is over. By the store's clock: a timer that rings early, or a clock
/// that was set, only means to wait on.
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

        var row = (await tx.FirstAsync<ApprovalRow>("SELECT * FROM approvals WHERE id = @Approval", new { step.Approval }))!;
        if (row.State == ApprovalStates.Pending)
        {
            if (row.ExpiresAt is not { } due || due > run.Now)
            {
                return StepAnswer.WaitFor(row.ExpiresAt);
            }

            await ExpireAsync(tx, run, row);
            if (run.Row.IsEnding)
            {
                return StepAnswer.Close;
            }
        }

        var call = await Calls.ReadAsync(tx, row.Run, row.Turn, row.Idx);
        return call.IsSettled ? StepAnswer.Go : StepAnswer.Ask();
    }

    /// <summary>Writes down that the time to decide is over: from then on that holds, wherever the clock is set.</summary>
    public static async Task ExpireAsync(StoreTransaction tx, LockedRun run, ApprovalRow row)
    {
        await tx.ExecuteAsync("UPDATE approvals SET state = 'expired', decided_at = @Now WHERE id = @Id", new { run.Now, row.Id });
        var call = await Calls.ReadAsync(tx, row.Run, row.Turn, row.Idx);
        await Calls.SettleAsync(tx, run, call, CallStates.Expired, ToolResults.Error("expired", "Nobody decided on this call in time. It was not run."));
        if (JsonSerializer.Deserialize(row.Ask, AgentsJson.Default.ApprovalTerms)!.OnExpire == OnExpire.End)
        {
            await run.EndAsync(new Outcome(OutcomeKinds.Expired) { Cause = $"Nobody decided on {row.Tool} in time." });
            await run.WakeAsync();
        }

        await run.RefreshAsync();
    }
}
