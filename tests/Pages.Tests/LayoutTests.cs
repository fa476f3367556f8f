using System.Text;
using Holdfast.Agents.Http.Pages;
using Holdfast.Agents.Wording;

namespace Holdfast.Pages.Tests;

public sealed class LayoutTests(Browsing browsing)
{
    private const string Wider = """
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth
          ? [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(one => one.outerHTML.slice(0, 120)).slice(0, 5)
          : []
        """;

    private const string Small = """
        () => [...document.querySelectorAll('button:not([hidden]), a.button, summary.button, .choice, .orders a, nav a, .field > input')].filter(one => one.checkVisibility())
          .filter(one => one.getBoundingClientRect().height < 44 || one.getBoundingClientRect().width < 44).map(one => one.outerHTML.slice(0, 120))
        """;

    public static TheoryData<string> Pages => [.. Samples.All.Keys];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task NothingScrollsSidewaysAndEveryActionFitsAThumb(string sample)
    {
        foreach (var screen in new[] { Screen.Phone, Screen.Desk })
        {
            await using var visit = await browsing.OpenAsync(sample, screen);
            Assert.Empty(await visit.Page.EvaluateAsync<string[]>(Wider));
            Assert.Empty(await visit.Page.EvaluateAsync<string[]>(Small));
            await visit.UnfoldAsync();
            Assert.Empty(await visit.Page.EvaluateAsync<string[]>(Wider));
            Assert.Empty(await visit.Page.EvaluateAsync<string[]>(Small));
        }
    }

    [Theory]
    [InlineData("approval")]
    [InlineData("approval-german")]
    [InlineData("hostile")]
    public async Task TheDecisionIsInReachOfAThumbAtOnce(string sample)
    {
        await using var visit = await browsing.OpenAsync(sample);
        foreach (var button in new[] { "button[value=approve]", "summary.button", "input[name=code]" })
        {
            var box = await visit.Page.Locator(button).BoundingBoxAsync();
            Assert.NotNull(box);
            Assert.InRange(box.Y, 740 / 2, 740 - box.Height);
        }
    }

    [Fact]
    public async Task ThereIsOnePrimaryActionAndItSaysWhatItDoes()
    {
        await using var visit = await browsing.OpenAsync("approval");
        Assert.Equal("Approve €1,200.00", await visit.Page.Locator(".primary:visible").InnerTextAsync());
        await visit.Page.Locator("summary.button").ClickAsync();
        Assert.Equal("Reject", Assert.Single(await visit.Page.Locator(".decide button:visible").AllInnerTextsAsync()));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task APageWeighsLessThanSixtyKilobytes(string sample)
    {
        using var renderer = new PageRenderer();
        Assert.InRange(Encoding.UTF8.GetByteCount((await renderer.RenderAsync(Samples.All[sample])).Html), 500, 60_000);
    }

    [Fact]
    public async Task AListOfWhatSomebodyMadeLongWeighsNoMore()
    {
        var sentence = Sentence.Of(Template.Parse("Pay {payee} to the account {account} for {reason}"), "pay", Samples.Json($$"""{"payee": "{{new string('x', 900)}}", "account": "{{new string('y', 900)}}", "reason": "{{new string('z', 900)}}"}"""), Samples.English);
        var inbox = (InboxPage)Samples.All["inbox-full"];
        using var renderer = new PageRenderer();
        var page = await renderer.RenderAsync(inbox with { Items = [.. inbox.Items.Select(item => item with { Sentence = sentence })] });
        Assert.InRange(Encoding.UTF8.GetByteCount(page.Html), 500, 60_000);
    }

    [Fact]
    public async Task APrintedPageHasTheRequestAndNoButtons()
    {
        await using var visit = await browsing.OpenAsync("approval");
        await visit.Page.EmulateMediaAsync(new() { Media = Microsoft.Playwright.Media.Print });
        Assert.True(await visit.Page.Locator("h1").IsVisibleAsync());
        Assert.True(await visit.Page.Locator("pre").IsVisibleAsync());
        Assert.Equal(0, await visit.Page.Locator("button:visible").CountAsync());
    }
}
