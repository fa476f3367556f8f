using System.Net;
using System.Text.RegularExpressions;
using Holdfast.Agents.Links;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Secrets;

namespace Holdfast.Agents.Http.Tests.Pages;

/// <summary>Personal links over HTTP. Every sentence is one of what has to be proved about approvals.</summary>
public sealed class LinkTests(PostServer server) : IClassFixture<PostServer>
{
    [Fact]
    public async Task ToOpenALinkDecidesNothingHoweverOften()
    {
        var (_, approval, mail) = await server.AskAsync();
        using var browser = server.Browse();
        for (var i = 0; i < 50; i++)
        {
            (await browser.GetAsync(mail)).Is(200, "Refund", "A-1002");
            Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(mail.Link.PathAndQuery, HttpMethod.Head)).Status);
        }

        Assert.Equal("pending", (await server.Anna.GetAsync($"/api/approvals/{approval}")).Get("status"));
        Assert.DoesNotContain(mail.Code!, (await browser.GetAsync(mail)).Text, StringComparison.Ordinal); // it stands in the message alone
    }

    [Fact]
    public async Task ItsFormAndTheDigitsDecideOnceAndThePageSaysWho()
    {
        var (run, approval, mail) = await server.AskAsync();
        using var browser = server.Browse();
        (await browser.DecideAsync(mail.Link.PathAndQuery, "approve", mail.Code)).Is(200, "Your decision is stored", "Mia Manager");
        await server.Anna.UntilAsync(run, "ended");
        Assert.Single(server.Desk.Refunds, refund => refund.Run == run);
        var record = (await server.Anna.GetAsync($"/api/approvals/{approval}")).Body;
        Assert.Equal(("mia", "link"), (record.GetProperty("decidedBy").GetString(), record.GetProperty("votes")[0].GetProperty("way").GetString()));

        var other = server.Mail.Sent.Last(message => message.To.Single().Id == "max");
        (await browser.GetAsync(other)).Is(200, "Approved", "Mia Manager"); // the link of another approver shows that, too
    }

    [Fact]
    public async Task OneFormSentAHundredTimesAtOnceIsOneDecision()
    {
        var (run, approval, mail) = await server.AskAsync();
        using var browser = server.Browse();
        var form = Browser.FormOf(await browser.GetAsync(mail), "approve", mail.Code);
        var replies = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => browser.PostAsync(mail.Link.PathAndQuery, form)));
        Assert.All(replies, reply => reply.Is(200, "Mia Manager"));
        await server.Anna.UntilAsync(run, "ended");
        Assert.Single(server.Desk.Refunds, refund => refund.Run == run);
        Assert.Equal(1, (await server.Anna.GetAsync($"/api/approvals/{approval}")).Body.GetProperty("votes").GetArrayLength());
    }

    [Fact]
    public async Task OfApproveAndRejectAtOnceOneWinsAndTheOtherIsToldWhoAndWhat()
    {
        var (_, _, mia) = await server.AskAsync();
        var max = server.Mail.Sent.Last(message => message.To.Single().Id == "max");
        using var browser = server.Browse();
        var (yes, no) = (Browser.FormOf(await browser.GetAsync(mia), "approve", mia.Code), Browser.FormOf(await browser.GetAsync(max), "reject", max.Code));
        var replies = await Task.WhenAll(browser.PostAsync(mia.Link.PathAndQuery, yes), browser.PostAsync(max.Link.PathAndQuery, no));
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Conflict], replies.Select(reply => reply.Status).Order());
        Assert.Contains("decided '", replies.Single(reply => reply.Status == HttpStatusCode.Conflict).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    public async Task AFormOfAnotherSiteIsRefused(string header, string value)
    {
        var (_, approval, mail) = await server.AskAsync();
        using var browser = server.Browse();
        var form = Browser.FormOf(await browser.GetAsync(mail), "approve", mail.Code);
        (await browser.PostAsync(mail.Link.PathAndQuery, form, (header, value))).Is(403, "did not come from a page of this host");
        Assert.Equal("pending", (await server.Anna.GetAsync($"/api/approvals/{approval}")).Get("status"));
    }

    [Fact]
    public async Task TheFormOfOurOwnPageIsTakenThoughItNamesNoOrigin()
    {
        var (_, _, mail) = await server.AskAsync();
        using var browser = server.Browse();
        var form = Browser.FormOf(await browser.GetAsync(mail), "approve", mail.Code);
        (await browser.PostAsync(mail.Link.PathAndQuery, form, ("Origin", "null"), ("Sec-Fetch-Site", "same-origin"))).Is(200, "Your decision is stored");
    }

    [Fact]
    public async Task AFormThatWasNotOnThisViewOfThisPageIsRefused()
    {
        var (_, approval, mia) = await server.AskAsync();
        var max = server.Mail.Sent.Last(message => message.To.Single().Id == "max");
        using var browser = server.Browse();
        var form = Browser.FormOf(await browser.GetAsync(max), "approve", mia.Code);
        (await browser.PostAsync(mia.Link.PathAndQuery, form)).Is(403, "Nothing was decided"); // another's view
        form["nonce"] = "x";
        (await browser.PostAsync(mia.Link.PathAndQuery, form)).Is(403);
        server.Clock.Advance(TimeSpan.FromHours(13));
        var old = Browser.FormOf(await browser.GetAsync(mia), "approve", mia.Code);
        server.Clock.Advance(TimeSpan.FromHours(13));
        (await browser.PostAsync(mia.Link.PathAndQuery, old)).Is(403, "too old");
        Assert.Equal("pending", (await server.Anna.GetAsync($"/api/approvals/{approval}")).Get("status"));
    }

    [Fact]
    public async Task ItIsTooLateBySecondsByTheStoresClock()
    {
        var (run, _, mail) = await server.AskAsync();
        using var browser = server.Browse();
        var form = Browser.FormOf(await browser.GetAsync(mail), "approve", mail.Code);
        server.Clock.Advance(TimeSpan.FromDays(3) + TimeSpan.FromSeconds(1));
        (await browser.GetAsync(mail)).Is(410, "Too late to decide");
        (await browser.PostAsync(mail.Link.PathAndQuery, form)).Is(410);
        Assert.DoesNotContain(server.Desk.Refunds, refund => refund.Run == run);
    }

    [Fact]
    public async Task ATokenThatIsChangedCutOrOfAnotherKeyIsNoLink()
    {
        var (_, approval, mail) = await server.AskAsync();
        using var browser = server.Browse();
        var token = mail.Link.Query["?t=".Length..];
        var link = (await new LinkAccessOf(server).OpenAsync(token)).Link;
        var foreign = LinkToken.Write(LinkKeys.Of("another", [new Secret(null, "a key that is not this host's, and long")]), link.Claims);
        string[] bad = [token[..^1], token[1..], token[..20] + (token[20] == 'A' ? 'B' : 'A') + token[21..], foreign, "eyJhbGciOiJub25lIn0.eyJhIjoiYXByXzEifQ.", "x", ""];
        foreach (var one in bad)
        {
            (await browser.GetAsync($"/a?t={one}")).Is(401, "This link is not good");
            (await browser.PostAsync($"/a?t={one}", new() { ["decide"] = "approve", ["approval"] = approval, ["nonce"] = "x" })).Is(401);
        }

        (await browser.GetAsync("/a")).Is(401);
        (await browser.GetAsync($"/a?t={token}&u=1")).Is(401);
    }

    [Fact]
    public async Task ALinkForAnotherTenantLeadsNowhere()
    {
        var (_, _, mail) = await server.AskAsync();
        using var browser = server.Browse();
        var link = (await new LinkAccessOf(server).OpenAsync(mail.Link.Query["?t=".Length..])).Link;
        var theirs = LinkToken.Write(PostServer.Keys1, link.Claims with { Tenant = "other" });
        (await browser.GetAsync($"/a?t={theirs}")).Is(404, "There is nothing here");
    }

    [Fact]
    public async Task WhatWasAskedAnewIsNotDecidedByTheOldLink()
    {
        var (run, approval, mail) = await server.AskAsync();
        var max = server.Mail.Sent.Last(message => message.To.Single().Id == "max");
        using var browser = server.Browse();
        var form = Browser.FormOf(await browser.GetAsync(mail), "approve", mail.Code);
        (await browser.DecideAsync(max.Link.PathAndQuery, "edit", max.Code, ("arg.amount", "300"))).Is(200, "300");
        (await browser.GetAsync(mail)).Is(409, "This was asked anew");
        (await browser.PostAsync(mail.Link.PathAndQuery, form)).Is(409);
        await server.Anna.UntilAsync(run, "ended");
        Assert.Equal(300m, server.Desk.Refunds.Single(refund => refund.Run == run).Amount);
    }

    [Fact]
    public async Task WhereOneCallOfATurnHasExpiredTheLinkStillDecidesTheOther()
    {
        var (run, refund, mia) = await server.AskAsync("two-times");
        using var browser = server.Browse();
        server.Clock.Advance(TimeSpan.FromHours(1));
        (await browser.DecideAsync(mia.Link.PathAndQuery, "approve", mia.Code)).Is(410, "The time to decide ended");
        Assert.Equal("expired", (await server.Anna.GetAsync($"/api/approvals/{refund}")).Get("status"));
        (await browser.DecideAsync(mia.Link.PathAndQuery, "approve")).Is(200, "Your decision is stored");
        var max = server.Mail.Sent.Last(message => message.To.Single().Id == "max");
        (await browser.DecideAsync(max.Link.PathAndQuery, "approve")).Is(200, "Your decision is stored");
        await server.Anna.UntilAsync(run, "ended");
        Assert.DoesNotContain(server.Desk.Refunds, one => one.Run == run);
        server.Clock.Advance(TimeSpan.FromDays(3));
        (await browser.GetAsync(mia)).Is(410);
    }

    [Fact]
    public async Task AnOldLinkDecidesNoNewRoundOfWhicheverCallOfItsTurn()
    {
        var (_, refund, mia) = await server.AskAsync("two-times");
        var reply = mia.Items[1].Approval;
        var max = server.Mail.Sent.Last(message => message.To.Single().Id == "max");
        using var browser = server.Browse();
        var old = Browser.FormOf(await browser.GetAsync(mia), "approve");
        var edit = Browser.FormOf(await browser.GetAsync(max), "edit", max.Code, ("arg.text", "Soon."));
        (edit["approval"], edit["nonce"]) = (reply, (await browser.GetAsync(max)).Hidden("nonce", after: $"value=\"{reply}\""));
        (await browser.PostAsync(max.Link.PathAndQuery, edit)).Is(200, "Your decision is stored");
        var next = (await server.Anna.GetAsync($"/api/approvals/{reply}")).Get("supersededBy");

        var page = await browser.GetAsync(mia);
        page.Is(200, "issue_refund");
        Assert.DoesNotContain(next, page.Html, StringComparison.Ordinal);
        (old["approval"], old["code"]) = (next, mia.Code!);
        (await browser.PostAsync(mia.Link.PathAndQuery, old)).Is(404, "not on this page");
        Assert.Equal(1, (await server.Anna.GetAsync($"/api/approvals/{next}")).Body.GetProperty("votes").GetArrayLength());
        Assert.Equal("pending", (await server.Anna.GetAsync($"/api/approvals/{refund}")).Get("status"));

        // The new one has a message and a link of its own.
        await server.SettleAsync();
        var anew = server.Mail.Sent.Last(message => message.To.Single().Id == "mia" && message.Items.Any(item => item.Approval == next));
        (await browser.DecideAsync(anew.Link.PathAndQuery, "approve")).Is(200, "Your decision is stored");
    }

    [Fact]
    public async Task AnEditThatIsSentAgainIsItsRecordAndItsOldLinkSaysWhatBecameOfIt()
    {
        var (run, approval, mail) = await server.AskAsync();
        using var browser = server.Browse();
        var form = Browser.FormOf(await browser.GetAsync(mail), "edit", mail.Code, ("arg.amount", "250"));
        (await browser.PostAsync(mail.Link.PathAndQuery, form)).Is(200, "Your decision is stored", "250");
        (await browser.PostAsync(mail.Link.PathAndQuery, form)).Is(200, "Your decision is stored", "250");
        (await browser.GetAsync(mail)).Is(409, "This was asked anew", "Approved", "250", "Mia Manager");
        await server.Anna.UntilAsync(run, "ended");
        Assert.Equal(250m, server.Desk.Refunds.Single(refund => refund.Run == run).Amount);
        Assert.Equal(1, (await server.Anna.GetAsync($"/api/approvals/{approval}")).Body.GetProperty("votes").GetArrayLength());
    }

    [Fact]
    public async Task TheLinkOfARoundThatWasEditedDecidesTheOthersOfItsTurnAndNotTheNextRound()
    {
        var (_, refund, mia) = await server.AskAsync("board");
        var reply = mia.Items[1].Approval;
        var max = server.Mail.Sent.Last(message => message.To.Single().Id == "max");
        using var browser = server.Browse();
        var old = Browser.FormOf(await browser.GetAsync(mia), "approve");
        (await browser.DecideAsync(max.Link.PathAndQuery, "edit", null, ("arg.amount", "300"))).Is(200, "You have approved");
        var next = (await server.Anna.GetAsync($"/api/approvals/{refund}")).Get("supersededBy");

        var page = await browser.GetAsync(mia);
        page.Is(200, "Asked anew", "send_reply");
        Assert.DoesNotContain($"value=\"{next}\"", page.Html, StringComparison.Ordinal);
        (await browser.PostAsync(mia.Link.PathAndQuery, old)).Is(409);
        old["approval"] = next;
        (await browser.PostAsync(mia.Link.PathAndQuery, old)).Is(404, "not on this page");
        (await browser.DecideAsync(mia.Link.PathAndQuery, "approve", mia.Code)).Is(200, "Your decision is stored", "Mia Manager");
        Assert.Equal("approved", (await server.Anna.GetAsync($"/api/approvals/{reply}")).Get("status"));
        Assert.Equal(1, (await server.Anna.GetAsync($"/api/approvals/{next}")).Body.GetProperty("votes").GetArrayLength());
        (await browser.GetAsync(mia)).Is(409, "This was asked anew"); // nothing is left that it decides
    }

    [Fact]
    public async Task WhatWasDecidedOfATurnStaysOnThePageAndTheSameFormAgainIsTheSameRecord()
    {
        var (_, _, mia) = await server.AskAsync("board");
        var max = server.Mail.Sent.Last(message => message.To.Single().Id == "max");
        using var browser = server.Browse();
        var form = Browser.FormOf(await browser.GetAsync(mia), "reject", mia.Code);
        form["approval"] = mia.Items[1].Approval;
        form["nonce"] = Regex.Matches((await browser.GetAsync(mia)).Html, "name=\"nonce\" value=\"([^\"]*)\"")[1].Groups[1].Value;
        (await browser.PostAsync(mia.Link.PathAndQuery, form)).Is(200, "Rejected by Mia Manager", "1 of 2 to decide");
        (await browser.PostAsync(mia.Link.PathAndQuery, form)).Is(200, "Rejected by Mia Manager");
        (await browser.GetAsync(max)).Is(200, "Rejected by Mia Manager", "1 of 2 to decide");
    }

    [Fact]
    public async Task WhoAskedMayNotDecideAndGetsNoLink()
    {
        var (_, approval, _) = await server.AskAsync();
        Assert.DoesNotContain(server.Mail.Sent, message => message.Items.Any(item => item.Approval == approval) && message.To.Any(to => to.Id == "anna"));
        (await server.Anna.PostAsync($"/api/approvals/{approval}/decision", """{"decision": "approve"}""")).IsProblem(403, "anna asked for this run");
    }

    [Fact]
    public async Task AfterFiveWrongDigitsALinkDecidesNoMoreByItself()
    {
        var (_, approval, mail) = await server.AskAsync();
        using var browser = server.Browse();
        var wrong = mail.Code == "0000" ? "0001" : "0000";
        var form = Browser.FormOf(await browser.GetAsync(mail), "approve", mail.Code);
        (await browser.DecideAsync(mail.Link.PathAndQuery, "approve", "12")).Is(403, "not the digits"); // a slip, which is not counted
        for (var left = 4; left > 0; left--)
        {
            (await browser.DecideAsync(mail.Link.PathAndQuery, "approve", wrong)).Is(403, $"{left} {(left == 1 ? "try is" : "tries are")} left");
        }

        (await browser.DecideAsync(mail.Link.PathAndQuery, "approve", wrong)).Is(403, "decides nothing any more");
        (await browser.PostAsync(mail.Link.PathAndQuery, form)).Is(403); // with the right ones, too
        Assert.Equal("pending", (await server.Anna.GetAsync($"/api/approvals/{approval}")).Get("status"));
    }

    [Fact]
    public async Task AWithdrawnLinkIsNoLinkAlsoBetweenItsPageAndItsForm()
    {
        var (_, approval, mail) = await server.AskAsync();
        using var browser = server.Browse();
        var form = Browser.FormOf(await browser.GetAsync(mail), "approve", mail.Code);
        var access = new LinkAccessOf(server);
        await access.RevokeAsync((await access.OpenAsync(mail.Link.Query["?t=".Length..])).Link.Id);
        (await browser.GetAsync(mail)).Is(401, "This link is not good");
        (await browser.PostAsync(mail.Link.PathAndQuery, form)).Is(401);
        Assert.Equal("pending", (await server.Anna.GetAsync($"/api/approvals/{approval}")).Get("status"));
    }

    [Fact]
    public async Task WherePeopleHaveToSignInTheLinkShowsAndDecidesNothing()
    {
        var (_, approval, mail) = await server.AskAsync("secretive");
        using var browser = server.Browse();
        Assert.Equal($"/approvals/{approval}", mail.Link.PathAndQuery);
        Assert.Null(mail.Code);
        var page = await browser.GetAsync(mail);
        Assert.Equal((HttpStatusCode.SeeOther, $"/sign-in?next=%2Fapprovals%2F{approval}"), (page.Status, page.Headers["Location"]));
    }

    [Fact]
    public async Task NothingKeepsFramesOrPassesOnThePage()
    {
        var (_, _, mail) = await server.AskAsync();
        using var browser = server.Browse();
        var page = await browser.GetAsync(mail);
        Assert.Equal(("no-store", "no-referrer", "DENY", "nosniff"), (page.Headers["Cache-Control"], page.Headers["Referrer-Policy"], page.Headers["X-Frame-Options"], page.Headers["X-Content-Type-Options"]));
        Assert.Contains("frame-ancestors 'none'", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.DoesNotContain("http", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.DoesNotContain(mail.Link.Query["?t=".Length..], page.Html, StringComparison.Ordinal);
        Assert.InRange(page.Html.Length, 1, 60_000);
    }

    [Fact]
    public async Task MoneyAndTimeAreWrittenAsTheirReaderWritesThem()
    {
        var (_, _, mail) = await server.AskAsync();
        using var browser = server.Browse();
        Assert.Contains("400", (await browser.GetAsync(mail)).Text, StringComparison.Ordinal);
        Assert.Contains("Berlin", (await browser.GetAsync(mail)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AWrongEditComesBackWithWhatWasTypedAndConsumesNothing()
    {
        var (_, approval, mail) = await server.AskAsync();
        using var browser = server.Browse();
        (await browser.DecideAsync(mail.Link.PathAndQuery, "edit", mail.Code, ("arg.amount", "a lot"))).Is(400, "Nothing was decided");
        (await browser.DecideAsync(mail.Link.PathAndQuery, "approve", mail.Code, ("arg.amount", "300"))).Is(400, "Press the button that approves it as changed");
        Assert.Equal("pending", (await server.Anna.GetAsync($"/api/approvals/{approval}")).Get("status"));
        Assert.Equal(0, (await server.Anna.GetAsync($"/api/approvals/{approval}")).Body.GetProperty("votes").GetArrayLength());
    }
}

/// <summary>The links of a server's store.</summary>
internal sealed class LinkAccessOf(PostServer server)
{
    public async Task<LinkOpening.Fine> OpenAsync(string token) => (LinkOpening.Fine)await server.System.Links!.OpenAsync(token);

    public Task RevokeAsync(string link) => server.Issued.RevokeAsync(link, "root");
}
