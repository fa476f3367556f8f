using System.Text.Json;
using Holdfast.Agents.Json;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Holdfast.Durable;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Runs;

/// <summary>One tool call: the gate, the act, the record.</summary>
internal sealed class RunTool(AgentParts parts) : IActivity<CallStep, StepAnswer>
{
    public const string Name = nameof(RunTool);

    /// <summary>What a lease has beyond the tool's timeout: time to begin, and to write down what became of it.</summary>
    public static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(15);

    public async Task<StepAnswer> RunAsync(ActivityContext context, CallStep step)
    {
        var execution = Guid.NewGuid().ToString("N");
        var passage = await PassAsync(step, execution, context.CancellationToken);
        if (passage.Permit is not { } permit)
        {
            return passage.Answer;
        }

        var ending = await ActAsync(step, permit, context.CancellationToken);
        parts.Options.CrashPoint(AgentCrashPoints.ToolActed);
        var answer = await parts.Store.WriteAsync(tx => RecordAsync(tx, step, permit, execution, ending));
        parts.Options.CrashPoint(AgentCrashPoints.ToolRecorded);
        return answer;
    }

    /// <summary>Passes the gate, and again where it took so long that the lease might end before the act does: nothing has begun yet.</summary>
    private async Task<Passage> PassAsync(CallStep step, string execution, CancellationToken stopping)
    {
        for (Permit? unused = null; ;)
        {
            stopping.ThrowIfCancellationRequested();
            var before = 0L;
            var passage = await OurFault.PausesAsync(parts, step.Run, () => parts.Store.WriteAsync(tx =>
            {
                before = parts.Time.GetTimestamp(); // of the try that is stored: the store may have been away before it
                return CallGate.TryAsync(parts, tx, step, execution, unused);
            }), instead => new Passage(instead));
            if (passage.Permit is not { } permit)
            {
                return passage;
            }

            parts.Options.CrashPoint(AgentCrashPoints.ToolStarted);
            if (parts.Time.GetElapsedTime(before) <= LeaseMargin / 2)
            {
                return passage;
            }

            parts.Logger.LogWarning("Run {Run}: {Tool} has not begun, because its gate took so long; it passes again.", step.Run, permit.Tool.Name);
            unused = permit;
        }
    }

    /// <exception cref="OperationCanceledException">The host is stopping and the tool stopped with it: what it did is not known here.</exception>
    private async Task<Ending> ActAsync(CallStep step, Permit permit, CancellationToken stopping)
    {
        using var timeout = new CancellationTokenSource(permit.Tool.Timeout, parts.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping);
        var act = Task.Run(() => InvokeAsync(permit, both.Token), CancellationToken.None);
        var expired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = timeout.Token.Register(expired.SetResult);
        if (await Task.WhenAny(act, expired.Task) == act || act.IsCompleted)
        {
            var ending = await act;
            if (ending.Kind == EndingKind.Failed && !timeout.IsCancellationRequested)
            {
                stopping.ThrowIfCancellationRequested();
            }

            return ending.Kind == EndingKind.Failed && timeout.IsCancellationRequested ? TimedOut(permit) : ending;
        }

        _ = RecordLateAsync(step, permit, act);
        return TimedOut(permit);
    }

    private static Ending TimedOut(Permit permit) =>
        new(EndingKind.Failed, $"{permit.Tool.Name} gave no result within {permit.Tool.Timeout.TotalSeconds} s.");

    private async Task<Ending> InvokeAsync(Permit permit, CancellationToken cancellation)
    {
        try
        {
            var result = await permit.Tool.InvokeAsync(CanonicalJson.Parse(permit.Arguments), permit.Context, cancellation);
            return new(EndingKind.Done, result.GetRawText());
        }
        catch (ToolResultException e)
        {
            return new(EndingKind.Done, ToolResults.Error("resultNotKept", parts.Options.Redact(e.Message)));
        }
        catch (NotDoneException e)
        {
            return new(EndingKind.NotDone, parts.Options.Redact(e.Message));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return new(EndingKind.Failed, $"{permit.Tool.Name} was cancelled.");
        }
        catch (Exception e)
        {
            return new(EndingKind.Failed, parts.Options.Redact($"{permit.Tool.Name} failed: {e.GetType().Name}: {e.Message}"));
        }
    }

    private async Task<StepAnswer> RecordAsync(StoreTransaction tx, CallStep step, Permit permit, string execution, Ending ending)
    {
        var run = (await LockedRun.TakeAsync(tx, step.Run))!;
        var call = await Calls.ReadAsync(tx, run.Row.Run, step.Turn, step.Index);
        if (call.State != CallStates.Started || call.Attempt != permit.Context.Attempt || call.Token != execution)
        {
            // Another execution took over when this one's lease had lapsed; a result of the same attempt is a result all the same.
            await LateResults.RecordAsync(parts, tx, run, call, permit.Context.Attempt, ending);
            call = await Calls.ReadAsync(tx, run.Row.Run, step.Turn, step.Index);
            return run.Row.IsEnding ? StepAnswer.Close : call.IsSettled ? StepAnswer.Go : StepAnswer.WaitFor(run.Now);
        }

        if (run.Row.Generation != step.Generation)
        {
            await run.WakeAsync(); // the instance that carries the run now waits for this lease
        }

        if (ending.Kind == EndingKind.Failed)
        {
            return await FailAsync(tx, run, call, permit.Tool, ending.Text);
        }

        await Calls.SettleAsync(tx, run, call, ending);
        return run.Row.IsEnding ? StepAnswer.Close : StepAnswer.Go;
    }

    private async Task<StepAnswer> FailAsync(StoreTransaction tx, LockedRun run, CallRow call, Tool tool, string failure)
    {
        parts.Logger.LogWarning("Run {Run}: {Failure}", run.Row.Id, failure);
        await run.EventAsync(RunEvents.ToolFailed, new EventData { Turn = call.Turn, Index = call.Idx, Tool = call.Tool, Message = failure });
        if (call.HasEffect && !call.Idempotent)
        {
            return await Calls.DoubtAsync(parts, tx, run, call, failure);
        }

        var failures = call.Failures + 1;
        if (failures <= tool.Retries)
        {
            var retryAt = (tx.Now + parts.Options.RetryWait(failures)).UtcTicks;
            await UpdateAsync(retryAt);
            await run.RefreshAsync();
            return StepAnswer.WaitFor(retryAt);
        }

        await UpdateAsync(null);
        await run.RefreshAsync();
        if (!call.HasEffect)
        {
            await Calls.SettleAsync(tx, run, call, CallStates.NotDone, ToolResults.Error("failed", failure));
            return run.Row.IsEnding ? StepAnswer.Close : StepAnswer.Go;
        }

        // Told of an error the model would ask again, under a new key; so a person is told instead.
        await run.PauseAsync("tool", $"{failure} It was tried {failures} times under one idempotency key. Mend it, then retry the run.");
        return run.Row.IsEnding ? StepAnswer.Close : StepAnswer.WaitFor();

        Task UpdateAsync(long? retryAt) => tx.ExecuteAsync("""
            UPDATE calls SET failures = @failures, begins = 0, failure = @failure, retry_at = @retryAt, lease = NULL
            WHERE run = @Run AND turn = @Turn AND idx = @Idx
            """, new { call.Run, call.Turn, call.Idx, failures, failure, retryAt });
    }

    private async Task RecordLateAsync(CallStep step, Permit permit, Task<Ending> act)
    {
        var ending = await act;
        parts.Logger.LogWarning("Run {Run}: {Tool} answered after its timeout.", step.Run, permit.Tool.Name);
        if (ending.Kind == EndingKind.Failed)
        {
            return;
        }

        using var underWay = parts.UnderWay.Enter();
        await parts.Store.WriteAsync(async tx =>
        {
            var run = (await LockedRun.TakeAsync(tx, step.Run))!;
            var call = await Calls.ReadAsync(tx, run.Row.Run, step.Turn, step.Index);
            await LateResults.RecordAsync(parts, tx, run, call, permit.Context.Attempt, ending);
            return true;
        });
    }
}

internal enum EndingKind
{
    Done,
    NotDone,
    Failed,
}

/// <summary>What became of an act.</summary>
/// <param name="Text">Done: the result as JSON. Otherwise: what to say of it.</param>
internal sealed record Ending(EndingKind Kind, string Text);
