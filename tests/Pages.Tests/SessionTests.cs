using Holdfast.Agents.Identity;
using Microsoft.Playwright;

namespace Holdfast.Pages.Tests;

/// <summary>Whoever signs in on one machine, from the key to signing out.</summary>
public sealed class SessionTests(Browsing browsing, DeskServer server)
{
    [Theory]
    [InlineData(Screen.Phone, false)]
    [InlineData(Screen.Desk, true)]
    public async Task AKeyLeadsToTheInboxToADecisionAndOut(Screen screen, bool scripts)
    {
        var (run, approval, _) = await server.AskAsync("secretive", "max");
        await using var visit = await browsing.GoAsync(server.Address, "/approvals", screen, scripts: scripts);
        await SignInAsync(visit, "max");
        Assert.Equal("/approvals", new Uri(visit.Page.Url).PathAndQuery);
        var cookie = Assert.Single(await visit.Page.Context.CookiesAsync());
        Assert.Equal((true, SameSiteAttribute.Lax), (cookie.HttpOnly, cookie.SameSite));
        Assert.DoesNotContain(await server.KeyAsync("max"), cookie.Value, StringComparison.Ordinal);

        await visit.GoAsync(page => page.ClickAsync($"a[href='/approvals/{approval}']"));
        await visit.GoAsync(page => page.ClickAsync("button[value=approve]"));
        Assert.Equal("Approved by Max Okafor", await visit.Page.InnerTextAsync(".became"));
        await server.Anna.UntilAsync(run, "ended");

        await visit.GoAsync(page => page.ClickAsync("nav a:text-is('Decided')"));
        Assert.Contains("Max Okafor", await visit.Page.Locator($"li:has(a[href='/approvals/{approval}'])").InnerTextAsync(), StringComparison.Ordinal);
        await visit.GoAsync(page => page.ClickAsync($"a[href='/approvals/{approval}']"));
        await visit.GoAsync(page => page.ClickAsync("a:text-is('See the whole run')"));
        Assert.Equal($"/runs/{run}", new Uri(visit.Page.Url).PathAndQuery);
        Assert.Contains("Approved by Max Okafor", await visit.Page.InnerTextAsync(".line"), StringComparison.Ordinal);

        await visit.GoAsync(page => page.ClickAsync("button:text-is('Sign out')"));
        Assert.Empty(await visit.Page.Context.CookiesAsync());
        await visit.ToAsync($"/approvals/{approval}");
        Assert.Equal("Sign in", await visit.Page.InnerTextAsync("h1"));
        server.AssertKept(visit);
    }

    [Fact]
    public async Task TheInboxIsWorkedThroughByKeys()
    {
        var first = (await server.AskAsync("night-desk", "nora")).Approval;
        var second = (await server.AskAsync("night-desk", "nora")).Approval;
        await using var visit = await browsing.GoAsync(server.Address, "/approvals", Screen.Desk);
        await SignInAsync(visit, "nora");
        Assert.Equal([$"/approvals/{first}", $"/approvals/{second}"], await visit.Page.Locator("#cards > li > a").EvaluateAllAsync<string[]>("all => all.map(one => one.getAttribute('href'))"));
        await visit.Page.Keyboard.PressAsync("j");
        await visit.Page.Keyboard.PressAsync("j");
        await visit.GoAsync(page => page.Keyboard.PressAsync("Enter"));
        Assert.Equal($"/approvals/{second}", new Uri(visit.Page.Url).PathAndQuery);
        await visit.Page.GoBackAsync();
        await visit.Page.Keyboard.PressAsync("/");
        await visit.Page.Keyboard.TypeAsync("payout");
        await visit.Page.Keyboard.PressAsync("Tab");
        await visit.GoAsync(page => page.Keyboard.PressAsync("Enter"));
        Assert.Equal("/approvals?agent=payout", new Uri(visit.Page.Url).PathAndQuery);
        Assert.Contains("Nothing waits for you", await visit.Page.InnerTextAsync("main"), StringComparison.Ordinal);
        server.AssertKept(visit);
    }

    [Fact]
    public async Task TheMailOfAnApprovalIsShownToWhoeverRunsTheHost()
    {
        var (_, approval, _) = await server.AskAsync("payout", "max");
        await using var visit = await browsing.GoAsync(server.Address, $"/dev/mail/{approval}", Screen.Desk);
        await SignInAsync(visit, "root", Roles.Admin);
        Assert.Equal($"/dev/mail/{approval}", new Uri(visit.Page.Url).PathAndQuery);
        var mail = visit.Page.FrameLocator("iframe");
        Assert.Contains("A-1002", await mail.Locator("body").InnerTextAsync(), StringComparison.Ordinal);
        Assert.True(await mail.Locator("a[href*='/a?t=']").CountAsync() > 0);
        Assert.Contains("/a?t=", await visit.Page.InnerTextAsync("pre"), StringComparison.Ordinal);
    }

    private async Task SignInAsync(Visit visit, string person, params string[] roles)
    {
        Assert.Equal("Sign in", await visit.Page.InnerTextAsync("h1"));
        await visit.Page.FillAsync("input[name=key]", await server.KeyAsync(person, roles));
        await visit.GoAsync(page => page.PressAsync("input[name=key]", "Enter"));
    }
}
