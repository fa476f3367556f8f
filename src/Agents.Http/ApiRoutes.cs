using Holdfast.Agents.Identity;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http;

/// <summary>Every route. openapi.json describes the same; a test holds the two together.</summary>
internal static class ApiRoutes
{
    public static readonly IReadOnlyList<ApiRoute> All =
    [
        new("POST", "/api/runs", Roles.Submit, RunRoutes.Start),
        new("GET", "/api/runs", Roles.Read, RunRoutes.List),
        new("GET", "/api/runs/{id}", Roles.Read, RunRoutes.Get),
        new("GET", "/api/runs/{id}/transcript", Roles.Read, RunRoutes.Transcript),
        new("GET", "/api/runs/{id}/events", Roles.Read, EventStream.Get, "text/event-stream"),
        new("POST", "/api/runs/{id}/cancel", Roles.Submit, RunRoutes.Cancel),
        new("POST", "/api/runs/{id}/suspend", Roles.Submit, RunRoutes.Suspend),
        new("POST", "/api/runs/{id}/resume", Roles.Submit, RunRoutes.Resume),
        new("POST", "/api/runs/{id}/retry", Roles.Submit, RunRoutes.Retry),
        new("GET", "/api/approvals", Roles.Read, ApprovalRoutes.List),
        new("GET", "/api/approvals/{id}", Roles.Read, ApprovalRoutes.Get),
        new("POST", "/api/approvals/{id}/decision", Roles.Approve, ApprovalRoutes.Decide),
        new("GET", "/api/policies/explain", Roles.Read, ApprovalRoutes.Explain),
        new("GET", "/health/live", null, _ => HealthRoutes.Live),
        new("GET", "/health/ready", null, HealthRoutes.Ready),
        new("GET", "/openapi/v1.json", null, _ => OpenApi),
    ];

    private static async Task OpenApi(HttpContext http)
    {
        await using var document = typeof(ApiRoutes).Assembly.GetManifestResourceStream("openapi.json")!;
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.Headers.CacheControl = "no-cache";
        await document.CopyToAsync(http.Response.Body, http.RequestAborted);
    }
}

internal static class HealthRoutes
{
    public static Task Live(HttpContext http) => http.Response.WriteAsJsonAsync(new Health("live"), ApiJson.Answers.Health);

    // Anybody may ask this, and as often as they like: the store is asked once in a while, and the answer does not say which.
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(2);

    public static RequestDelegate Ready(ApiContext api)
    {
        var degraded = new Remembered<string?>(() => DegradedAsync(api.System), AskAgain, api.Options.Time);
        return async http =>
        {
            if (api.Options.NotReady() is { } fact)
            {
                http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                http.Response.Headers.RetryAfter = "1";
                await http.Response.WriteAsJsonAsync(new Health("notReady", fact), ApiJson.Answers.Health);
                return;
            }

            await http.Response.WriteAsJsonAsync(await degraded.GetAsync() is { } detail ? new Health("degraded", detail) : new Health("ready"), ApiJson.Answers.Health);
        };
    }

    /// <summary>What an operator should see to; null when all is well. It names no address, and no run.</summary>
    private static async Task<string?> DegradedAsync(AgentSystem system)
    {
        var (engines, channels) = (await system.Engines.DegradedAsync(), await system.Channels.FailingAsync());
        string[] facts =
        [
            .. engines.Count == 0 ? Array.Empty<string>() : [$"Engines that have runs and that nobody serves: {engines.Count}. The list of engines says which."],
            .. channels.Count == 0 ? Array.Empty<string>() : [$"Channels that did not take their last message: {string.Join(", ", channels)}. The messages of an approval say why."],
        ];
        return facts.Length == 0 ? null : string.Join(' ', facts);
    }
}
