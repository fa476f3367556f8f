using Holdfast.Agents.Approvals;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Runs;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>A run with its time line, so that who decides sees what led here.</summary>
internal static class RunPages
{
    private const int MostEntries = 80;

    public static RequestDelegate Get(ApiContext api) => async http =>
    {
        var visitor = await Visitor.AdmitAsync(api, http, Roles.Read);
        var id = RequestQuery.Id(http, "run");
        var queries = api.System.Queries;
        var run = await queries.FindAsync(visitor.Principal, id) ?? throw RunRoutes.NotFound(id);
        var since = run.Usage.Turns - MostEntries; // each turn is one entry at least
        var transcript = await queries.TranscriptAsync(visitor.Principal, id, since) ?? [];
        var approvals = await queries.ListApprovalsAsync(visitor.Principal, null, id, null, 200);
        var describe = await queries.DescribeAsync(run.AgentVersion);
        var named = await visitor.NamesAsync(api, [run.RequestedBy, run.CreatedBy, run.WaitingFor?.Who, .. approvals.Select(approval => approval.DecidedBy)]);
        var first = run.WaitingFor is { Approvals: [var open, ..] } ? approvals.FirstOrDefault(approval => approval.Id == open) : null;
        await api.Pages.WriteAsync(http, new RunPage
        {
            Reader = visitor.Reader,
            Now = visitor.Now,
            SignedIn = visitor.SignedIn(api, http),
            Id = run.Id,
            Agent = run.Agent,
            Model = run.Model,
            RequestedBy = named(run.RequestedBy),
            Status = run.Status,
            CreatedAt = run.CreatedAt,
            EndedAt = run.EndedAt,
            WaitingFor = new WaitingWords(run, visitor.Reader, named).Of(first),
            Open = [.. approvals.Where(approval => approval.Status == "pending").Select(approval => new OpenApproval(ApprovalFilling.SentenceOf(approval, describe.GetValueOrDefault(approval.Tool), visitor.Reader), $"/approvals/{approval.Id}"))],
            Outcome = run.Outcome?.Kind,
            Cause = run.Outcome?.Cause ?? run.Fault?.Message,
            Unknown = [.. (run.Outcome?.Unknown ?? []).Select(call => $"{call.Tool} (turn {call.Turn})")],
            TimeLine = Newest(id, since > 1, [.. TimeLines.Of(transcript, named(run.RequestedBy)).Concat(approvals.Select(approval => OfApproval(approval, describe, visitor, named))).OrderBy(entry => entry.At ?? DateTimeOffset.MaxValue)]),
        });
    };

    /// <summary>What the run began with, and what is newest: a run of many turns is no longer a page than another.</summary>
    private static IReadOnlyList<TimeLineEntry> Newest(string id, bool hasMore, IReadOnlyList<TimeLineEntry> entries) => !hasMore && entries.Count <= MostEntries ? entries :
    [
        entries[0],
        new(TimeLineKind.Step, null) { Text = $"What came next is not shown here. The API has all of it: /api/runs/{id}/transcript." },
        .. entries.Skip(1).TakeLast(MostEntries),
    ];

    private static TimeLineEntry OfApproval(ApprovalView approval, IReadOnlyDictionary<string, string> describe, Visitor visitor, Func<string, string> named)
    {
        var verdict = ApprovalFilling.VerdictOf(approval, named);
        return new(TimeLineKind.Approval, verdict?.At ?? approval.RequestedAt)
        {
            Who = verdict?.By, Sentence = ApprovalFilling.SentenceOf(approval, describe.GetValueOrDefault(approval.Tool), visitor.Reader), Verdict = verdict?.Kind, Address = $"/approvals/{approval.Id}",
        };
    }
}
