using Holdfast.Agents.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Holdfast.Agents.Http;

/// <summary>Who asks, whether they may, and whether they can read the answer: decided before any handler runs.</summary>
internal static class Admission
{
    public static async Task CheckAsync(HttpContext http, ApiOptions options, RequestDelegate next)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<ApiRoute>() is not { } route)
        {
            await next(http); // nothing here, or another method: answered by routing
            return;
        }

        if (route.Role is { } role)
        {
            if (options.NotReady() is { } fact)
            {
                throw new ProblemException(Problem.Of(StatusCodes.Status503ServiceUnavailable, $"{fact} Nothing was accepted; try again.") with { RetryAfter = 1 });
            }

            var principal = await options.Identify(http) ?? throw Unauthorized("It is not known who asks. Send a key.");
            if (!principal.Has(role) && !principal.Has(Roles.Admin))
            {
                throw new ProblemException(Problem.Of(StatusCodes.Status403Forbidden, $"{principal.Id} lacks the role '{role}'. Ask an administrator for it."));
            }

            http.Items[typeof(Principal)] = principal;
        }

        if (!Accepts(http, route.Produces))
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status406NotAcceptable, $"This path answers with {route.Produces}. Accept that, or leave the header out."));
        }

        await next(http);
    }

    /// <summary>Whether who asked is still known: a key may be revoked while its answer is under way.</summary>
    public static async Task<bool> IsStillKnownAsync(HttpContext http, ApiOptions options)
    {
        try
        {
            return await options.Identify(http) is { } principal && principal.Id == http.Principal().Id && principal.Tenant == http.Principal().Tenant;
        }
        catch (ProblemException e) when (e.Problem.Status == StatusCodes.Status401Unauthorized)
        {
            return false;
        }
    }

    /// <summary>Whether a request was let in before, so that to ask again who makes it is no further request.</summary>
    public static bool IsLetIn(this HttpContext http) => http.Items.ContainsKey(typeof(Principal));

    /// <param name="challenge">What the client is asked for (RFC 6750).</param>
    public static ProblemException Unauthorized(string detail, string challenge = "Bearer") =>
        new(Problem.Of(StatusCodes.Status401Unauthorized, detail) with { Challenge = challenge });

    public static Principal Principal(this HttpContext http) => (Principal)http.Items[typeof(Principal)]!;

    private static bool Accepts(HttpContext http, string type)
    {
        if (string.IsNullOrWhiteSpace(http.Request.Headers.Accept))
        {
            return true;
        }

        // The range that names the type most exactly is the one that counts (RFC 9110, 12.5.1).
        var offered = new MediaTypeHeaderValue(type);
        return MediaTypeHeaderValue.TryParseList(http.Request.Headers.Accept, out var accepted)
            && accepted.Where(range => offered.IsSubsetOf(new MediaTypeHeaderValue(range.MediaType)))
                .OrderBy(range => range.MatchesAllTypes ? 2 : range.MatchesAllSubTypes ? 1 : 0).FirstOrDefault() is { Quality: not 0 };
    }
}
