using Microsoft.Playwright;

namespace Holdfast.Pages.Tests;

/// <summary>What WCAG 2.2 AA asks for, as far as a program can tell: axe-core on every page, as it is shown at phone and desk, in the light and the dark.</summary>
public sealed class AccessibilityTests(Browsing browsing)
{
    private const string Check = """
        async () => {
          const found = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
          return found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)} ${node.failureSummary.replace(/\s+/g, ' ').slice(0, 300)}`));
        }
        """;

    public static TheoryData<string> Pages => [.. Samples.All.Keys];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task AxeFindsNothing(string sample)
    {
        foreach (var screen in new[] { Screen.Phone, Screen.Desk })
        {
            await using var visit = await browsing.OpenAsync(sample, screen);
            await visit.Page.EvaluateAsync(browsing.Axe);
            Assert.Empty(await visit.Page.EvaluateAsync<string[]>(Check));
            await visit.UnfoldAsync();
            Assert.Empty(await visit.Page.EvaluateAsync<string[]>(Check));
            await visit.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
            Assert.Empty(await visit.Page.EvaluateAsync<string[]>(Check));
        }
    }

    [Fact]
    public async Task AxeFindsWhatIsWrong()
    {
        await using var visit = await browsing.OpenAsync("approval");
        await visit.Page.EvaluateAsync(browsing.Axe);
        await visit.Page.EvaluateAsync("() => document.querySelector('h1').style.color = '#eee'");
        Assert.Contains(await visit.Page.EvaluateAsync<string[]>(Check), found => found.StartsWith("color-contrast", StringComparison.Ordinal));
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
