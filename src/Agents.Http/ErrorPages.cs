using Holdfast.Agents.Http.Pages.Serving;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Holdfast.Sqlite;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Http;

/// <summary>Every error leaves as a problem; none as a stack trace.</summary>
internal sealed class ErrorPages(RequestDelegate next, long bodyLimit, PageAnswers pages, ILogger logger)
{
    private const string Unseen = "This was accepted, and cannot be shown: the store does not answer now. Look it up later.";

    private static readonly object AcceptedKey = new();

    /// <summary>What the request asks for is stored: whatever happens from now on, only the answer is at stake.</summary>
    public static void Accepted(HttpContext http) => http.Items[AcceptedKey] = true;

    public async Task InvokeAsync(HttpContext http)
    {
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.CacheControl = "no-store";
        try
        {
            await next(http);
            if (http.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null } response)
            {
                await Bare(http, response.StatusCode).WriteAsync(http);
            }
        }
        catch (Exception e) when (http.RequestAborted.IsCancellationRequested)
        {
            logger.LogDebug(e, "The client has gone.");
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            await (http.GetEndpoint()?.Metadata.GetMetadata<PageRoute>() is null ? Describe(http, e).WriteAsync(http) : pages.WriteAsync(http, e, Describe));
        }
    }

    private static Problem Bare(HttpContext http, int status) => status switch
    {
        StatusCodes.Status404NotFound => Problem.Of(status, "There is nothing at this path. The API is described at /openapi/v1.json."),
        StatusCodes.Status405MethodNotAllowed => Problem.Of(status, $"This path does not take {http.Request.Method}. It takes: {http.Response.Headers.Allow}."),
        _ => Problem.Of(status, "The request was refused."),
    };

    private Problem Describe(HttpContext http, Exception exception)
    {
        switch (exception)
        {
            case ProblemException problem:
                return problem.Problem;
            case RefusedException refused:
                return Problem.Of(refused);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return RequestBody.TooLarge(bodyLimit).Problem;
            case BadHttpRequestException bad:
                return Problem.Of(bad.StatusCode, "The request could not be read. Check its framing and length.");
            case DatabaseFullException full:
                return Problem.Of(StatusCodes.Status507InsufficientStorage, $"Nothing was accepted: {full.Message}") with { RetryAfter = 10 };
            case StoreUnavailableException away:
                logger.LogWarning("Request {Id} was refused: {Message}", http.TraceIdentifier, away.Message);
                var became = http.Items.ContainsKey(AcceptedKey) ? Unseen : away.MayBeStored
                    ? "The store stopped answering while it was to store this, so it is not known whether it did. Look it up, or send the request again under the same Idempotency-Key if it had one."
                    : "The store does not answer now. Nothing was accepted; try again.";
                return Problem.Of(StatusCodes.Status503ServiceUnavailable, became) with { RetryAfter = 5 };
            case EngineUnavailableException or ObjectDisposedException:
                return Problem.Of(StatusCodes.Status503ServiceUnavailable, http.Items.ContainsKey(AcceptedKey) ? Unseen : "The host is stopping or cannot take work now. Nothing was accepted; try again.") with { RetryAfter = 1 };
            default:
                var id = http.TraceIdentifier;
                logger.LogError(exception, "Request {Id} failed: {Method} {Path}", id, http.Request.Method, Shown.Short(http.Request.Path.Value ?? ""));
                return Problem.Of(StatusCodes.Status500InternalServerError, $"This is a fault of ours. The host's log has it under request {id}.");
        }
    }
}
