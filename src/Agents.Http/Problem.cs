using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Holdfast.Agents.Http;

/// <summary>An error as RFC 9457 has it.</summary>
/// <param name="Detail">The fact and the remedy.</param>
/// <param name="Errors">Which fields are at fault, where some are.</param>
internal sealed record Problem(string Type, string Title, int Status, string Detail, IReadOnlyList<FieldError>? Errors = null)
{
    public const string ContentType = "application/problem+json; charset=utf-8";

    /// <summary>Seconds after which the same request may fare better; null where it will not.</summary>
    [JsonIgnore]
    public int? RetryAfter { get; init; }

    /// <summary>How to say who asks, in a 401.</summary>
    [JsonIgnore]
    public string? Challenge { get; init; }

    public static Problem Of(int status, string detail, params FieldError[] errors) =>
        new("about:blank", ReasonPhrases.GetReasonPhrase(status), status, detail, errors.Length == 0 ? null : errors);

    public static Problem Of(RefusedException refused) => Of(refused.Refusal switch
    {
        Refusal.Invalid => StatusCodes.Status400BadRequest,
        Refusal.Forbidden => StatusCodes.Status403Forbidden,
        Refusal.NotFound => StatusCodes.Status404NotFound,
        Refusal.Conflict => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status410Gone,
    }, refused.Message, refused.Field is { } field ? [new FieldError(field, refused.Message)] : []);

    public async Task WriteAsync(HttpContext http)
    {
        var allow = http.Response.Headers.Allow;
        http.Response.Clear();
        http.Response.StatusCode = Status;
        http.Response.Headers.Allow = allow;
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.WWWAuthenticate = Challenge;
        http.Response.Headers.RetryAfter = RetryAfter?.ToString(CultureInfo.InvariantCulture);
        await http.Response.WriteAsJsonAsync(this, ApiJson.Answers.Problem, ContentType, http.RequestAborted);
    }
}

internal sealed record FieldError(string Field, string Message);

/// <summary>A request that is answered with a problem.</summary>
internal sealed class ProblemException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;

    public static ProblemException BadField(string field, string message) =>
        new(Problem.Of(StatusCodes.Status400BadRequest, message, new FieldError(field, message)));
}
