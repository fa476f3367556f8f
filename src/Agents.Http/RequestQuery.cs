using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Holdfast.Agents.Definitions.Yaml;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http;

/// <summary>What stands in the address and the headers of a request, checked.</summary>
internal static partial class RequestQuery
{
    private const int DefaultLimit = 50;
    private const int MostItems = 200;

    /// <exception cref="ProblemException">Not an id of this kind.</exception>
    public static string Id(HttpContext http, string prefix)
    {
        var id = (string)http.Request.RouteValues["id"]!;
        return id.StartsWith($"{prefix}_", StringComparison.Ordinal) && IdText().IsMatch(id) ? id
            : throw ProblemException.BadField("id", $"'{Shorten(id)}' is not an id of this kind. Ids look like {prefix}_ and 26 letters and digits; take one from a list or a Location.");
    }

    public static void Refuse(HttpContext http, Func<string, bool> known, params string[] names)
    {
        foreach (var name in http.Request.Query.Keys.Where(name => !known(name) && !names.Contains(name, StringComparer.Ordinal)))
        {
            throw ProblemException.BadField(name, $"Unknown query parameter '{Shorten(name)}'.{NearestName.Hint(name, names)} Known: {string.Join(", ", names)}.");
        }
    }

    public static string? One(HttpContext http, string name, IReadOnlyList<string>? allowed = null)
    {
        if (!http.Request.Query.TryGetValue(name, out var values))
        {
            return null;
        }

        if (values.Count != 1 || string.IsNullOrEmpty(values[0]))
        {
            throw ProblemException.BadField(name, $"{name} is given {(values.Count == 1 ? "without a value" : $"{values.Count} times")}. Give it once, with a value.");
        }

        var value = values[0]!;
        return allowed is null || allowed.Contains(value, StringComparer.Ordinal) ? value
            : throw ProblemException.BadField(name, $"{name} '{Shorten(value)}' is not known. Known: {string.Join(", ", allowed)}.");
    }

    public static int Limit(HttpContext http)
    {
        var text = One(http, "limit");
        return text is null ? DefaultLimit
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MostItems ? limit
            : throw ProblemException.BadField("limit", $"limit '{Shorten(text)}' is not a number from 1 to {MostItems}.");
    }

    /// <summary>The id that the page before ended with.</summary>
    public static string? Cursor(HttpContext http, string prefix)
    {
        if (One(http, "cursor") is not { } cursor)
        {
            return null;
        }

        var bytes = new byte[Base64Url.GetMaxDecodedLength(cursor.Length)];
        return Base64Url.TryDecodeFromChars(cursor, bytes, out var length) && Encoding.UTF8.GetString(bytes, 0, length) is var id
            && id.StartsWith($"{prefix}_", StringComparison.Ordinal) && IdText().IsMatch(id) ? id
            : throw ProblemException.BadField("cursor", $"cursor '{Shorten(cursor)}' was not made by this list. Take nextCursor from the page before, or leave it out.");
    }

    public static string? NextCursor<T>(IReadOnlyList<T> page, int limit, Func<T, string> id) =>
        page.Count < limit ? null : Base64Url.EncodeToString(Encoding.UTF8.GetBytes(id(page[^1])));

    /// <summary>How long the client wants to wait for an end (RFC 7240).</summary>
    public static TimeSpan? Wait(HttpContext http)
    {
        foreach (var preference in http.Request.Headers["Prefer"].SelectMany(value => (value ?? "").Split([',', ';'], StringSplitOptions.TrimEntries)))
        {
            if (preference.Split('=', 2, StringSplitOptions.TrimEntries) is [var name, var value] && name.Equals("wait", StringComparison.OrdinalIgnoreCase))
            {
                return int.TryParse(value.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= 60 ? TimeSpan.FromSeconds(seconds)
                    : throw ProblemException.BadField("Prefer", $"wait={Shorten(value)} is not a number of seconds from 0 to 60.");
            }
        }

        return null;
    }

    public static string? IdempotencyKey(HttpContext http)
    {
        if (!http.Request.Headers.TryGetValue("Idempotency-Key", out var values))
        {
            return null;
        }

        var key = values.Count == 1 ? values[0]! : "";
        return key.Length is >= 1 and <= 200 && key.All(c => c is > ' ' and < (char)127) ? key
            : throw ProblemException.BadField("Idempotency-Key", "Idempotency-Key is not one value of 1 to 200 visible ASCII characters. Give a UUID, for example.");
    }

    private static string Shorten(string text)
    {
        var visible = string.Concat(text.Take(60).Select(c => char.IsControl(c) ? '?' : c));
        return text.Length > 60 ? $"{visible}…" : visible;
    }

    [GeneratedRegex("^[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\\z")]
    private static partial Regex IdText();
}
