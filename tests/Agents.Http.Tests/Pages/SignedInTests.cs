using System.Net;
using System.Text.RegularExpressions;
using Holdfast.Agents.Identity;

namespace Holdfast.Agents.Http.Tests.Pages;

public sealed class SignedInTests(PostServer server) : IClassFixture<PostServer>
{
    [Fact]
    public async Task AKeyBecomesASessionThatDecides()
    {
        var (run, approval, _) = await server.AskAsync("secretive");
        using var browser = await SignedInAsync("mia");
        (await browser.GetAsync("/approvals")).Is(200, "Mia Manager", "Refund");
        (await browser.DecideAsync($"/approvals/{approval}", "approve")).Is(200, "Your decision is stored");
        await server.Anna.UntilAsync(run, "ended");
        Assert.Equal("page", (await server.Anna.GetAsync($"/api/approvals/{approval}")).Body.GetProperty("votes")[0].GetProperty("way").GetString());
        (await browser.GetAsync("/approvals/history")).Is(200, "Approved");
        (await browser.GetAsync($"/runs/{run}")).Is(200, "completed", "issue_refund");
    }

    [Fact]
    public async Task PagesSayWhoItIsAboutByNameAndWhenInTheReadersZone()
    {
        var (run, approval, _) = await server.AskAsync();
        using var browser = await SignedInAsync("mia");
        (await browser.GetAsync("/approvals")).Is(200, "payout for Anna Asks");
        var page = await browser.GetAsync($"/runs/{run}");
        page.Is(200, "For Anna Asks", "Waits for Mia Manager or Max Manager to decide, until 20", "(Berlin, UTC+", "Anna Asks asked");
        Assert.DoesNotContain("role:", page.Text, StringComparison.Ordinal);

        await server.Anna.PostAsync($"/api/runs/{run}/suspend");
        (await browser.GetAsync($"/runs/{run}")).Is(200, "Anna Asks suspended it on 20", "Nothing begins until somebody resumes the run.");
        await server.Anna.PostAsync($"/api/runs/{run}/resume");
        await browser.DecideAsync($"/approvals/{approval}", "reject", more: ("reason", "Too much."));
        await server.Anna.UntilAsync(run, "ended");
        (await browser.GetAsync("/approvals/history")).Is(200, "Mia Manager");
        (await browser.GetAsync($"/runs/{run}")).Is(200, "Rejected by Mia Manager");
    }

    [Fact]
    public async Task WhatWaitsCanBeOfOneAgentAlone()
    {
        var ((_, one, _), (_, other, _)) = (await server.AskAsync(), await server.AskAsync("secretive"));
        using var browser = await SignedInAsync("mia");
        var page = await browser.GetAsync("/approvals?agent=secretive");
        Assert.Contains($"/approvals/{other}", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain($"/approvals/{one}", page.Html, StringComparison.Ordinal);
        (await browser.GetAsync("/approvals?agent=nobody")).Is(200, "Nothing waits for you");
    }

    [Fact]
    public async Task ARunOfManyTurnsIsAPageOfItsNewestSteps()
    {
        var run = await server.Anna.StartAsync("walker", "Walk on.", wait: 30);
        using var browser = await SignedInAsync("reader-of-many", "acme", Roles.Read);
        var page = await browser.GetAsync($"/runs/{run}");
        page.Is(200, "Walk on.", "What came next is not shown here", "Arrived.");
        Assert.Equal(82, Regex.Count(page.Html, "<li class=\"(asked|step|call|model)")); // how it began, what is left out, and 80 more
        Assert.InRange(page.Html.Length, 1, 60_000);
    }

    [Fact]
    public async Task TheCookieIsOutOfReachOfScriptsAndOfOtherSites()
    {
        using var browser = server.Browse();
        var (_, reply) = await SignInAsync(browser, "cookie-person");
        Assert.Equal((HttpStatusCode.SeeOther, "/approvals"), (reply.Status, reply.Headers["Location"]));
        var cookie = reply.Headers["Set-Cookie"];
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("hf_", cookie, StringComparison.Ordinal); // not the key
    }

    [Fact]
    public async Task ASessionOpensPagesAndNoApi()
    {
        using var browser = await SignedInAsync("page-person");
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/api/runs")).Status);
    }

    [Fact]
    public async Task ASessionEndsWithItsKeyAndWithSigningOut()
    {
        using var browser = server.Browse();
        var (key, _) = await SignInAsync(browser, "leaver");
        var page = await browser.GetAsync("/approvals");
        page.Is(200);
        await server.Keys.RevokeAsync(key.Prefix);
        server.Clock.Advance(ApiKeys.RevokedWithin);
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync("/approvals")).Status);

        using var other = await SignedInAsync("stayer");
        var nonce = (await other.GetAsync("/approvals")).Hidden("nonce");
        Assert.Equal(HttpStatusCode.Forbidden, (await other.PostAsync("/sign-out", new() { ["nonce"] = "x" })).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await other.PostAsync("/sign-out", new() { ["nonce"] = nonce })).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await other.GetAsync("/approvals")).Status);
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("hf_x", 400)]
    [InlineData("hf_00000000_0000000000000000000000000000000000000000000000000000", 400)]
    public async Task WhatIsNoKeyIsSaid(string key, int status)
    {
        using var browser = server.Browse();
        (await browser.PostAsync("/sign-in", new() { ["key"] = key })).Is(status, "not written as a key is");
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("https://evil.example")]
    [InlineData("/\\evil.example")]
    public async Task SigningInLeadsNowhereElse(string next)
    {
        using var browser = server.Browse();
        var (_, reply) = await SignInAsync(browser, $"person-{Guid.NewGuid():N}", next);
        Assert.Equal("/approvals", reply.Headers["Location"]);
    }

    [Fact]
    public async Task SomebodyWhoIsNotAskedSeesAndDecidesNothing()
    {
        var (_, approval, _) = await server.AskAsync();
        using var browser = await SignedInAsync("ben");
        var page = await browser.GetAsync($"/approvals/{approval}");
        page.Is(200, "ben may not decide on this");
        Assert.DoesNotContain("name=\"decide\"", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain(approval, (await browser.GetAsync("/approvals")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnotherTenantsApprovalIsNotThere()
    {
        var (run, approval, _) = await server.AskAsync();
        using var browser = await SignedInAsync("mia", tenant: "other");
        (await browser.GetAsync($"/approvals/{approval}")).Is(404);
        (await browser.GetAsync($"/runs/{run}")).Is(404);
    }

    [Fact]
    public async Task WithoutARoleForItAPageIsRefused()
    {
        using var browser = await SignedInAsync("sub", roles: [Roles.Submit]);
        (await browser.GetAsync("/approvals")).Is(403, "has none of the roles");
    }

    [Fact]
    public async Task WhatCannotBeReadIsRefusedAsAPage()
    {
        using var browser = await SignedInAsync("reader");
        (await browser.GetAsync("/approvals?cursor=bm9uZQ")).Is(400, "was not made by this list");
        (await browser.GetAsync("/approvals?colour=red")).Is(400, "Unknown query parameter");
        (await browser.GetAsync("/approvals/apr_x")).Is(400);
        (await browser.GetAsync("/runs/../x")).Is(404);
        var (_, approval, _) = await server.AskAsync();
        (await browser.PostAsync($"/approvals/{approval}", new() { ["decide"] = "approve", ["approval"] = "apr_other" })).Is(404, "not on this page");
    }

    private async Task<Browser> SignedInAsync(string person, string tenant = "acme", params string[] roles)
    {
        var browser = server.Browse();
        await SignInAsync(browser, person, null, tenant, roles);
        return browser;
    }

    private async Task<(ApiKey Key, PageReply Reply)> SignInAsync(Browser browser, string person, string? next = null, string tenant = "acme", params string[] roles)
    {
        var existing = (await server.Keys.ListAsync()).FirstOrDefault(key => key.Name == person && key.Tenant == tenant && key.RevokedAt is null);
        if (existing is not null)
        {
            await server.Keys.RevokeAsync(existing.Prefix);
        }

        var issued = await server.Keys.AddAsync(new NewApiKey(person, tenant, roles.Length == 0 ? [Roles.Approve, Roles.Read] : roles, TimeSpan.FromDays(300)));
        var form = new Dictionary<string, string> { ["key"] = issued.Text };
        if (next is not null)
        {
            form["next"] = next;
        }

        return (issued.Key, await browser.PostAsync("/sign-in", form));
    }
}
