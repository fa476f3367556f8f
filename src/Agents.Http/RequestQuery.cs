using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Runs;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http;

/// <summary>What stands in the address and the headers of a request, checked.</summary>
internal static class RequestQuery
{
    private const int DefaultLimit = 50;
    private const int MostItems = 200;

    /// <exception cref="ProblemException">Not an id of this kind.</exception>
    public static string Id(HttpContext http, string prefix)
    {
        var id = (string)http.Request.RouteValues["id"]!;
        return Ids.Is(id, prefix) ? id : throw BadId("id", id, prefix);
    }

    /// <summary>An id that a list is to be about.</summary>
    /// <exception cref="ProblemException">Not an id of this kind.</exception>
    public static string? IdOf(HttpContext http, string name, string prefix) =>
        One(http, name) is not { } id ? null : Ids.Is(id, prefix) ? id : throw BadId(name, id, prefix);

    public static void Refuse(HttpContext http, Func<string, bool> known, params string[] names)
    {
        foreach (var name in http.Request.Query.Keys.Where(name => !known(name) && !names.Contains(name, StringComparer.Ordinal)))
        {
            var shown = Shown.Short(name);
            throw ProblemException.BadField(shown, names.Length == 0 ? $"Unknown query parameter '{shown}'. This path takes none."
                : $"Unknown query parameter '{shown}'.{NearestName.Hint(shown, names)} Known: {string.Join(", ", names)}.");
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
            : throw ProblemException.BadField(name, $"{name} '{Shown.Short(value)}' is not known. Known: {string.Join(", ", allowed)}.");
    }

    public static int Limit(HttpContext http)
    {
        var text = One(http, "limit");
        return text is null ? DefaultLimit
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MostItems ? limit
            : throw ProblemException.BadField("limit", $"limit '{Shown.Short(text)}' is not a number from 1 to {MostItems}.");
    }

    /// <summary>The id that the page before ended with.</summary>
    public static string? Cursor(HttpContext http, string prefix)
    {
        if (One(http, "cursor") is not { } cursor)
        {
            return null;
        }

        return Base64Url.IsValid(cursor) && Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)) is var id && Ids.Is(id, prefix) ? id
            : throw ProblemException.BadField("cursor", $"cursor '{Shown.Short(cursor)}' was not made by this list. Take nextCursor from the page before, or leave it out.");
    }

    /// <summary>A cursor whose list alone knows what is in it.</summary>
    public static string? Opaque(HttpContext http) => One(http, "cursor") is not { } cursor ? null
        : Base64Url.IsValid(cursor) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor))
        : throw ProblemException.BadField("cursor", $"cursor '{Shown.Short(cursor)}' was not made by this list. Take nextCursor from the page before, or leave it out.");

    public static string Hide(string cursor) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(cursor));

    public static string Needed(HttpContext http, string name) => One(http, name) ?? throw ProblemException.BadField(name, $"{name} is missing. Give it.");

    /// <summary>Refuses what means something only beside another.</summary>
    public static void RefuseBeside(HttpContext http, string other, params string[] names)
    {
        foreach (var name in names.Where(http.Request.Query.ContainsKey))
        {
            throw ProblemException.BadField(name, $"{name} goes with {other} only. Give that, too, or leave {name} out.");
        }
    }

    /// <summary>Refuses what has no meaning beside another.</summary>
    public static void RefuseAnyOf(HttpContext http, string other, params string[] names)
    {
        foreach (var name in names.Where(http.Request.Query.ContainsKey))
        {
            throw ProblemException.BadField(name, $"{name} does not go with {other}, which lists what is open of any run. Leave one of them out.");
        }
    }

    /// <summary>What was found with one more than the limit asked for: the page, and the cursor if there is more.</summary>
    public static (IReadOnlyList<T> Items, string? Next) Page<T>(IReadOnlyList<T> found, int limit, Func<T, string> id) =>
        found.Count <= limit ? (found, null) : ([.. found.Take(limit)], Base64Url.EncodeToString(Encoding.UTF8.GetBytes(id(found[limit - 1]))));

    /// <summary>How long the client wants to wait for an end (RFC 7240).</summary>
    public static TimeSpan? Wait(HttpContext http)
    {
        foreach (var preference in http.Request.Headers["Prefer"].SelectMany(value => (value ?? "").Split([',', ';'], StringSplitOptions.TrimEntries)))
        {
            if (preference.Split('=', 2, StringSplitOptions.TrimEntries) is [var name, var value] && name.Equals("wait", StringComparison.OrdinalIgnoreCase))
            {
                return int.TryParse(value.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= 60 ? TimeSpan.FromSeconds(seconds)
                    : throw ProblemException.BadField("Prefer", $"wait={Shown.Short(value)} is not a number of seconds from 0 to 60.");
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

    private static ProblemException BadId(string field, string text, string prefix) => ProblemException.BadField(field,
        $"'{Shown.Short(text)}' is not an id of this kind. Ids look like {prefix}_ and 26 letters and digits; take one from a list or a Location.");
}
