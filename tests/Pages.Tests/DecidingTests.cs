using Microsoft.Playwright;

namespace Holdfast.Pages.Tests;

/// <summary>What somebody does who was told, in a browser and at a host with real agents.</summary>
public sealed class DecidingTests(Browsing browsing, DeskServer server)
{
    [Theory]
    [InlineData(Screen.Phone, true)]
    [InlineData(Screen.Phone, false)]
    [InlineData(Screen.Desk, true)]
    [InlineData(Screen.Desk, false)]
    public async Task TheDigitsApproveOnceHoweverOftenThePageIsLeftAndReloaded(Screen screen, bool scripts)
    {
        var (run, approval, mail) = await server.AskAsync("payout", "max");
        await using var visit = await browsing.GoAsync(server.Address, mail.Link.PathAndQuery, screen, scripts: scripts);
        await visit.Page.FillAsync("input[name=code]", mail.Code!);
        await visit.GoAsync(page => page.ClickAsync("button:text-is('Approve €400.00')"));
        await DecidedAsync(visit);
        await server.Anna.UntilAsync(run, "ended");

        await visit.Page.ReloadAsync(); // which sends the form again
        await DecidedAsync(visit);
        await visit.Page.GoBackAsync();
        await DecidedAsync(visit);
        await visit.Page.ReloadAsync();
        await DecidedAsync(visit);

        Assert.Equal(2, server.Met.Count(one => one.Method == "POST" && one.Address == mail.Link.PathAndQuery));
        Assert.Equal(400m, Assert.Single(server.Desk.Refunds, refund => refund.Run == run).Amount);
        Assert.Equal(1, (await server.Anna.GetAsync($"/api/approvals/{approval}")).Body.GetProperty("votes").GetArrayLength());
        server.AssertKept(visit);
    }

    [Fact]
    public async Task WrongDigitsDecideNothingAndTheRightOnesThenDo()
    {
        var (run, _, mail) = await server.AskAsync("payout", "max");
        await using var visit = await browsing.GoAsync(server.Address, mail.Link.PathAndQuery, scripts: false);
        await visit.Page.FillAsync("input[name=code]", mail.Code == "0000" ? "0001" : "0000");
        await visit.GoAsync(page => page.ClickAsync("button[value=approve]"));
        Assert.Contains("Nothing was decided", await visit.Page.InnerTextAsync("main"), StringComparison.Ordinal);
        Assert.Contains("4 tries are left", await visit.Page.InnerTextAsync("form.decide"), StringComparison.Ordinal);
        await visit.Page.FillAsync("input[name=code]", mail.Code!);
        await visit.GoAsync(page => page.ClickAsync("button[value=approve]"));
        await DecidedAsync(visit);
        await server.Anna.UntilAsync(run, "ended");
        server.AssertKept(visit);
    }

    [Fact]
    public async Task ARejectionTellsTheAgentWhyAndNothingRuns()
    {
        var (run, approval, mail) = await server.AskAsync("payout", "max");
        await using var visit = await browsing.GoAsync(server.Address, mail.Link.PathAndQuery, scripts: false);
        await visit.Page.FillAsync("input[name=code]", mail.Code!);
        await visit.Page.ClickAsync("summary.button");
        await visit.Page.FillAsync("textarea[name=reason]", "Half of it,\nplease.");
        await visit.GoAsync(page => page.ClickAsync("button[value=reject]"));
        Assert.Contains("Rejected by Max Okafor", await visit.Page.InnerTextAsync(".verdict"), StringComparison.Ordinal);
        Assert.Contains("Half of it,\nplease.", await visit.Page.InnerTextAsync(".verdict"), StringComparison.Ordinal);
        Assert.Equal("Half of it,\nplease.", (await server.Anna.GetAsync($"/api/approvals/{approval}")).Get("reason"));
        await server.Anna.UntilAsync(run, "ended");
        Assert.DoesNotContain(server.Desk.Refunds, refund => refund.Run == run);
        server.AssertKept(visit);
    }

    [Fact]
    public async Task AnAmountThatIsChangedInTheReadersOwnSignsIsWhatRuns()
    {
        var (run, _, mail) = await server.AskAsync("payout", "mia");
        await using var visit = await browsing.GoAsync(server.Address, mail.Link.PathAndQuery);
        await visit.Page.ClickAsync("details.edit > summary");
        await visit.Page.FillAsync("input[name='arg.amount']", "300.50"); // as they do not write it
        await visit.Page.FillAsync("input[name=code]", mail.Code!);
        await visit.GoAsync(page => page.ClickAsync("button[value=edit]"));
        Assert.Contains("Write a number as 1200,5", await visit.Page.InnerTextAsync(".edit"), StringComparison.Ordinal);
        await visit.Page.FillAsync("input[name='arg.amount']", "300,50");
        await visit.Page.FillAsync("input[name=code]", mail.Code!);
        await visit.GoAsync(page => page.ClickAsync("button[value=edit]"));
        Assert.Contains("300,50\u00A0€", await visit.Page.InnerTextAsync("h1"), StringComparison.Ordinal);
        Assert.Contains("Approved by Mia Lindqvist", await visit.Page.InnerTextAsync(".verdict"), StringComparison.Ordinal);
        await server.Anna.UntilAsync(run, "ended");
        Assert.Equal(300.50m, Assert.Single(server.Desk.Refunds, refund => refund.Run == run).Amount);
        server.AssertKept(visit);
    }

    [Fact]
    public async Task AnAnswerIsWhatTheAgentIsTold()
    {
        var (run, approval, mail) = await server.AskAsync("asker", "max");
        await using var visit = await browsing.GoAsync(server.Address, mail.Link.PathAndQuery, scripts: false);
        await visit.Page.ClickAsync("label:has-text('The money back')");
        await visit.Page.FillAsync("input[name=code]", mail.Code!);
        await visit.GoAsync(page => page.ClickAsync("button[value=answer]"));
        Assert.Contains("Answered by Max Okafor", await visit.Page.InnerTextAsync(".verdict"), StringComparison.Ordinal);
        Assert.Contains("The money back", await visit.Page.InnerTextAsync(".verdict"), StringComparison.Ordinal);
        Assert.Equal("The money back", (await server.Anna.GetAsync($"/api/approvals/{approval}")).Get("result"));
        await server.Anna.UntilAsync(run, "ended");
        server.AssertKept(visit);
    }

    [Fact]
    public async Task OfTwoCallsOfOneTurnEachIsDecidedOnItsOwn()
    {
        var (run, _, mail) = await server.AskAsync("counter", "max");
        Assert.Equal(["issue_refund", "send_reply"], mail.Items.Select(item => item.Tool));
        await using var visit = await browsing.GoAsync(server.Address, mail.Link.PathAndQuery);
        await DecideAsync(1, "reject");
        Assert.Contains("1 of 2 to decide", await visit.Page.InnerTextAsync("h1"), StringComparison.Ordinal);
        Assert.Equal("waiting", (await server.Anna.GetAsync($"/api/runs/{run}")).Get("status"));
        await DecideAsync(0, "approve");
        Assert.Equal(["Approved by Max Okafor", "Rejected by Max Okafor"], await visit.Page.Locator(".became").AllInnerTextsAsync());
        await server.Anna.UntilAsync(run, "ended");
        Assert.Single(server.Desk.Refunds, refund => refund.Run == run);
        server.AssertKept(visit);

        async Task DecideAsync(int item, string decision)
        {
            var form = visit.Page.Locator($"#f-{mail.Items[item].Approval}");
            await form.Locator("input[name=code]").FillAsync(mail.Code!);
            if (decision == "reject")
            {
                await form.Locator("summary.button").ClickAsync();
            }

            await visit.GoAsync(_ => form.Locator($"button[value={decision}]").ClickAsync());
        }
    }

    private static async Task DecidedAsync(Visit visit)
    {
        Assert.Equal("Approved by Max Okafor", await visit.Page.InnerTextAsync(".became"));
        Assert.Equal(0, await visit.Page.Locator("[name=decide]").CountAsync());
    }
}
