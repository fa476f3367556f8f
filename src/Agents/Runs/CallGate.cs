using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Runs;

/// <summary>
/// The transaction that starts an attempt of a call. It is passed once for each attempt: an execution that finds its attempt started by
/// another skips every check, because the effect may be out already.
/// </summary>
internal sealed class CallGate(AgentParts parts, StoreTransaction tx, LockedRun run, CallRow call)
{
    private string? consumed;

    /// <param name="execution">Which asks.</param>
    /// <param name="unused">What it was given before, and has not used.</param>
    public static async Task<Passage> TryAsync(AgentParts parts, StoreTransaction tx, CallStep step, string execution, Permit? unused = null)
    {
        await parts.Engine.CheckAsync(tx, step.Run);
        if (await LockedRun.TakeAsync(tx, step.Run) is not { } run || run.Row.HasEnded || run.Row.Generation != step.Generation)
        {
            await tx.LookedAsync(Instances.OfRun(step.Run, step.Generation));
            return new(StepAnswer.Close);
        }

        // Where other calls of the turn may wait for the same word, this look must not close it for them: the next turn's does.
        if (await tx.FirstAsync<long?>("SELECT 1 FROM calls WHERE run = @Run AND turn = @Turn AND idx <> @Index AND ended_at IS NULL LIMIT 1",
            new { run.Row.Run, step.Turn, step.Index }) is null)
        {
            await tx.LookedAsync(run.Instance);
        }

        var gate = new CallGate(parts, tx, run, await Calls.ReadAsync(tx, run.Row.Run, step.Turn, step.Index));
        if (unused is { IsFirst: true } && gate.IsStartedBy(execution))
        {
            await gate.PutBackAsync(unused.Consumed);
        }

        return await gate.PassAsync(execution);
    }

    /// <summary>Undoes a passing that nothing has come of: what stopped the call since then is met again.</summary>
    private async Task PutBackAsync(string? consumed)
    {
        await tx.ExecuteAsync("""
            UPDATE calls SET state = 'proposed', begins = begins - 1, token = NULL, lease = NULL WHERE run = @Run AND turn = @Turn AND idx = @Idx;
            UPDATE approvals SET consumed_at = NULL WHERE id = @consumed
            """, new { call.Run, call.Turn, call.Idx, consumed });
        call = await Calls.ReadAsync(tx, run.Row.Run, call.Turn, call.Idx);
    }

    private async Task<Passage> PassAsync(string execution)
    {
        if (call.IsSettled)
        {
            return new(run.Row.IsEnding ? StepAnswer.Close : StepAnswer.Go);
        }

        if (call.State == CallStates.Started)
        {
            return await PassAgainAsync(execution);
        }

        if (run.Row.IsEnding)
        {
            return new(StepAnswer.Close);
        }

        if (run.Row.SuspendedAt is not null || run.Row.Fault is not null)
        {
            return new(StepAnswer.WaitFor());
        }

        if (call.State == CallStates.InDoubt)
        {
            return new(await Calls.DoubtAsync(parts, tx, run, call, call.Failure ?? "its ending is not known"));
        }

        var agent = await parts.Agents.OfAsync(tx, run.Row.Version);
        if (run.Row.ActiveAt(run.Now) > agent.Limits.Time.Ticks)
        {
            await run.EndAsync(new Outcome(OutcomeKinds.LimitReached) { Limit = "time" });
            await run.WakeAsync();
            return new(StepAnswer.Close);
        }

        if (!parts.Tools.TryFind(call.Tool, out var tool))
        {
            return await LackAsync(); // before the approval is consumed: it is for when the tool is there
        }

        if (call.LackingSince is not null)
        {
            await tx.ExecuteAsync("UPDATE calls SET retry_at = NULL, lacking_since = NULL WHERE run = @Run AND turn = @Turn AND idx = @Idx", new { call.Run, call.Turn, call.Idx });
        }

        return await PermitAsync() ?? await StartAsync(tool, execution);
    }

    /// <summary>Asks for the approval that the call needs and has not got.</summary>
    /// <returns>What to do instead of acting; null when the call may act, and then its approval is consumed.</returns>
    private async Task<Passage?> PermitAsync()
    {
        var askings = new Askings(parts, tx, run);
        var kind = Askings.KindOf(call);
        var ask = await new CallPolicy(parts, tx, run).AskAsync(call) ?? (kind == ApprovalKinds.Question ? AskedTerms.Otherwise : null);
        var word = await askings.NewestAsync(call, kind, call.Attempt) ?? await RunAgainAsync(askings);
        if (word is { IsPending: true })
        {
            return new(StepAnswer.Ask(Askings.Reference(word)));
        }

        if (ask is null || (IsGranted(word) && (word!.Kind == ApprovalKinds.InDoubt || word.Digest == askings.DigestOf(call)) && await askings.CoversAsync(word, ask.Terms)))
        {
            await ConsumeAsync(word);
            return null;
        }

        return await askings.OpenAsync(call, kind, ask) is { } asking
            ? new(StepAnswer.Ask(Askings.Reference(asking)))
            : new(StepAnswer.WaitFor());
    }

    private bool IsGranted(ApprovalRow? word) =>
        word is { ConsumedAt: null } && !(word.ValidUntil <= run.Now) && word is ({ State: ApprovalStates.Approved } or { State: ApprovalStates.Answered, Decision: Decisions.RunAgain });

    private async Task ConsumeAsync(ApprovalRow? word)
    {
        if (IsGranted(word))
        {
            await tx.ExecuteAsync("UPDATE approvals SET consumed_at = @Now WHERE id = @Id", new { run.Now, word!.Id });
            consumed = word.Id;
        }
    }

    private async Task<ApprovalRow?> RunAgainAsync(Askings askings) =>
        await askings.NewestAsync(call, ApprovalKinds.InDoubt, call.Attempt - 1) is { Decision: Decisions.RunAgain } word ? word : null;

    private bool IsStartedBy(string execution) => call.State == CallStates.Started && call.Token == execution;

    private async Task<Passage> PassAgainAsync(string execution)
    {
        var isOwn = IsStartedBy(execution);
        if (!isOwn && parts.Engine.Respects(call.Holder) && call.Lease > run.Now)
        {
            return new(StepAnswer.WaitFor(call.Lease)); // another execution is at it
        }

        if (!isOwn && call.HasEffect && !call.Idempotent)
        {
            return new(await Calls.DoubtAsync(parts, tx, run, call, "the process ended while it ran"));
        }

        if (!call.HasEffect && run.Row.IsEnding)
        {
            return new(StepAnswer.Close);
        }

        // It may be out, so it is carried to its end, also after a cancel; only a fault or a person's pause can wait.
        if ((run.Row.Fault is not null || run.Row.SuspendedAt is not null) && !run.Row.IsEnding)
        {
            return new(StepAnswer.WaitFor());
        }

        if (call.RetryAt > run.Now)
        {
            return new(StepAnswer.WaitFor(call.RetryAt));
        }

        if (!isOwn && call.Begins >= LockedRun.MostBegins)
        {
            if (run.Row.IsEnding)
            {
                return new(StepAnswer.Close);
            }

            await run.PauseForBeginsAsync($"{call.Tool} (turn {call.Turn})", call.Begins);
            return new(StepAnswer.WaitFor());
        }

        return parts.Tools.TryFind(call.Tool, out var tool) ? await StartAsync(tool, execution) : await LackAsync();
    }

    private async Task<Passage> LackAsync()
    {
        var fact = $"Tool '{call.Tool}' is not registered.";
        var retryAt = Lack.TryAgainAt(parts.Engine, run.Now, call.LackingSince);
        await tx.ExecuteAsync("""
            UPDATE calls SET retry_at = @retryAt, lacking_since = COALESCE(lacking_since, @Now), failure = @fact, lease = NULL WHERE run = @Run AND turn = @Turn AND idx = @Idx
            """, new { call.Run, call.Turn, call.Idx, retryAt, run.Now, fact });
        await run.RefreshAsync();
        if (retryAt is not null)
        {
            return new(StepAnswer.WaitFor(retryAt));
        }

        await run.PauseAsync("tool", $"{fact} Bring it back, then retry the run.");
        return new(run.Row.IsEnding ? StepAnswer.Close : StepAnswer.WaitFor());
    }

    private async Task<Passage> StartAsync(Tool tool, string execution)
    {
        var until = (tx.Now + tool.Timeout + RunTool.LeaseMargin).UtcTicks;
        await tx.ExecuteAsync("""
            UPDATE calls SET state = 'started', begins = begins + CASE WHEN token = @execution THEN 0 ELSE 1 END, token = @execution, holder = @Holder, lease = @until,
              retry_at = NULL, lacking_since = NULL
            WHERE run = @Run AND turn = @Turn AND idx = @Idx
            """, new { call.Run, call.Turn, call.Idx, execution, parts.Engine.Holder, until });
        if (call.State != CallStates.Started)
        {
            await run.EventAsync(RunEvents.ToolStarted, new EventData { Turn = call.Turn, Index = call.Idx, Tool = call.Tool });
        }

        await run.RefreshAsync();

        var context = new ToolContext(run.Row.Tenant, run.Row.Id, run.Row.Agent, run.Row.RequestedBy, Calls.KeyOf(run.Row.Id, call), call.Attempt);
        return new(StepAnswer.Go, new Permit(tool, call.Arguments!, context, IsFirst: call.State != CallStates.Started, consumed));
    }
}

/// <param name="Answer">What to tell the loop when there is nothing to act on.</param>
internal sealed record Passage(StepAnswer Answer, Permit? Permit = null);

/// <summary>Leave to act once.</summary>
/// <param name="IsFirst">Whether it begins the attempt, so that nothing has come of that yet.</param>
/// <param name="Consumed">The approval that was consumed for it.</param>
internal sealed record Permit(Tool Tool, string Arguments, ToolContext Context, bool IsFirst, string? Consumed);
