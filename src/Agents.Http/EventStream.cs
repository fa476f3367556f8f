using System.Globalization;
using System.Text;
using System.Text.Json;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Holdfast.Sqlite;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http;

/// <summary>A run's steps as server-sent events: those of the past, then each as it is committed, until the run has ended or
/// the stream has been open for as long as it may.</summary>
internal static class EventStream
{
    // Proxies close what is silent; a comment is nothing to a reader.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);
    private const string ComeBack = "retry: 2000\n\n";

    public static RequestDelegate Get(ApiContext api) => async http =>
    {
        RequestQuery.Refuse(http, _ => false);
        var id = RequestQuery.Id(http, "run");
        var after = LastEventId(http);
        using var one = api.Open.Open(http.Principal());
        if (await ReadAsync(api, http, id, after) is { HasEnded: true, Items.Count: 0 })
        {
            // A browser connects again after every end, until it is told this.
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        http.Response.ContentType = "text/event-stream; charset=utf-8";
        if (HttpMethods.IsHead(http.Request.Method))
        {
            return;
        }

        using var longest = new CancellationTokenSource(api.Options.LongestStream, api.Options.Time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, api.Options.Stopping, longest.Token);
        try
        {
            await FollowAsync(api, http, id, after, stop.Token);
        }
        catch (OperationCanceledException) when (api.Options.Stopping.IsCancellationRequested || longest.IsCancellationRequested)
        {
            await http.Response.WriteAsync(ComeBack, http.RequestAborted);
        }
        catch (Exception e) when (http.Response.HasStarted && IsAway(e))
        {
            await http.Response.WriteAsync(ComeBack, http.RequestAborted); // what has gone out is whole: it goes on behind it
        }
    };

    private static bool IsAway(Exception e) => e is StoreUnavailableException or DatabaseException or EngineUnavailableException or ObjectDisposedException;

    private static async Task FollowAsync(ApiContext api, HttpContext http, string id, long after, CancellationToken stop)
    {
        var silentSince = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var changed = api.System.Watch.NextAsync(id, LookAgain, stop);
            if (!await Admission.IsStillKnownAsync(http, api.Options))
            {
                return; // who comes again is told why
            }

            var (ended, events) = await ReadAsync(api, http, id, after);
            foreach (var one in events)
            {
                after = one.Seq;
                await http.Response.WriteAsync(Format(one), stop);
            }

            if (events.Count > 0)
            {
                silentSince = TimeProvider.System.GetTimestamp();
                await http.Response.Body.FlushAsync(stop);
                continue; // more may be there than one read returns
            }

            if (ended)
            {
                return;
            }

            if (TimeProvider.System.GetElapsedTime(silentSince) > Silence)
            {
                silentSince = TimeProvider.System.GetTimestamp();
                await http.Response.WriteAsync(": still here\n\n", stop);
            }

            await http.Response.Body.FlushAsync(stop);
            await changed;
        }
    }

    private static async Task<EventPage> ReadAsync(ApiContext api, HttpContext http, string id, long after) =>
        await api.System.Queries.EventsAsync(http.Principal(), id, after) ?? throw RunRoutes.NotFound(id);

    private static string Format(RunEvent one) => new StringBuilder()
        .Append(CultureInfo.InvariantCulture, $"id: {one.Seq}\nevent: {one.Type}\n")
        .Append("data: ").Append(JsonSerializer.Serialize(one, ApiJson.Answers.RunEvent)).Append("\n\n").ToString();

    private static long LastEventId(HttpContext http)
    {
        var text = http.Request.Headers["Last-Event-ID"].ToString();
        return text.Length == 0 ? 0
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seq) ? seq
            : throw ProblemException.BadField("Last-Event-ID", "Last-Event-ID is not a number. Send the id of the last event that arrived, or leave the header out.");
    }
}
