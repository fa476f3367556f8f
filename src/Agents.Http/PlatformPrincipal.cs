using System.Text.Json;
using Holdfast.Agents.Identity;
using Microsoft.Extensions.Primitives;

namespace Holdfast.Agents.Http;

/// <summary>
/// Who the platform says asks: <c>X-MS-CLIENT-PRINCIPAL</c>, the token's claims as JSON in Base64. A person and an app that speaks for itself
/// come alike: the object's id in the directory, the directory's, and the roles of the application that were assigned to it.
/// </summary>
internal static class PlatformPrincipal
{
    public const string Header = "X-MS-CLIENT-PRINCIPAL";

    private const int Longest = 32 * 1024; // characters: what a server takes of headers in all
    private const string Directory = "aad";

    // As they are called in a token, and as the platform may map them.
    private static readonly string[] Ids = ["oid", "http://schemas.microsoft.com/identity/claims/objectidentifier"];
    private static readonly string[] Tenants = ["tid", "http://schemas.microsoft.com/identity/claims/tenantid"];
    private static readonly string[] RoleNames = ["roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"];

    /// <returns>The principal, or why there is none.</returns>
    public static (Principal? Principal, string? Refusal) Read(StringValues header)
    {
        if (header.Count == 0)
        {
            return (null, "It is not known who asks: the platform has passed nobody on. Send a token of the directory, as Authorization: Bearer.");
        }

        if (header is not [{ Length: <= Longest } text] || Decode(text) is not { } json)
        {
            return (null, "What the platform passed on is given more than once, too long, or not Base64.");
        }

        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return (null, "What the platform passed on is not a list of claims.");
        }
    }

    private static byte[]? Decode(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }

    private static (Principal?, string?) Read(JsonElement root)
    {
        if (root.GetProperty("auth_typ").GetString() != Directory)
        {
            return (null, "The platform knows who asks by another provider than the directory (Microsoft Entra ID). Sign in there.");
        }

        var claims = root.GetProperty("claims").EnumerateArray().Select(claim => (Type: claim.GetProperty("typ").GetString()!, Value: claim.GetProperty("val").GetString()!)).ToList();
        return One(claims, Ids) is { } id && One(claims, Tenants) is { } tenant
            ? (new Principal(id, tenant, [.. Roles.All.Where(role => claims.Any(claim => RoleNames.Contains(claim.Type, StringComparer.Ordinal) && claim.Value == role))]), null)
            : (null, "The token does not say one object id and one directory (oid, tid). Ask for one of this application.");
    }

    /// <summary>The one value of a claim, which is an id of the directory; null when there is none, or more than one.</summary>
    private static string? One(List<(string Type, string Value)> claims, string[] types) =>
        claims.Where(claim => types.Contains(claim.Type, StringComparer.Ordinal)).Select(claim => claim.Value).Distinct(StringComparer.OrdinalIgnoreCase).ToList() is [var value]
        && Guid.TryParseExact(value, "D", out var id) ? id.ToString("D") : null;
}
