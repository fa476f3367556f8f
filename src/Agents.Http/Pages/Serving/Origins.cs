using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>Forms are taken from our own pages alone.</summary>
internal static class Origins
{
    /// <exception cref="ProblemException">A browser says that another site has sent it, or does not say that it was ours.</exception>
    public static void RefuseOthers(HttpRequest request)
    {
        if (!IsOwn(request))
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status403Forbidden, "The form did not come from a page of this host, so nothing was done. Open the page here and use its own form."));
        }
    }

    // Our pages send no referrer, and so their forms come with the origin "null"; that they are ours the browser says beside it.
    private static bool IsOwn(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"];
        var origin = request.Headers.Origin;
        return (site.Count == 0 || site == "same-origin")
            && (origin.Count == 0 || (origin.Count == 1 && (origin == $"{request.Scheme}://{request.Host.Value}" || (origin == "null" && site == "same-origin"))));
    }
}
