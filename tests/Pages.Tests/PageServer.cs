using Holdfast.Agents.Http.Pages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Holdfast.Pages.Tests;

/// <summary>Serves every sample on loopback as a host would, and keeps what was asked of it.</summary>
internal sealed class PageServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly PageRenderer renderer = new();
    private readonly List<(string Method, IHeaderDictionary Headers, IFormCollection? Form)> posts = [];

    private PageServer(WebApplication app) => this.app = app;

    public string Address => app.Urls.Single();

    /// <summary>What was posted, in its order.</summary>
    public IReadOnlyList<(string Method, IHeaderDictionary Headers, IFormCollection? Form)> Posts => [.. posts];

    public static async Task<PageServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new PageServer(builder.Build());
        server.app.Run(server.AnswerAsync);
        await server.app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        renderer.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        if (HttpMethods.IsPost(http.Request.Method))
        {
            var form = await http.Request.ReadFormAsync();
            lock (posts)
            {
                posts.Add((http.Request.Method, new HeaderDictionary(http.Request.Headers.ToDictionary()), form));
            }
        }

        if (!Samples.All.TryGetValue(http.Request.Path.Value![1..], out var page))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            await http.Response.WriteAsync("This is no sample.");
            return;
        }

        var rendered = await renderer.RenderAsync(page);
        http.Response.ContentType = RenderedPage.ContentType;
        http.Response.Headers.ContentSecurityPolicy = rendered.ContentSecurityPolicy;
        http.Response.Headers["Referrer-Policy"] = "no-referrer";
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.WriteAsync(rendered.Html);
    }
}
