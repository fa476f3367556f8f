using System.Globalization;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http;

internal static class RunRoutes
{
    private const int LongestInput = 256 * 1024;
    private const int MostMetadata = 20;

    public static RequestDelegate Start(ApiContext api) => async http =>
    {
        var wait = RequestQuery.Wait(http);
        var key = RequestQuery.IdempotencyKey(http);
        RequestQuery.Refuse(http, _ => false);
        var body = await RequestBody.ReadAsync(http, api.Options.BodyLimit);
        var agent = body.Text("agent", required: true, 64);
        var input = body.Text("input", required: true, LongestInput);
        var requestedBy = body.Text("requestedBy", required: false, 200);
        var metadata = body.Texts("metadata", MostMetadata, longest: 500);
        body.Check();

        using var one = wait > TimeSpan.Zero ? api.Open.Open(http.Principal()) : null; // before anything is accepted
        var (id, _) = await api.System.Runs.StartAsync(http.Principal(), new RunSubmission(agent!, input!, requestedBy, metadata), key);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, api.Options.Stopping);
        var run = await ShownAsync();
        if (wait is { } seconds)
        {
            http.Response.Headers["Preference-Applied"] = string.Create(CultureInfo.InvariantCulture, $"wait={(int)seconds.TotalSeconds}");
        }

        http.Response.Headers.Location = $"/api/runs/{id}";
        http.Response.StatusCode = run?.Status == RunStatuses.Ended ? StatusCodes.Status200OK : StatusCodes.Status202Accepted;
        await (run is null ? http.Response.WriteAsJsonAsync(new RunReceipt(id, RunStatuses.Queued, RunLinks.Of(id)), ApiJson.Answers.RunReceipt) : WriteAsync(http, run));

        // Null where the store does not answer any more: refused for that, what was accepted would be sent a second time.
        async Task<RunView?> ShownAsync()
        {
            try
            {
                var run = await api.System.Queries.WaitForEndAsync(http.Principal(), id, wait ?? TimeSpan.Zero, stop.Token);
                return one is null || await Admission.IsStillKnownAsync(http, api.Options) ? run
                    : throw Admission.Unauthorized("Who asked is not known any more, so the run is not shown. It was accepted, and goes on: look it up with a key that is good.");
            }
            catch (Exception e) when (e is StoreUnavailableException or ObjectDisposedException)
            {
                return null;
            }
        }
    };

    public static RequestDelegate List(ApiContext api) => async http =>
    {
        RequestQuery.Refuse(http, name => name.StartsWith("metadata.", StringComparison.Ordinal), "status", "agent", "metadata.NAME", "cursor", "limit");
        var limit = RequestQuery.Limit(http);
        var filter = new RunFilter(
            RequestQuery.One(http, "status", RunStatuses.All), RequestQuery.One(http, "agent"), Metadata(http), RequestQuery.Cursor(http, "run"), limit + 1);
        var (runs, next) = RequestQuery.Page(await api.System.Queries.ListAsync(http.Principal(), filter), limit, run => run.Id);
        await http.Response.WriteAsJsonAsync(new RunPage([.. runs.Select(RunAnswer.Of)], next), ApiJson.Answers.RunPage);
    };

    public static RequestDelegate Get(ApiContext api) => async http =>
    {
        RequestQuery.Refuse(http, _ => false);
        await WriteAsync(http, await FindAsync(api, http));
    };

    public static RequestDelegate Transcript(ApiContext api) => async http =>
    {
        RequestQuery.Refuse(http, _ => false);
        var id = RequestQuery.Id(http, "run");
        var items = await api.System.Queries.TranscriptAsync(http.Principal(), id) ?? throw NotFound(id);
        await http.Response.WriteAsJsonAsync(new TranscriptAnswer(items), ApiJson.Answers.TranscriptAnswer);
    };

    public static RequestDelegate Cancel(ApiContext api) => Change(api, (principal, id) => api.System.Runs.CancelAsync(principal, id));

    public static RequestDelegate Suspend(ApiContext api) => Change(api, (principal, id) => api.System.Runs.SuspendAsync(principal, id));

    public static RequestDelegate Resume(ApiContext api) => Change(api, (principal, id) => api.System.Runs.ResumeAsync(principal, id));

    public static RequestDelegate Retry(ApiContext api) => Change(api, (principal, id) => api.System.Runs.RetryAsync(principal, id));

    public static RefusedException NotFound(string id) => new(Refusal.NotFound, $"There is no run '{id}'.");

    /// <summary>Accepted, and shown as it is then: what was asked for happens at the run's next step. What was said in it is shown to who may read it.</summary>
    private static RequestDelegate Change(ApiContext api, Func<Principal, string, Task> change) => async http =>
    {
        RequestQuery.Refuse(http, _ => false);
        var id = RequestQuery.Id(http, "run");
        await RequestBody.RefuseFieldsAsync(http, api.Options.BodyLimit);
        await change(http.Principal(), id);
        ErrorPages.Accepted(http);
        http.Response.StatusCode = StatusCodes.Status202Accepted;
        var run = await FindAsync(api, http);
        await (MayRead(http.Principal(), run) ? WriteAsync(http, run) : http.Response.WriteAsJsonAsync(RunReceipt.Of(run), ApiJson.Answers.RunReceipt));
    };

    private static bool MayRead(Principal principal, RunView run) =>
        principal.Has(Roles.Read) || principal.Has(Roles.Admin) || principal.Id == run.RequestedBy || principal.Id == run.CreatedBy;

    private static Dictionary<string, string> Metadata(HttpContext http)
    {
        var names = http.Request.Query.Keys.Where(name => name.StartsWith("metadata.", StringComparison.Ordinal)).ToList();
        return names.Count <= MostMetadata ? names.ToDictionary(name => name["metadata.".Length..], name => RequestQuery.One(http, name)!)
            : throw ProblemException.BadField("metadata", $"{names.Count} metadata names are given; a run has at most {MostMetadata}. Leave some out.");
    }

    private static async Task<RunView> FindAsync(ApiContext api, HttpContext http)
    {
        var id = RequestQuery.Id(http, "run");
        return await api.System.Queries.FindAsync(http.Principal(), id) ?? throw NotFound(id);
    }

    private static Task WriteAsync(HttpContext http, RunView run) => http.Response.WriteAsJsonAsync(RunAnswer.Of(run), ApiJson.Answers.RunAnswer);
}
