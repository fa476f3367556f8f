using Microsoft.Playwright;

namespace Holdfast.Pages.Tests;

/// <summary>What the forms send, with scripts and without; what a host does with it is the host's to test.</summary>
public sealed class FormTests(Browsing browsing)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnApprovalSendsItsNonceAndTheDigits(bool scripts)
    {
        await using var visit = await browsing.OpenAsync("approval", scripts: scripts);
        await visit.Page.FillAsync("input[name=code]", "4711");
        Assert.Equal([("approval", "apr_1"), ("code", "4711"), ("decide", "approve"), ("nonce", "nonce"), ("reason", "")],
            await PostAsync(visit, page => page.ClickAsync("button[value=approve]")));
    }

    [Fact]
    public async Task TheBrowserSaysThatTheFormIsOfThisSiteThoughNoOriginMayBeNamed()
    {
        await using var visit = await browsing.OpenAsync("approval");
        await visit.Page.FillAsync("input[name=code]", "4711");
        await PostAsync(visit, page => page.ClickAsync("button[value=approve]"));
        var headers = browsing.Server.Posts[^1].Headers;
        Assert.Equal("same-origin", headers["Sec-Fetch-Site"]);
        Assert.Equal("null", headers.Origin); // what Referrer-Policy: no-referrer makes of it
        Assert.False(headers.ContainsKey("Referer"));
    }

    [Theory]
    [InlineData("approval")]
    [InlineData("in-doubt")]
    public async Task WithoutDigitsOrAReasonThatIsAskedForNothingIsSent(string sample)
    {
        await using var visit = await browsing.OpenAsync(sample, scripts: false);
        var before = browsing.Server.Posts.Count;
        foreach (var button in await visit.Page.Locator("button[name=decide]:visible").AllAsync())
        {
            await button.ClickAsync();
        }

        Assert.True(await visit.Page.Locator("form.decide :invalid").CountAsync() > 0);
        Assert.Equal(before, browsing.Server.Posts.Count);
    }

    [Fact]
    public async Task EnterInTheDigitsDecidesNothing()
    {
        await using var visit = await browsing.OpenAsync("approval");
        var before = browsing.Server.Posts.Count;
        await visit.Page.FillAsync("input[name=code]", "4711");
        await visit.Page.PressAsync("input[name=code]", "Enter");
        await visit.Page.ReloadAsync(); // whatever Enter began would have been sent before
        Assert.Equal(before, browsing.Server.Posts.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ARejectionSendsItsReason(bool scripts)
    {
        await using var visit = await browsing.OpenAsync("approval", scripts: scripts);
        await visit.Page.FillAsync("input[name=code]", "4711");
        await visit.Page.ClickAsync("summary.button");
        await visit.Page.FillAsync("textarea[name=reason]", "Half of it, please.");
        Assert.Equal([("approval", "apr_1"), ("code", "4711"), ("decide", "reject"), ("nonce", "nonce"), ("reason", "Half of it, please.")],
            await PostAsync(visit, page => page.ClickAsync("button[value=reject]")));
    }

    [Fact]
    public async Task AnEditSendsItsFieldsWithTheDigitsThatStandElsewhere()
    {
        await using var visit = await browsing.OpenAsync("approval-edit", scripts: false);
        Assert.Equal("1200", await visit.Page.InputValueAsync("input[name='arg.amount']"));
        await visit.Page.FillAsync("input[name=code]", "4711");
        await visit.Page.FillAsync("input[name='arg.amount']", "600.50");
        await visit.Page.CheckAsync("input[name='arg.express'][value=false]");
        Assert.Equal([("approval", "apr_1"), ("arg.amount", "600.50"), ("arg.express", "false"), ("code", "4711"), ("decide", "edit"), ("nonce", "n"), ("reason", "")],
            await PostAsync(visit, page => page.ClickAsync("button[value=edit]")));
    }

    [Fact]
    public async Task AnAnswerSendsWhatWasChosenAsJson()
    {
        await using var visit = await browsing.OpenAsync("question", scripts: false);
        await visit.Page.CheckAsync("input[name=answer] >> nth=1");
        var sent = await PostAsync(visit, page => page.ClickAsync("button[value=answer]"));
        Assert.Contains(("answer", "\"The money back\""), sent);
        Assert.Contains(("decide", "answer"), sent);
    }

    [Theory]
    [InlineData("happened", "It happened")]
    [InlineData("runAgain", "Run it again")]
    [InlineData("giveUp", "Give it up")]
    public async Task ACallInDoubtIsSettledWithAReason(string decision, string button)
    {
        await using var visit = await browsing.OpenAsync("in-doubt", scripts: false);
        await visit.Page.FillAsync("textarea[name=reason]", "The customer has it.");
        var sent = await PostAsync(visit, page => page.ClickAsync($"button:has-text('{button}')"));
        Assert.Contains(("decide", decision), sent);
        Assert.Contains(("reason", "The customer has it."), sent);
    }

    [Fact]
    public async Task OfSeveralApprovalsEachIsSentAlone()
    {
        await using var visit = await browsing.OpenAsync("approvals-of-a-turn", scripts: false);
        await visit.Page.FillAsync("#f-apr_2-code", "4711");
        Assert.Contains(("approval", "apr_2"), await PostAsync(visit, page => page.ClickAsync("#f-apr_2 button[value=approve]")));
    }

    /// <summary>What an act posts, by name.</summary>
    private async Task<IReadOnlyList<(string Name, string Value)>> PostAsync(Visit visit, Func<IPage, Task> act)
    {
        var before = browsing.Server.Posts.Count;
        await visit.GoAsync(act);
        var post = Assert.Single(browsing.Server.Posts.Skip(before));
        return [.. post.Form!.Select(field => (field.Key, Assert.Single(field.Value)!)).OrderBy(field => field.Key, StringComparer.Ordinal)];
    }
}
