using System.Diagnostics;
using Holdfast.Agents.Http.Pages;
using Holdfast.Agents.Http.Pages.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Http;

/// <summary>The HTTP API as one delegate: whatever host listens, calls this for every request.</summary>
public static class HoldfastApi
{
    /// <summary>Routes, in the order of the documentation.</summary>
    public static IReadOnlyList<(string Method, string Path)> Routes { get; } = [.. ApiRoutes.All.Select(route => (route.Method, route.Path))];

    public static RequestDelegate Create(AgentSystem system, ApiOptions options, ILoggerFactory loggers) => Create(() => system, options, loggers);

    /// <param name="system">Asked for only while <see cref="ApiOptions.NotReady"/> says nothing: a host may listen before it has one.</param>
    public static RequestDelegate Create(Func<AgentSystem> system, ApiOptions options, ILoggerFactory loggers)
    {
        // Routing needs services of its own; none of them is the host's.
        var services = new ServiceCollection().AddRouting().AddSingleton(loggers).AddLogging()
            .AddSingleton(_ => new PageRenderer(loggers)).AddSingleton<DiagnosticListener>(_ => new DiagnosticListener("Holdfast.Agents.Http")).BuildServiceProvider();
        var app = new ApplicationBuilder(services);
        var pages = new PageAnswers(services.GetRequiredService<PageRenderer>());
        app.Use(next => new ErrorPages(next, options.BodyLimit, pages, loggers.CreateLogger("Holdfast.Http")).InvokeAsync);
        app.UseRouting();
        app.Use(next => http => Admission.CheckAsync(http, options, next));
        app.UseEndpoints(endpoints =>
        {
            var context = new ApiContext(system, options) { Pages = pages };
            PageRoutes.Map(endpoints, context);
            foreach (var route in ApiRoutes.All)
            {
                var handler = route.Handle(context);
                endpoints.MapMethods(route.Path, route.Method == "GET" ? ["GET", "HEAD"] : [route.Method], handler).WithMetadata(route);
            }
        });
        return app.Build();
    }
}

/// <summary>What a handler has at hand.</summary>
internal sealed record ApiContext(Func<AgentSystem> Agents, ApiOptions Options)
{
    public AgentSystem System => Agents();

    public OpenAnswers Open { get; } = new(Options.MostOpen);

    public required PageAnswers Pages { get; init; }
}

/// <param name="Role">Which role a principal needs; null for no principal at all.</param>
/// <param name="Produces">What it answers with, beside problems.</param>
internal sealed record ApiRoute(string Method, string Path, string? Role, Func<ApiContext, RequestDelegate> Handle, string Produces = "application/json");
