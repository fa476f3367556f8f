using Holdfast.Agents.Http.Tests.Pages;
using Holdfast.Agents.Links;
using Microsoft.Playwright;

namespace Holdfast.Pages.Tests;

/// <summary>
/// A machine that looks what is behind the links of a mail: it runs scripts, unfolds, follows, types digits, and presses whatever can be pressed.
/// </summary>
public sealed class ScannerTests(Browsing browsing, DeskServer server)
{
    [Theory]
    [InlineData("payout", true)]
    [InlineData("counter", false)]
    [InlineData("asker", true)]
    public async Task BehindALinkItDecidesNothingAndThePersonStillCan(string agent, bool scripts)
    {
        var (run, approval, mail) = await server.AskAsync(agent, "max");
        await using var visit = await browsing.GoAsync(server.Address, mail.Link.PathAndQuery, scripts: scripts);
        var posts = await PressEverythingAsync(visit, mail.Link.PathAndQuery, Digits(mail.Code!));
        Assert.True(posts >= 2, "It found nothing to press.");
        var opened = Assert.IsType<LinkOpening.Fine>(await server.System.Links!.OpenAsync(mail.Link.Query["?t=".Length..]));
        Assert.InRange(opened.Link.Tries, 1, Link.MostTries - 1); // it came as far as to the digits

        foreach (var item in mail.Items)
        {
            var record = (await server.Anna.GetAsync($"/api/approvals/{item.Approval}")).Body;
            Assert.Equal(("pending", 0), (record.GetProperty("status").GetString(), record.GetProperty("votes").GetArrayLength()));
        }

        Assert.DoesNotContain(server.Desk.Refunds, refund => refund.Run == run);
        using var person = server.Browse();
        (await person.DecideAsync(mail.Link.PathAndQuery, "reject", mail.Code)).Is(200, "Your decision is stored");
        Assert.NotEqual("pending", (await server.Anna.GetAsync($"/api/approvals/{approval}")).Get("status"));
        server.AssertKept(visit);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhereItWouldHaveToSignInItSeesAndDecidesNothing(bool scripts)
    {
        var (_, approval, _) = await server.AskAsync("secretive", "max");
        await using var visit = await browsing.GoAsync(server.Address, $"/approvals/{approval}", scripts: scripts);
        Assert.Equal("Sign in", await visit.Page.InnerTextAsync("h1"));
        Assert.DoesNotContain("Refund", await visit.Page.ContentAsync(), StringComparison.Ordinal);
        Assert.True(await PressEverythingAsync(visit, $"/approvals/{approval}", new Queue<string>()) >= 1, "It found nothing to press.");
        Assert.Empty(await visit.Page.Context.CookiesAsync());
        Assert.Equal("pending", (await server.Anna.GetAsync($"/api/approvals/{approval}")).Get("status"));
        server.AssertKept(visit);
    }

    /// <summary>Presses one thing after the other, each on a page of its own.</summary>
    /// <param name="digits">What it types where digits are asked for; when there are none left, four letters, which no link counts.</param>
    /// <returns>How many forms it has sent.</returns>
    private static async Task<int> PressEverythingAsync(Visit visit, string path, Queue<string> digits)
    {
        var sent = 0;
        for (var at = 0; ; at++)
        {
            await visit.ToAsync(path);
            await visit.Page.EvaluateAsync("() => { document.querySelectorAll('details').forEach(one => one.open = true); document.querySelectorAll('form').forEach(one => one.noValidate = true); }");
            var things = visit.Page.Locator("a[href], button:not([disabled]), input[type=submit], input[type=radio], summary");
            if (at == await things.CountAsync())
            {
                return sent;
            }

            var thing = things.Nth(at);
            if (await thing.EvaluateAsync<bool>("one => one.matches('a, button, [type=submit]')"))
            {
                var isForm = await thing.EvaluateAsync<bool>("one => !!one.form");
                if (isForm)
                {
                    await FillAsync(visit.Page, digits);
                }

                await visit.GoAsync(_ => thing.EvaluateAsync("one => one.click()")); // also what only a script can reach
                sent += isForm ? 1 : 0;
            }
            else
            {
                await thing.EvaluateAsync("one => one.click()");
            }
        }
    }

    /// <summary>A choice where there are some, the same words in all that is empty, and digits: what is filled already stays.</summary>
    private static async Task FillAsync(IPage page, Queue<string> digits)
    {
        await page.EvaluateAsync("() => document.querySelectorAll('input[type=radio]').forEach(one => one.checked ||= ![...document.getElementsByName(one.name)].some(other => other.checked))");
        string? four = null;
        foreach (var field in await page.Locator("input:not([type=hidden]):not([type=radio]), textarea").AllAsync())
        {
            if (await field.GetAttributeAsync("name") == "code")
            {
                four ??= digits.TryDequeue(out var next) ? next : "abcd";
                await field.FillAsync(four);
            }
            else if ((await field.InputValueAsync()).Length == 0)
            {
                await field.FillAsync("12");
            }
        }
    }

    // One that guessed right would decide: once in ten thousand links for each of its five tries.
    private static Queue<string> Digits(string right) => new(new[] { "0000", "1234", "4711", "9999", "5555" }.Where(four => four != right).Take(4));
}
