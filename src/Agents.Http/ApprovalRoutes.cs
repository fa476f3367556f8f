using Holdfast.Agents.Approvals;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http;

internal static class ApprovalRoutes
{
    private const int LongestReason = 2000;

    public static RequestDelegate List(ApiContext api) => async http =>
    {
        RequestQuery.Refuse(http, _ => false, "status", "runId", "cursor", "limit");
        var limit = RequestQuery.Limit(http);
        var approvals = await api.System.Queries.ListApprovalsAsync(
            http.Principal(), RequestQuery.One(http, "status", ApprovalView.Statuses), RequestQuery.IdOf(http, "runId", "run"),
            RequestQuery.Cursor(http, "apr"), limit + 1);
        var (items, next) = RequestQuery.Page(approvals, limit, approval => approval.Id);
        await http.Response.WriteAsJsonAsync(new ApprovalPage(items, next), ApiJson.Answers.ApprovalPage);
    };

    public static RequestDelegate Get(ApiContext api) => async http =>
    {
        RequestQuery.Refuse(http, _ => false);
        var id = RequestQuery.Id(http, "apr");
        var approval = await api.System.Queries.FindApprovalAsync(http.Principal(), id)
            ?? throw new RefusedException(Refusal.NotFound, $"There is no approval '{id}'.");
        await http.Response.WriteAsJsonAsync(approval, ApiJson.Answers.ApprovalView);
    };

    public static RequestDelegate Decide(ApiContext api) => async http =>
    {
        RequestQuery.Refuse(http, _ => false);
        var id = RequestQuery.Id(http, "apr");
        var body = await RequestBody.ReadAsync(http, api.Options.BodyLimit);
        var decision = body.Text("decision", required: true, 32);
        var reason = body.Text("reason", required: false, LongestReason);
        var result = body.Any("result");
        body.Check();
        var approval = await api.System.Decisions.DecideAsync(http.Principal(), id, new Decision(decision!, reason, result));
        await http.Response.WriteAsJsonAsync(approval, ApiJson.Answers.ApprovalView);
    };
}
