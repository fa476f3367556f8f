using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>Every page. None of them stands in openapi.json: what they do, the API does, too.</summary>
internal static class PageRoutes
{
    public static readonly IReadOnlyList<PageRoute> All =
    [
        new("GET", "/a", LinkPages.Get),
        new("POST", "/a", LinkPages.Post),
        new("GET", "/approvals", ListRoutes.Inbox),
        new("GET", "/approvals/history", ListRoutes.History),
        new("GET", "/approvals/{id}", ApprovalPages.Get),
        new("POST", "/approvals/{id}", ApprovalPages.Post),
        new("GET", "/runs/{id}", RunPages.Get),
        new("GET", "/sign-in", SignIn.Get),
        new("POST", "/sign-in", SignIn.Post),
        new("POST", "/sign-out", SignIn.Out),
        new("GET", "/dev/mail/{id}", DevMail.Get),
    ];

    public static void Map(IEndpointRouteBuilder endpoints, ApiContext api)
    {
        foreach (var route in All)
        {
            var handler = route.Handle(api);
            endpoints.MapMethods(route.Path, route.Method == "GET" ? ["GET", "HEAD"] : [route.Method], http => ServeAsync(api, http, handler)).WithMetadata(route);
        }
    }

    private static Task ServeAsync(ApiContext api, HttpContext http, RequestDelegate handler)
    {
        if (api.Options.NotReady() is { } fact)
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status503ServiceUnavailable, $"{fact} Open the page again in a moment.") with { RetryAfter = 1 });
        }

        if (api.System.LinkKeys is null)
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status404NotFound, "This host has no key that signs forms, so it serves no pages. Whoever runs it sets HOLDFAST_LINK_KEY."));
        }

        if (HttpMethods.IsPost(http.Request.Method))
        {
            Origins.RefuseOthers(http.Request);
        }

        return handler(http);
    }
}

internal sealed record PageRoute(string Method, string Path, Func<ApiContext, RequestDelegate> Handle);
