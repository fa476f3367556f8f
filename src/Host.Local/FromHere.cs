using System.Net;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Host.Local;

/// <summary>
/// Lets in what comes from this machine on purpose. Where no key is needed, a web page in a browser here could otherwise send a request: through
/// a name that it points at this address (DNS rebinding), or from its own origin. Where every request needs a key this has nothing to do: no
/// browser sends one by itself.
/// </summary>
internal static class FromHere
{
    private static readonly string[] OfProxies = ["Forwarded", "Via", "X-Real-IP"];

    public static Task CheckAsync(HttpContext http, RequestDelegate next) => !IsFromHere(http.Request)
        ? RefuseAsync(http, "This host answers only to 127.0.0.1 and localhost, and only to its own pages. Send the request from this machine, to one of these names, and not from a web page.")
        : IsForAnother(http.Request)
        ? RefuseAsync(http, "A proxy has sent this for somebody else, and without a key it would be taken for the operator. Start the host with --proxy ADDRESS of the proxy, or send a key.")
        : next(http);

    /// <summary>Passed on by a proxy that says so, with nothing that tells for whom: whoever sends a key is that key's principal.</summary>
    public static bool IsForAnother(HttpRequest request) => request.Headers.Authorization.Count == 0
        && request.Headers.Keys.Any(name => name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) || OfProxies.Contains(name, StringComparer.OrdinalIgnoreCase));

    /// <summary>Addressed to this machine by a name that nobody else can point at it, and by no page but this host's own.</summary>
    public static bool IsFromHere(HttpRequest request) =>
        IsLoopback(request.Host.Host)
        && (!request.Headers.TryGetValue("Origin", out var origin) || (origin.Count == 1 && (origin[0] == $"{request.Scheme}://{request.Host.Value}" || IsOwnForm(request, origin[0]))));

    // A page that sends no referrer has its forms sent without an origin; that they are its own the browser says beside it.
    private static bool IsOwnForm(HttpRequest request, string? origin) => origin == "null" && request.Headers["Sec-Fetch-Site"] == "same-origin";

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    /// <param name="detail">Without quotation marks.</param>
    public static Task RefuseAsync(HttpContext http, string detail)
    {
        http.Response.StatusCode = StatusCodes.Status403Forbidden;
        http.Response.ContentType = "application/problem+json; charset=utf-8";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.CacheControl = "no-store";
        return http.Response.WriteAsync($$"""
            {"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "{{detail}}"}
            """);
    }
}
