using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Wording;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>An API key becomes a session of the browser that it was typed into.</summary>
internal static class SignIn
{
    /// <summary>What the form that signs out is bound to, in place of an approval.</summary>
    public const string OutSubject = "sign-out";

    private const string Inside = "/approvals";

    public static RequestDelegate Get(ApiContext api) => async http =>
    {
        RefuseWhereNot(api);
        await api.Pages.WriteAsync(http, await PageAsync(api, Next(http.Request.Query["next"])));
    };

    public static RequestDelegate Post(ApiContext api) => async http =>
    {
        RefuseWhereNot(api);
        var form = await Forms.ReadAsync(http, api.Options.BodyLimit);
        var next = Next(form["next"]);
        if (ApiKeyText.Read(form["key"].ToString().Trim()) is not { } key)
        {
            await api.Pages.WriteAsync(http, await PageAsync(api, next) with { Error = "This is not written as a key is. Look for a slip, or a part that is missing." }, StatusCodes.Status400BadRequest);
            return;
        }

        Identification.Bring(http, key);
        try
        {
            await api.Options.Identify(http);
        }
        catch (ProblemException e) when (e.Problem.Status == StatusCodes.Status401Unauthorized)
        {
            await api.Pages.WriteAsync(http, await PageAsync(api, next) with { Error = e.Problem.Detail }, StatusCodes.Status401Unauthorized);
            return;
        }

        Visitor.Begin(http, Sessions.Write(api.System.LinkKeys!, key, await api.System.Queries.NowAsync()));
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = next ?? Inside;
    };

    public static RequestDelegate Out(ApiContext api) => async http =>
    {
        var visitor = await Visitor.AdmitAsync(api, http, [.. Roles.All]);
        var form = await Forms.ReadAsync(http, api.Options.BodyLimit);
        if (PageNonce.Verify(api.System.LinkKeys!, form["nonce"].ToString(), visitor.PageReader, OutSubject, "", visitor.Now) is null)
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status403Forbidden, "The form is too old, or not of a page of ours. Open any page here and sign out there."));
        }

        Visitor.End(http);
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = "/sign-in";
    };

    private static void RefuseWhereNot(ApiContext api)
    {
        if (!api.Options.SignsInByKey)
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status404NotFound, "People sign in with their account here, and by no key."));
        }
    }

    private static async Task<SignInPage> PageAsync(ApiContext api, string? next) => new() { Reader = Reader.Neutral, Now = await api.System.Queries.NowAsync(), ReturnTo = next };

    /// <summary>An address of ours, or null: nobody is led elsewhere by signing in.</summary>
    private static string? Next(Microsoft.Extensions.Primitives.StringValues given) => given is [{ Length: > 1 and <= 2000 } address]
        && address[0] == '/' && address[1] is not ('/' or '\\') && !address.Any(char.IsControl) && !address.Contains('\\', StringComparison.Ordinal) ? address : null;
}
