using Holdfast.Agents.Http.Pages;

namespace Holdfast.Pages.Tests;

/// <summary>What others wrote is seen, and does nothing.</summary>
public sealed class SafetyTests(Browsing browsing)
{
    public static TheoryData<string> Pages => [.. Samples.All.Keys];

    [Fact]
    public async Task MarkupOfAModelIsTextAndNothingElse()
    {
        await using var visit = await browsing.OpenAsync("hostile");
        await visit.UnfoldAsync();
        Assert.Equal("Your decision · Holdfast", await visit.Page.TitleAsync());
        Assert.Equal(0, await visit.Page.Locator("script, img, a[href*=evil], a[href^=javascript], form[action]").CountAsync());
        Assert.Equal(1, await visit.Page.Locator("h1").CountAsync());
        Assert.Contains("<img src=x onerror=", await visit.Page.InnerTextAsync("main"), StringComparison.Ordinal);
        Assert.Contains("</div><h1>Approved</h1>", await visit.Page.InnerTextAsync(".model .said"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CharactersThatDeceiveAreSeen()
    {
        await using var visit = await browsing.OpenAsync("hostile");
        Assert.Equal(["U+202E", "U+202C", "U+200B"], await visit.Page.Locator("dd mark.hid").AllInnerTextsAsync());
        Assert.Contains("mixes Latin and Cyrillic letters", await visit.Page.InnerTextAsync("h1 mark.alike"), StringComparison.Ordinal);
        Assert.Contains("not what they seem", await visit.Page.InnerTextAsync("main"), StringComparison.Ordinal);
        Assert.DoesNotContain('\u202E', await visit.Page.ContentAsync());
    }

    [Fact]
    public async Task ALongTextIsFoldedAndWholeOnDemand()
    {
        await using var visit = await browsing.OpenAsync("hostile", scripts: false);
        var rest = visit.Page.Locator("dd details.rest bdi").First;
        Assert.False(await rest.IsVisibleAsync());
        await visit.Page.Locator("dd details.rest summary").First.ClickAsync();
        Assert.True(await rest.IsVisibleAsync());
        Assert.EndsWith("said yes. ", await rest.TextContentAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task APageFetchesNothingAndBreaksNoRuleOfItsOwn(string sample)
    {
        await using var visit = await browsing.OpenAsync(sample, Screen.Desk);
        await visit.UnfoldAsync();
        Assert.Equal([$"{browsing.Server.Address}/{sample}"], visit.Requests);
        // A frame that refuses a script says so, and Chromium has advice for every password field.
        Assert.DoesNotContain(visit.Complaints, line => !line.StartsWith("[DOM]", StringComparison.Ordinal) && !line.Contains("sandboxed", StringComparison.Ordinal));
        Assert.NotEqual("rgba(0, 0, 0, 0)", await visit.Page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor")); // the styles' digest is that of the styles
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task APageMayRunNothingButItsOwn(string sample)
    {
        using var renderer = new PageRenderer();
        var policy = (await renderer.RenderAsync(Samples.All[sample])).ContentSecurityPolicy;
        Assert.StartsWith("default-src 'none'; ", policy, StringComparison.Ordinal);
        Assert.EndsWith("; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'", policy, StringComparison.Ordinal);
        Assert.Equal(sample.StartsWith("inbox", StringComparison.Ordinal), !policy.Contains("script-src 'none'", StringComparison.Ordinal));
        Assert.Equal(sample == "mail", policy.Contains("unsafe", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheFrameOfAMailRunsNothing()
    {
        await using var visit = await browsing.OpenAsync("mail");
        Assert.Equal("Refund €1,200.00 for order A-1003", await visit.Page.FrameLocator("iframe").Locator("p").InnerTextAsync());
        Assert.True(await visit.Page.EvaluateAsync<bool>("() => window.hacked === undefined"));
    }
}
