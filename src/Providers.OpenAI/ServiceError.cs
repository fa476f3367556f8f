using System.ClientModel.Primitives;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Holdfast.Agents.Models;

namespace Holdfast.Providers.OpenAI;

/// <summary>What a service said of its failure, reduced to its codes. Its sentence is not kept: it may quote the prompt, and
/// on a refused key part of the key.</summary>
/// <param name="Status">The HTTP status; 0 when the failure was the content of a reply.</param>
/// <param name="Codes">The error's <c>code</c>, Azure's inner code and its <c>type</c>: those that are there and are plain words.</param>
/// <param name="Param">The field of the request that is at fault, where the service names one.</param>
/// <param name="RequestId">What the service's support asks for.</param>
internal sealed partial record ServiceError(int Status, IReadOnlyList<string> Codes, string? Param = null, string? RequestId = null)
{
    // Waiting does not refill an account, and the person at the run cannot either.
    private static readonly string[] Quota = ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"];
    private static readonly string[] Refused =
        ["content_filter", "content_policy_violation", "image_content_policy_violation", "ResponsibleAIPolicyViolation", "invalid_prompt"];
    private static readonly string[] TooLong = ["context_length_exceeded", "string_above_max_length", "exceed_context_size_error"];

    public static ServiceError Read(PipelineResponse response, string? key)
    {
        var id = Header("x-request-id") ?? Header("apim-request-id");
        try
        {
            using var body = JsonDocument.Parse(response.Content);
            var root = body.RootElement;
            var error = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var nested) ? nested : root;
            if (error.ValueKind == JsonValueKind.Object)
            {
                return new(response.Status, ReadCodes(error, key), Word(error, "param", key), id);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A proxy's page, or a body cut short: the status is all there is.
        }
        return new(response.Status, [], RequestId: id);

        string? Header(string name) => response.Headers.TryGetValue(name, out var value) ? Plain(value, key) : null;
    }

    /// <summary>The failure that a reply itself reports.</summary>
    public static ServiceError OfReply(string? code, string? key) => new(0, Plain(code, key) is { } word ? [word] : ["no code"]);

    /// <summary>Whether the service refused the field <paramref name="param"/> of the request.</summary>
    public bool Blames(string param) => Status == 400 && string.Equals(Param, param, StringComparison.Ordinal);

    /// <summary>The failure under the fault of who has to move.</summary>
    public ModelException ToException(string model, OpenAIModelOptions options, TimeSpan? retryAfter = null)
    {
        var (fault, fact) = Sort(options);
        return new(fault, $"Model '{model}' at {options.Host} {fact} ({Details()})", fault == ModelFault.Retry ? retryAfter : null);
    }

    private (ModelFault Fault, string Fact) Sort(OpenAIModelOptions options) => Status switch
    {
        402 => (ModelFault.Ours, OutOfQuota),
        _ when HasAny(Quota) => (ModelFault.Ours, OutOfQuota),
        _ when HasAny(Refused) => (ModelFault.GiveUp, RefusedContent),
        413 => (ModelFault.GiveUp, LongerThanTheContext),
        _ when HasAny(TooLong) => (ModelFault.GiveUp, LongerThanTheContext),
        0 => (ModelFault.Retry, "gave up on its reply."),
        408 or 504 => (ModelFault.Retry, "took too long."),
        409 => (ModelFault.Retry, "met a conflict with another request."),
        425 or 429 => (ModelFault.Retry, "is asked more often than its rate limit allows."),
        501 => (ModelFault.Ours, NotThere(options)),
        >= 500 => (ModelFault.Retry, "failed on its side."),
        401 => (ModelFault.Ours,
            $"refused the key. Set ApiKey to a key of this endpoint and KeyHeader (now {options.KeyHeader}) to the header it reads."),
        403 => (ModelFault.Ours,
            "forbids the call. Give the key's project or role access to the model, and this machine's address access to the endpoint."),
        404 => (ModelFault.Ours, NotThere(options)),
        _ => (ModelFault.Ours, "does not accept the request. Look at the field named, if one is, "
            + $"among the model's settings and the tools' schemas; Api is {options.Api}."),
    };

    private const string OutOfQuota = "is out of quota: the account's money or limit is used up. Add to it, or set another key.";
    private const string RefusedContent = "refused the content of the request. "
        + "Asking again will not help: change what was asked, or the content filter.";
    private const string LongerThanTheContext = "was sent more than its context holds. "
        + "Asking again will not help: shorten the conversation, or set a model with a larger context.";

    private static string NotThere(OpenAIModelOptions options) =>
        "was not found. Set Model to a model or deployment the endpoint has, Endpoint to its v1 address, "
        + $"and Api (now {options.Api}) to one it speaks.";

    private string Details()
    {
        string?[] parts =
        [
            Status > 0 ? string.Create(CultureInfo.InvariantCulture, $"HTTP {Status}") : null,
            .. Codes,
            Param is null ? null : $"field {Param}",
            RequestId is null ? null : $"request {RequestId}",
        ];
        return string.Join(", ", parts.Where(part => part is not null));
    }

    private bool HasAny(string[] codes) => Codes.Any(code => codes.Contains(code, StringComparer.OrdinalIgnoreCase));

    private static List<string> ReadCodes(JsonElement error, string? key)
    {
        var inner = error.TryGetProperty("innererror", out var nested) && nested.ValueKind == JsonValueKind.Object
            ? Word(nested, "code", key)
            : null;
        var codes = new[] { Word(error, "code", key), inner, Word(error, "type", key) }.OfType<string>().ToList();
        // Servers without a code of their own for it say so in words; the words decide and are not repeated.
        if (error.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String
            && message.GetString()!.Contains("maximum context length", StringComparison.OrdinalIgnoreCase))
        {
            codes.Insert(0, TooLong[0]);
        }

        return codes.Distinct().ToList();
    }

    private static string? Word(JsonElement error, string name, string? key) =>
        error.TryGetProperty(name, out var value) ? value.ValueKind switch
        {
            JsonValueKind.String => Plain(value.GetString(), key),
            JsonValueKind.Number => Plain(value.GetRawText(), key),
            _ => null,
        } : null;

    private static string? Plain(string? text, string? key) =>
        text is not null && PlainWord().IsMatch(text) && (key is null || !text.Contains(key, StringComparison.Ordinal)) ? text : null;

    [GeneratedRegex(@"\A[A-Za-z0-9_.\[\]-]{1,64}\z")]
    private static partial Regex PlainWord();
}
