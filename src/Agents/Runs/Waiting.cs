using System.Text.Json;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Runs;

/// <summary>Says on whom or what a run waits.</summary>
/// <param name="open">What persons are asked about it.</param>
/// <param name="votes">What they have said so far.</param>
/// <param name="absent">Its engine, where nobody serves that.</param>
internal sealed class Waiting(StoreTransaction tx, RunRow run, IReadOnlyList<OpenApprovalRow> open, ILookup<string, VoteRow> votes, People people, EngineRow? absent)
{
    /// <summary>What persons are asked about some runs.</summary>
    /// <param name="runs">Their numbers, as SQL.</param>
    public static async Task<ILookup<long, OpenApprovalRow>> OpenAsync(StoreTransaction tx, string runs) => (await tx.ListAsync<OpenApprovalRow>($"""
        SELECT a.*, c.failure AS doubt FROM approvals a LEFT JOIN calls c ON c.run = a.run AND c.turn = a.turn AND c.idx = a.idx
        WHERE a.run IN ({runs}) AND a.state = 'pending' ORDER BY a.run, a.turn, a.idx, a.round
        """)).ToLookup(approval => approval.Run);

    /// <param name="open">What persons are asked.</param>
    public static async Task<ILookup<string, VoteRow>> VotesAsync(StoreTransaction tx, IEnumerable<OpenApprovalRow> open) =>
        (await tx.ListAsync<VoteRow>($"SELECT * FROM votes WHERE approval IN ({string.Join(", ", open.Select(row => $"'{row.Id}'").DefaultIfEmpty("''"))}) ORDER BY approval, seq")).ToLookup(vote => vote.Approval);

    public async Task<WaitingFor?> DescribeAsync() => !run.HasEnded && absent is not null ? Engine(absent) : await WorkAsync();

    /// <summary>Whatever else it waits for: while nobody serves its engine, nothing of the run goes on.</summary>
    private WaitingFor Engine(EngineRow absent) => new("engine", null, Times.Of(absent.RetiredAt ?? absent.Heartbeat), absent.Absence, null, absent.Remedy)
    {
        Approvals = [.. open.Select(row => row.Id)],
    };

    private async Task<WaitingFor?> WorkAsync() => run.Status switch
    {
        RunStatuses.Suspended => new("suspension", run.SuspendedBy, Times.Of(run.SuspendedAt!.Value), null, null, "Nothing begins until somebody resumes the run."),
        RunStatuses.Paused => Paused(),
        RunStatuses.Waiting => Person() ?? await TimerAsync(),
        RunStatuses.Queued => new("engine", null, Times.Of(run.CreatedAt), null, null, "The engine takes it up."),
        _ => null,
    };

    private WaitingFor Paused()
    {
        var fault = JsonSerializer.Deserialize(run.Fault!, AgentsJson.Default.Fault)!;
        return new("fault", "an operator", fault.At, fault.Message, null, "Mend the fault, then retry the run; or cancel it.");
    }

    private WaitingFor? Person()
    {
        if (open.Count == 0)
        {
            return null;
        }

        var first = open[0];
        var ask = Askings.TermsOf(first);
        var electorate = new Electorate(people, ask, run, first.Escalations);
        var canFill = electorate.CanFill(first.Stage, [.. votes[first.Id]]);
        var who = canFill
            ? electorate.Approvers(first.Stage) + (ask.RequesterMayDecide ? "" : $", but not {string.Join(" or ", run.Requesters)}")
            : $"role:{Roles.Admin}, because nobody who is left could fill the stage of {electorate.Approvers(first.Stage)}";
        var doubt = first.Kind == ApprovalKinds.InDoubt ? first.Doubt : null;
        var next = first.Kind == ApprovalKinds.InDoubt
            ? $"Find out whether {first.Tool} happened, then decide: happened, runAgain or giveUp."
            : $"{(first.Kind == ApprovalKinds.Question ? "The agent goes on when it is answered" : $"{first.Tool} runs when it is approved")}{(first.ExpiresAt is { } ends ? $"; the time to decide ends {Times.Show(ends)}" : "")}.";
        return new("person", who, Times.Of(first.RequestedAt), doubt, Times.Of(first.ExpiresAt), next)
        {
            Approvals = [.. open.Select(row => row.Id)],
            Asked = [.. electorate.Asked(ask.Stages[first.Stage], [.. votes[first.Id]]).Select(person => person.Name)],
            IsForAdministrator = !canFill,
        };
    }

    private async Task<WaitingFor> TimerAsync()
    {
        var failure = await tx.FirstAsync<string>("SELECT failure FROM turns WHERE run = @Run AND turn = @Turn AND reply IS NULL", new { run.Run, run.Turn })
            ?? await tx.FirstAsync<string>("SELECT failure FROM calls WHERE run = @Run AND turn = @Turn AND retry_at IS NOT NULL", new { run.Run, run.Turn });
        var since = await tx.FirstAsync<long?>("SELECT MAX(at) FROM events WHERE run = @Run", new { run.Run }) ?? run.CreatedAt;
        return new("timer", null, Times.Of(since), failure, Times.Of(run.WaitsUntil), "It is tried again by itself.");
    }
}

/// <summary>An approval that waits for a decision, and why its call is in doubt where it is.</summary>
internal sealed class OpenApprovalRow : ApprovalRow
{
    public string? Doubt { get; init; }
}
