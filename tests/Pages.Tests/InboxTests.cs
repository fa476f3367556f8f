namespace Holdfast.Pages.Tests;

public sealed class InboxTests(Browsing browsing)
{
    private const string Focused = "() => document.activeElement.getAttribute('href') ?? document.activeElement.name";

    [Fact]
    public async Task JAndKMoveEnterOpensAndSlashFilters()
    {
        await using var visit = await browsing.OpenAsync("inbox", Screen.Desk);
        Assert.Equal("/approvals/apr_1", await PressAsync("j", "j"));
        Assert.Equal("/approvals/apr_0", await PressAsync("k"));
        Assert.Equal("/approvals/apr_0", await PressAsync("k"));
        Assert.Equal("agent", await PressAsync("/"));
        Assert.Equal("agent", await PressAsync("j")); // in a field, letters are letters
        await visit.Page.Locator("#cards a").Nth(2).FocusAsync();
        Assert.Equal("/approvals/apr_2", (await visit.GoAsync(page => page.Keyboard.PressAsync("Enter"))).PathAndQuery);

        async Task<string> PressAsync(params string[] keys)
        {
            foreach (var key in keys)
            {
                await visit.Page.Keyboard.PressAsync(key);
            }

            return await visit.Page.EvaluateAsync<string>(Focused);
        }
    }

    [Fact]
    public async Task WithoutScriptsItIsSortedFilteredAndTurnedByLinksAndAForm()
    {
        await using var visit = await browsing.OpenAsync("inbox-full", scripts: false);
        Assert.Equal("/approvals?sort=risk", await visit.Page.Locator(".orders a").Nth(1).GetAttributeAsync("href"));
        Assert.Equal("/approvals?cursor=apr_50", await visit.Page.Locator("a[rel=next]").GetAttributeAsync("href"));
        Assert.Equal("/approvals?before=apr_1", await visit.Page.Locator("a[rel=prev]").GetAttributeAsync("href"));
        await visit.Page.SelectOptionAsync("select[name=agent]", "contracts");
        Assert.Equal("/inbox-full?agent=contracts", (await visit.GoAsync(page => page.ClickAsync(".filters button"))).PathAndQuery);
    }

    [Fact]
    public async Task TheWholeCardOpensItsApproval()
    {
        await using var visit = await browsing.OpenAsync("inbox");
        var card = (await visit.Page.Locator("#cards > li").First.BoundingBoxAsync())!;
        Assert.Equal("/approvals/apr_0", (await visit.GoAsync(page => page.Touchscreen.TapAsync(card.X + card.Width - 20, card.Y + card.Height - 10))).PathAndQuery);
    }
}
