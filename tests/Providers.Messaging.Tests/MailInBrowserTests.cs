using Microsoft.Playwright;

namespace Holdfast.Providers.Messaging.Tests;

/// <summary>An e-mail as a mail program on a phone shows it.</summary>
public sealed class MailInBrowserTests(Browser browser)
{
    [Theory]
    [InlineData(320, ColorScheme.Light)]
    [InlineData(360, ColorScheme.Dark)]
    [InlineData(1280, ColorScheme.Light)]
    public async Task NothingIsWiderThanTheScreenAndTheLinkIsForAThumb(int width, ColorScheme scheme)
    {
        var page = await browser.PageAsync(width, scheme);
        var endless = Asking.Reply with { Arguments = Asking.Json($$"""{"text":"{{new string('x', 400)}}","{{new string('n', 90)}}":1}""") };

        await page.SetContentAsync(MailContent.Of(Asking.Personal(Asking.Refund, Asking.Reply, endless)).Html);

        Assert.Equal(width, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        var link = await page.GetByRole(AriaRole.Link, new() { Name = "Look and decide" }).BoundingBoxAsync();
        Assert.True(link!.Height >= 44, $"The link is {link.Height} high.");
        await KeepAsync(page, $"mail-{width}-{scheme}");
    }

    [Fact]
    public async Task WithoutStylesItSaysTheSame()
    {
        var page = await browser.PageAsync();
        var html = MailContent.Of(Asking.Personal()).Html;

        await page.SetContentAsync(System.Text.RegularExpressions.Regex.Replace(html, @" style=""[^""]*""|<style>.*?</style>", ""));

        var text = await page.InnerTextAsync("body");
        Assert.All(["Refund €1,200.00 for order “A-1003”", "4711", "Look and decide"], part => Assert.Contains(part, text, StringComparison.Ordinal));
        Assert.Equal(1, await page.Locator("a").CountAsync());
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task EveryTextStandsOutFromItsGround(ColorScheme scheme)
    {
        var page = await browser.PageAsync(scheme: scheme);
        await page.SetContentAsync(MailContent.Of(Asking.Personal(Asking.Refund, Asking.Reply)).Html);

        var poor = await page.EvaluateAsync<string[]>("""
            () => {
              const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4).reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
              const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
              const ground = (element) => { for (let at = element; at; at = at.parentElement) { const colour = numbers(getComputedStyle(at).backgroundColor); if (colour.length < 4 || colour[3] > 0) return colour; } return [255, 255, 255]; };
              return [...document.body.querySelectorAll('h1,p,th,td,a')].filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) || element.querySelector(':scope > bdi'))
                .map((element) => { const [a, b] = [light(numbers(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x); return [element.textContent, (a + 0.05) / (b + 0.05)]; })
                .filter(([, contrast]) => contrast < 4.5).map(([text, contrast]) => `${contrast.toFixed(2)}: ${text}`);
            }
            """);

        Assert.Empty(poor);
    }

    /// <summary>Keeps a picture for who wants to look: HOLDFAST_TEST_PICTURES names a directory.</summary>
    private static async Task KeepAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("HOLDFAST_TEST_PICTURES") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });
        }
    }
}
