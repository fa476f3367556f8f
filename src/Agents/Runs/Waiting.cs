using System.Text.Json;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Runs;

/// <summary>Says on whom or what a run waits.</summary>
/// <param name="served">The engine of this process, which is there to be seen.</param>
internal sealed class Waiting(StoreTransaction tx, RunRow run, string served)
{
    public async Task<WaitingFor?> DescribeAsync() => await AbsentEngineAsync() ?? await WorkAsync();

    /// <summary>Whatever else it waits for: while nobody serves its engine, nothing of the run goes on.</summary>
    private async Task<WaitingFor?> AbsentEngineAsync()
    {
        if (run.HasEnded || run.Engine == served)
        {
            return null;
        }

        await tx.ReadClockAsync();
        var absent = await tx.FirstAsync<EngineRow>("SELECT * FROM engines WHERE id = @Engine AND heartbeat <= @before",
            new { run.Engine, before = (tx.Now - EngineHold.Absence).UtcTicks });
        return absent is null ? null : new("engine", null, Times.Of(absent.Heartbeat), absent.NotSeen, null, absent.Remedy)
        {
            Approvals = await tx.ListAsync<string>("SELECT id FROM approvals WHERE run = @Run AND state = 'pending' ORDER BY turn, idx, round", new { run.Run }),
        };
    }

    private async Task<WaitingFor?> WorkAsync() => run.Status switch
    {
        RunStatuses.Suspended => new("suspension", run.SuspendedBy, Times.Of(run.SuspendedAt!.Value), null, null, "Nothing begins until somebody resumes the run."),
        RunStatuses.Paused => Paused(),
        RunStatuses.Waiting => await PersonAsync() ?? await TimerAsync(),
        RunStatuses.Queued => new("engine", null, Times.Of(run.CreatedAt), null, null, "The engine takes it up."),
        _ => null,
    };

    private WaitingFor Paused()
    {
        var fault = JsonSerializer.Deserialize(run.Fault!, AgentsJson.Default.Fault)!;
        return new("fault", "an operator", fault.At, fault.Message, null, "Mend the fault, then retry the run; or cancel it.");
    }

    private async Task<WaitingFor?> PersonAsync()
    {
        var open = await tx.ListAsync<ApprovalRow>("SELECT * FROM approvals WHERE run = @Run AND state = 'pending' ORDER BY turn, idx, round", new { run.Run });
        if (open.Count == 0)
        {
            return null;
        }

        var first = open[0];
        var ask = JsonSerializer.Deserialize(first.Ask, AgentsJson.Default.ApprovalAsk)!;
        var who = Entitlement.Approvers(ask) + (ask.RequesterMayDecide ? "" : $", but not {run.RequestedBy}");
        var doubt = first.Kind == ApprovalKinds.InDoubt
            ? await tx.FirstAsync<string>("SELECT failure FROM calls WHERE run = @Run AND turn = @Turn AND idx = @Idx", new { first.Run, first.Turn, first.Idx }) : null;
        var next = first.Kind == ApprovalKinds.InDoubt
            ? $"Find out whether {first.Tool} happened, then decide: happened, runAgain or giveUp."
            : $"{first.Tool} runs when it is approved{(first.ExpiresAt is { } ends ? $"; the time to decide ends {Times.Show(ends)}" : "")}.";
        return new("person", who, Times.Of(first.RequestedAt), doubt, Times.Of(first.ExpiresAt), next) { Approvals = [.. open.Select(row => row.Id)] };
    }

    private async Task<WaitingFor> TimerAsync()
    {
        var failure = await tx.FirstAsync<string>("SELECT failure FROM turns WHERE run = @Run AND turn = @Turn AND reply IS NULL", new { run.Run, run.Turn })
            ?? await tx.FirstAsync<string>("SELECT failure FROM calls WHERE run = @Run AND turn = @Turn AND retry_at IS NOT NULL", new { run.Run, run.Turn });
        var since = await tx.FirstAsync<long?>("SELECT MAX(at) FROM events WHERE run = @Run", new { run.Run }) ?? run.CreatedAt;
        return new("timer", null, Times.Of(since), failure, Times.Of(run.WaitsUntil), "It is tried again by itself.");
    }
}
