using Microsoft.Playwright;

namespace Holdfast.Pages.Tests;

/// <summary>What WCAG 2.2 AA asks for, as far as a program can tell: axe-core on every page, as it is shown at phone and desk, in the light and the dark.</summary>
public sealed class AccessibilityTests(Browsing browsing)
{
    public static TheoryData<string> Pages => [.. Samples.All.Keys];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task AxeFindsNothing(string sample)
    {
        // Folded and unfolded, in both colours, on both screens: every two of these meet.
        foreach (var (screen, folded, unfolded) in new[] { (Screen.Phone, ColorScheme.Light, ColorScheme.Dark), (Screen.Desk, ColorScheme.Dark, ColorScheme.Light) })
        {
            await using var visit = await browsing.OpenAsync(sample, screen, folded);
            Assert.Empty(await visit.FaultsAsync());
            await visit.UnfoldAsync();
            await visit.Page.EmulateMediaAsync(new() { ColorScheme = unfolded });
            Assert.Empty(await visit.FaultsAsync());
        }
    }

    [Fact]
    public async Task AxeFindsWhatIsWrong()
    {
        await using var visit = await browsing.OpenAsync("approval");
        await visit.Page.EvaluateAsync("() => document.querySelector('h1').style.color = '#eee'");
        Assert.Contains(await visit.FaultsAsync(), found => found.StartsWith("color-contrast", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheFocusIsSeenOnEverythingThatTakesIt()
    {
        foreach (var sample in new[] { "approval-edit", "inbox", "question", "sign-in" })
        {
            await using var visit = await browsing.OpenAsync(sample, Screen.Desk);
            await visit.UnfoldAsync();
            for (var step = 0; step < 15; step++)
            {
                await visit.Page.Keyboard.PressAsync("Tab");
                Assert.True(await visit.Page.EvaluateAsync<bool>("""
                    () => document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== 'none'
                      || getComputedStyle(document.activeElement, '::after').outlineStyle !== 'none'
                    """), $"{sample}, step {step}: {await visit.Page.EvaluateAsync<string>("() => document.activeElement.outerHTML.slice(0, 200)")}");
            }
        }
    }
}
