using Holdfast.Agents.Wording;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>Pages as answers: with everything that keeps them from being framed, kept, or read over a shoulder.</summary>
internal sealed class PageAnswers(PageRenderer renderer)
{
    public async Task WriteAsync(HttpContext http, Page page, int status = StatusCodes.Status200OK)
    {
        var rendered = await renderer.RenderAsync(page);
        var headers = http.Response.Headers;
        http.Response.StatusCode = status;
        http.Response.ContentType = RenderedPage.ContentType;
        headers.ContentSecurityPolicy = rendered.ContentSecurityPolicy;
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["X-Robots-Tag"] = "noindex, nofollow";
        await http.Response.WriteAsync(rendered.Html, http.RequestAborted);
    }

    public Task WriteAsync(HttpContext http, ErrorPage page) => WriteAsync(http, page, page.Status);

    /// <summary>What went wrong, as a page.</summary>
    /// <param name="describe">Says what it is as a problem.</param>
    public async Task WriteAsync(HttpContext http, Exception exception, Func<HttpContext, Exception, Problem> describe)
    {
        if (exception is SignInNeededException needed)
        {
            http.Response.StatusCode = StatusCodes.Status303SeeOther;
            http.Response.Headers.Location = needed.Address;
            return;
        }

        var problem = describe(http, exception);
        http.Response.Headers.RetryAfter = problem.RetryAfter?.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await WriteAsync(http, new ErrorPage
        {
            Reader = Reader.Neutral, Now = TimeProvider.System.GetUtcNow(), Status = problem.Status, Heading = ReasonPhrases.GetReasonPhrase(problem.Status), Text = problem.Detail,
        });
    }
}

/// <summary>Nobody is signed in, and the page is for somebody.</summary>
internal sealed class SignInNeededException(string address) : Exception("Somebody has to sign in first.")
{
    public string Address { get; } = address;
}
