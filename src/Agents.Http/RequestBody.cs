using System.Text;
using System.Text.Json;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Holdfast.Agents.Http;

/// <summary>A JSON object that a client sent. Every field is asked for by name and type; whatever was not asked for is refused.</summary>
internal sealed class RequestBody
{
    private const int MostErrors = 20;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly JsonElement root;
    private readonly List<string> known = [];
    private readonly List<FieldError> errors = [];

    private RequestBody(JsonElement root) => this.root = root;

    /// <exception cref="ProblemException">Not JSON, not an object, too large, too deep, a key twice, another content type.</exception>
    public static async Task<RequestBody> ReadAsync(HttpContext http, long limit)
    {
        CheckType(http.Request);
        var text = await TextAsync(http, limit);
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status400BadRequest, "The body is empty. Send a JSON object."));
        }

        try
        {
            var root = CanonicalJson.Parse(text);
            CanonicalJson.Write(root); // refuses what somebody would have to guess at later: half a surrogate pair, a number that no double holds
            return root.ValueKind == JsonValueKind.Object ? new RequestBody(root)
                : throw new ProblemException(Problem.Of(StatusCodes.Status400BadRequest, $"The body is {JsonPlace.Show(root)}. Send a JSON object."));
        }
        catch (JsonRefusedException e)
        {
            throw e.Path.Length == 0
                ? new ProblemException(Problem.Of(StatusCodes.Status400BadRequest, e.Message))
                : ProblemException.BadField(Shown.Short(e.Path), e.Message.Replace(e.Path, Shown.Short(e.Path), StringComparison.Ordinal));
        }
    }

    /// <summary>For a request that says everything by its address: no body, or an object without fields.</summary>
    /// <exception cref="ProblemException">There is more in it than that.</exception>
    public static async Task RefuseFieldsAsync(HttpContext http, long limit)
    {
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true && http.Request.ContentLength != 0)
        {
            (await ReadAsync(http, limit)).Check();
        }
    }

    public string? Text(string field, bool required, int longest)
    {
        known.Add(field);
        if (!root.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return required ? Bad(field, $"{field} is missing. Give a text.") : null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            return Bad(field, $"{field} is {JsonPlace.Show(value)}. Give a text.");
        }

        var text = value.GetString()!;
        return required && string.IsNullOrWhiteSpace(text) ? Bad(field, $"{field} is empty. Give a text.")
            : text.Length > longest ? Bad(field, $"{field} has {text.Length} characters; at most {longest} are taken. Shorten it.")
            : text.Contains('\0') ? Bad(field, $"{field} has the character U+0000, which no text here can hold. Take it out.") : text;
    }

    public IReadOnlyDictionary<string, string>? Texts(string field, int most, int longest)
    {
        known.Add(field);
        if (!root.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            Bad(field, $"{field} is {JsonPlace.Show(value)}. Give an object of texts.");
            return null;
        }

        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.String || member.Name.Length is 0 or > 64 || member.Value.GetString()!.Length > longest
                || member.Name.Contains('\0') || member.Value.GetString()!.Contains('\0'))
            {
                var shown = $"{field}.{Shown.Short(member.Name)}";
                Bad(shown, $"{shown} is not a text of at most {longest} characters, none of them U+0000, under a name of 1 to 64. Give one.");
                continue;
            }

            texts.Add(member.Name, member.Value.GetString()!);
        }

        if (texts.Count > most)
        {
            Bad(field, $"{field} has {texts.Count} members; at most {most} are taken. Leave some out.");
        }

        return texts;
    }

    public JsonElement? Any(string field)
    {
        known.Add(field);
        return root.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>Called last: refuses fields that were never asked for, and everything that was wrong, at once.</summary>
    /// <exception cref="ProblemException">Something was wrong.</exception>
    public void Check()
    {
        foreach (var member in root.EnumerateObject().Where(member => !known.Contains(member.Name, StringComparer.Ordinal)).Take(MostErrors))
        {
            var shown = Shown.Short(member.Name);
            Bad(shown, known.Count == 0 ? $"Unknown field '{shown}'. Nothing is taken here; send no body."
                : $"Unknown field '{shown}'.{NearestName.Hint(shown, known)} Known: {string.Join(", ", known)}.");
        }

        if (errors.Count > 0)
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status400BadRequest, string.Join(" ", errors.Select(e => e.Message)), [.. errors]));
        }
    }

    private static void CheckType(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !(type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase)))
        {
            throw Unsupported($"The body is {(request.ContentType is { } given ? $"'{Shown.Short(given)}'" : "of no stated type")}. Send JSON, with Content-Type: application/json.");
        }

        if (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            throw Unsupported($"The body is in '{Shown.Short(type.Charset.ToString())}'. Send JSON in UTF-8.");
        }

        if (request.Headers.ContentEncoding is { Count: > 0 } encoding && encoding != "identity")
        {
            throw Unsupported($"The body is encoded ('{Shown.Short(encoding.ToString())}'). Send it as it is, without Content-Encoding.");
        }
    }

    private static ProblemException Unsupported(string message) => new(Problem.Of(StatusCodes.Status415UnsupportedMediaType, message));

    private static async Task<string> TextAsync(HttpContext http, long limit)
    {
        if (http.Request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await http.Request.Body.ReadAsync(chunk, http.RequestAborted)) > 0)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > limit)
            {
                throw TooLarge(limit);
            }
        }

        try
        {
            return Utf8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
        }
        catch (DecoderFallbackException)
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status400BadRequest, "The body is not UTF-8. Send JSON in UTF-8."));
        }
    }

    public static ProblemException TooLarge(long limit) => new(Problem.Of(StatusCodes.Status413PayloadTooLarge,
        $"The body is larger than {limit} bytes, the limit. Send less, or store it elsewhere and send a reference."));

    private string? Bad(string field, string message)
    {
        if (errors.Count < MostErrors)
        {
            errors.Add(new FieldError(field, message));
        }

        return null;
    }
}
