using Microsoft.Playwright;

namespace Holdfast.Pages.Tests;

/// <summary>Pictures of every page, for eyes: run with <c>-explicit only</c>; HOLDFAST_PICTURES says where they go, and HOLDFAST_PICTURES_OF which.</summary>
public sealed class PictureTests(Browsing browsing)
{
    [Fact(Explicit = true)]
    public async Task EveryPageIsDrawn()
    {
        var folder = Environment.GetEnvironmentVariable("HOLDFAST_PICTURES") ?? "pictures";
        var only = Environment.GetEnvironmentVariable("HOLDFAST_PICTURES_OF") ?? "";
        Directory.CreateDirectory(folder);
        foreach (var sample in Samples.All.Keys.Where(name => name.Contains(only, StringComparison.Ordinal)))
        {
            foreach (var (screen, colours) in new[] { (Screen.Phone, ColorScheme.Light), (Screen.Phone, ColorScheme.Dark), (Screen.Desk, ColorScheme.Light), (Screen.Desk, ColorScheme.Dark) })
            {
                await using var visit = await browsing.OpenAsync(sample, screen, colours);
                await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{sample}-{screen}-{colours}.png".ToLowerInvariant()) });
                if (screen == Screen.Phone && colours == ColorScheme.Light)
                {
                    await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{sample}-whole.png"), FullPage = true });
                }
            }
        }
    }
}
