using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Holdfast.Providers.Messaging.Tests.Browser))]

namespace Holdfast.Providers.Messaging.Tests;

/// <summary>The system's Chromium. None is downloaded.</summary>
public sealed class Browser : IAsyncLifetime
{
    private const string Chromium = "/usr/bin/chromium";

    private IPlaywright? playwright;
    private IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        if (File.Exists(Chromium))
        {
            playwright = await Playwright.CreateAsync();
            browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Args = ["--no-sandbox", "--disable-dev-shm-usage"] });
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (browser?.DisposeAsync() ?? ValueTask.CompletedTask);
        playwright?.Dispose();
    }

    /// <summary>A page of a phone's or another width, which reaches no network.</summary>
    internal async Task<IPage> PageAsync(int width = 360, ColorScheme scheme = ColorScheme.Light)
    {
        Assert.SkipWhen(browser is null, $"{Chromium} is not there (Debian: apt-get install chromium); a browser shows what is sent.");
        var page = await browser!.NewPageAsync(new() { ViewportSize = new() { Width = width, Height = 740 }, ColorScheme = scheme, Offline = true });
        page.SetDefaultTimeout(20_000);
        return page;
    }
}
