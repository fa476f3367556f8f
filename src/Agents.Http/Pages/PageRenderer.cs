using System.Text.Encodings.Web;
using System.Text.Unicode;
using Holdfast.Agents.Http.Pages.Html;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Agents.Http.Pages;

/// <summary>Makes a page's data a whole HTML document. Everything in it is in it: no file, font or script is fetched.</summary>
public sealed class PageRenderer(ILoggerFactory? loggers = null) : IDisposable
{
    // Letters stay letters; what has a meaning in HTML is escaped all the same.
    private readonly ServiceProvider services = new ServiceCollection().AddSingleton(HtmlEncoder.Create(UnicodeRanges.All)).BuildServiceProvider();

    public async Task<RenderedPage> RenderAsync(Page page)
    {
        // One a page: a renderer keeps every component that it has rendered.
        await using var renderer = new HtmlRenderer(services, loggers ?? NullLoggerFactory.Instance);
        var html = await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var parameters = ParameterView.FromDictionary(new Dictionary<string, object?> { [nameof(PageView.Page)] = page });
            return (await renderer.RenderComponentAsync<PageView>(parameters)).ToHtmlString();
        });
        return new(html, Policy(page));
    }

    public void Dispose() => services.Dispose();

    private static string Policy(Page page)
    {
        // A mail has styles of its own; its frame may run nothing.
        var styles = page is DevMailPage ? "'unsafe-inline'" : PageAssets.Styles.Source;
        var scripts = page.Script == PageScript.Inbox ? PageAssets.InboxScript.Source : "'none'";
        return $"default-src 'none'; style-src {styles}; script-src {scripts}; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    }
}
