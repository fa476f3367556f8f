using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Wording;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>Who has opened a page, signed in.</summary>
/// <param name="Person">What is known of them; null for nothing.</param>
/// <param name="Now">The store's clock.</param>
internal sealed record Visitor(Principal Principal, Person? Person, DateTimeOffset Now)
{
    /// <summary>What the session's cookie is called: only a host behind TLS may set one of the first name.</summary>
    private const string SecureCookie = "__Host-holdfast";

    private const string PlainCookie = "holdfast";

    public Reader Reader => Person is null ? Reader.Neutral : Reader.Of(Person);

    public PageReader PageReader => PageReader.Of(Principal);

    /// <summary>How somebody is named on a page, by their id: where nobody is known for it, by the id itself.</summary>
    /// <param name="ids">Of whom the page speaks.</param>
    public async Task<Func<string, string>> NamesAsync(ApiContext api, IEnumerable<string?> ids)
    {
        var names = await api.System.Queries.NamesAsync(Principal, ids);
        return id => names.GetValueOrDefault(id, id);
    }

    /// <summary>How the head of a page greets them.</summary>
    public SignedIn SignedIn(ApiContext api, HttpContext http) => new(
        Person?.Name ?? Principal.Id, HasSession(http) ? PageNonce.Write(api.System.LinkKeys!, PageReader, SignIn.OutSubject, "", "", Now) : null);

    /// <exception cref="SignInNeededException">Nobody is signed in, and they can here.</exception>
    /// <exception cref="ProblemException">They may not see the page, or nobody can sign in here.</exception>
    public static async Task<Visitor> AdmitAsync(ApiContext api, HttpContext http, params string[] roles)
    {
        var principal = await PrincipalAsync(api, http) ?? throw (api.Options.SignsInByKey
            ? new SignInNeededException($"/sign-in?next={Uri.EscapeDataString(http.Request.Path + http.Request.QueryString)}")
            : new ProblemException(Problem.Of(StatusCodes.Status401Unauthorized, "It is not known who asks. Sign in with your account.")));
        if (!roles.Append(Roles.Admin).Any(principal.Has))
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status403Forbidden, $"{principal.Id} {(roles.Length == 1 ? $"lacks the role {roles[0]}" : $"has none of the roles {string.Join(", ", roles)}")}. Ask an administrator for it, or sign in as somebody else."));
        }

        return new(principal, await api.System.Queries.PersonAsync(principal.Tenant, principal.Id), await api.System.Queries.NowAsync());
    }

    /// <summary>Who is signed in; null for nobody.</summary>
    public static async Task<Principal?> PrincipalAsync(ApiContext api, HttpContext http)
    {
        if (api.Options.SignsInByKey && await SessionAsync(api, http) is { } session)
        {
            Identification.Bring(http, session.Proof);
        }

        try
        {
            return await api.Options.Identify(http);
        }
        catch (ProblemException e) when (e.Problem.Status == StatusCodes.Status401Unauthorized)
        {
            return null;
        }
    }

    public static void Begin(HttpContext http, string session) => http.Response.Cookies.Append(CookieOf(http), session, Attributes(http, Sessions.GoodFor));

    public static void End(HttpContext http) => http.Response.Cookies.Delete(CookieOf(http), Attributes(http, null));

    private static bool HasSession(HttpContext http) => http.Request.Cookies.ContainsKey(CookieOf(http));

    private static async Task<Session?> SessionAsync(ApiContext api, HttpContext http) =>
        http.Request.Cookies.TryGetValue(CookieOf(http), out var cookie)
            && Sessions.Verify(api.System.LinkKeys!, cookie, await api.System.Queries.NowAsync()) is { } session
            && !await api.System.Links!.IsKeyRevokedAsync(session.Key) ? session : null;

    private static string CookieOf(HttpContext http) => http.Request.IsHttps ? SecureCookie : PlainCookie;

    // Lax: a link in a chat leads to the page; a form of another site brings no session.
    private static CookieOptions Attributes(HttpContext http, TimeSpan? goodFor) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = http.Request.IsHttps, Path = "/", MaxAge = goodFor };
}
