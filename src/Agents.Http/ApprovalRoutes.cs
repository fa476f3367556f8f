using System.Text.Json;
using Holdfast.Agents.Approvals;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http;

internal static class ApprovalRoutes
{
    private const int LongestReason = 2000;

    private static readonly string[] Me = ["me"];
    private static readonly string[] Orders = [.. Enum.GetNames<InboxOrder>().Select(JsonNamingPolicy.CamelCase.ConvertName)];

    public static RequestDelegate List(ApiContext api) => async http =>
    {
        RequestQuery.Refuse(http, _ => false, "status", "runId", "waitingFor", "order", "agent", "cursor", "limit");
        var limit = RequestQuery.Limit(http);
        if (RequestQuery.One(http, "waitingFor", Me) is not null)
        {
            await WaitingForMeAsync(api, http, limit);
            return;
        }

        RequestQuery.RefuseBeside(http, "waitingFor", "order", "agent");
        var approvals = await api.System.Queries.ListApprovalsAsync(
            http.Principal(), RequestQuery.One(http, "status", ApprovalView.Statuses), RequestQuery.IdOf(http, "runId", "run"),
            RequestQuery.Cursor(http, "apr"), limit + 1);
        var (items, next) = RequestQuery.Page(approvals, limit, approval => approval.Id);
        await http.Response.WriteAsJsonAsync(new ApprovalPage(items, next), ApiJson.Answers.ApprovalPage);
    };

    public static RequestDelegate Explain(ApiContext api) => async http =>
    {
        RequestQuery.Refuse(http, _ => false, "agent", "tool", "arguments");
        var explanation = await api.System.Queries.ExplainAsync(
            http.Principal(), RequestQuery.Needed(http, "agent"), RequestQuery.Needed(http, "tool"), RequestQuery.One(http, "arguments") ?? "{}");
        await http.Response.WriteAsJsonAsync(explanation, ApiJson.Answers.PolicyExplanation);
    };

    public static RequestDelegate Get(ApiContext api) => async http =>
    {
        RequestQuery.Refuse(http, _ => false);
        var id = RequestQuery.Id(http, "apr");
        var approval = await api.System.Queries.FindApprovalAsync(http.Principal(), id)
            ?? throw new RefusedException(Refusal.NotFound, $"There is no approval '{id}'.");
        await http.Response.WriteAsJsonAsync(approval, ApiJson.Answers.ApprovalView);
    };

    private static async Task WaitingForMeAsync(ApiContext api, HttpContext http, int limit)
    {
        RequestQuery.RefuseAnyOf(http, "waitingFor", "status", "runId");
        var order = RequestQuery.One(http, "order", Orders) is { } word ? Enum.Parse<InboxOrder>(word, ignoreCase: true) : InboxOrder.Age;
        var list = await api.System.Queries.InboxAsync(http.Principal(), new InboxFilter(order, RequestQuery.One(http, "agent"), RequestQuery.Opaque(http), limit));
        await http.Response.WriteAsJsonAsync(new ApprovalPage(list.Items, list.Next is { } next ? RequestQuery.Hide(next) : null), ApiJson.Answers.ApprovalPage);
    }

    public static RequestDelegate Decide(ApiContext api) => async http =>
    {
        RequestQuery.Refuse(http, _ => false);
        var id = RequestQuery.Id(http, "apr");
        var body = await RequestBody.ReadAsync(http, api.Options.BodyLimit);
        var decision = body.Text("decision", required: true, 32);
        var reason = body.Text("reason", required: false, LongestReason);
        var result = body.Any("result");
        var arguments = body.Any("arguments");
        body.Check();
        var approval = await api.System.Decisions.DecideAsync(http.Principal(), id, new Decision(decision!, reason, result, arguments));
        await http.Response.WriteAsJsonAsync(approval, ApiJson.Answers.ApprovalView);
    };
}
