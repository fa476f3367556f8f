using Holdfast.Agents.Identity;
using Microsoft.Playwright;

namespace Holdfast.Pages.Tests;

/// <summary>Every page as a host with real agents serves it, looked at by axe-core; the samples of AccessibilityTests have what is rare.</summary>
public sealed class HostPagesTests(Browsing browsing, DeskServer server)
{
    [Theory]
    [InlineData(Screen.Phone, ColorScheme.Light)]
    [InlineData(Screen.Desk, ColorScheme.Dark)]
    public Task AxeFindsNothing(Screen screen, ColorScheme colours) => WalkAsync(
        screen, colours, async (name, visit) => Assert.Empty((await visit.FaultsAsync()).Select(fault => $"{name}: {fault}")));

    /// <summary>As PictureTests, of these.</summary>
    [Fact(Explicit = true)]
    public async Task EveryPageIsDrawn()
    {
        var folder = Environment.GetEnvironmentVariable("HOLDFAST_PICTURES") ?? "pictures";
        Directory.CreateDirectory(folder);
        foreach (var screen in new[] { Screen.Phone, Screen.Desk })
        {
            await WalkAsync(screen, ColorScheme.Light, async (name, visit) =>
            {
                foreach (var shown in new[] { ColorScheme.Light, ColorScheme.Dark })
                {
                    await visit.Page.EmulateMediaAsync(new() { ColorScheme = shown });
                    await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"host-{name}-{screen}-{shown}.png".ToLowerInvariant()) });
                }

                await visit.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
                await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"host-{name}-{screen}-whole.png".ToLowerInvariant()), FullPage = true });
            });
        }
    }

    /// <summary>Opens page after page as somebody comes to them.</summary>
    private async Task WalkAsync(Screen screen, ColorScheme colours, Func<string, Visit, Task> look)
    {
        var (run, approval, mia) = await server.AskAsync("two-stages", "mia");
        var max = server.Mail.Sent.Last(message => message.Items.Any(item => item.Approval == approval) && message.To.Single().Id == "max");
        var (_, _, turn) = await server.AskAsync("counter", "max");
        var (_, _, question) = await server.AskAsync("asker", "max");

        await using var visit = await browsing.GoAsync(server.Address, mia.Link.PathAndQuery, screen, colours);
        await look("link", visit);
        await visit.Page.FillAsync("input[name=code]", mia.Code == "0000" ? "0001" : "0000");
        await visit.GoAsync(page => page.ClickAsync("button[value=approve]"));
        await look("link-wrong-digits", visit);
        await visit.Page.FillAsync("input[name=code]", mia.Code!);
        await visit.GoAsync(page => page.ClickAsync("button[value=approve]"));
        await look("link-voted", visit);
        await VisitAsync("link-of-another", max.Link.PathAndQuery);
        await visit.Page.FillAsync("input[name=code]", max.Code!);
        await visit.Page.ClickAsync("summary.button");
        await visit.Page.FillAsync("textarea[name=reason]", "The lamp was returned broken. Half of it, please.");
        await visit.GoAsync(page => page.ClickAsync("button[value=reject]"));
        await look("link-rejected", visit);
        await VisitAsync("link-decided-by-another", mia.Link.PathAndQuery);
        await VisitAsync("link-bad", "/a?t=x");
        await VisitAsync("link-of-two-calls", turn.Link.PathAndQuery);
        await visit.Page.Locator("input[name=code]").First.FillAsync(turn.Code!);
        await visit.GoAsync(page => page.Locator("button[value=approve]").First.ClickAsync());
        await look("link-of-two-calls-one-decided", visit);
        await VisitAsync("link-question", question.Link.PathAndQuery);

        await VisitAsync("sign-in", "/approvals");
        await visit.Page.FillAsync("input[name=key]", "hf_x");
        await visit.GoAsync(page => page.PressAsync("input[name=key]", "Enter"));
        await look("sign-in-wrong", visit);
        await visit.Page.FillAsync("input[name=key]", await server.KeyAsync("max"));
        await visit.GoAsync(page => page.PressAsync("input[name=key]", "Enter"));
        await look("inbox", visit);
        await VisitAsync("inbox-filtered", "/approvals?order=amount&agent=writer");
        await VisitAsync("history", "/approvals/history");
        await VisitAsync("approval", $"/approvals/{mia.Items[0].Approval}");
        await VisitAsync("approval-open", $"/approvals/{question.Items[0].Approval}");
        await VisitAsync("run", $"/runs/{run}");
        await VisitAsync("not-found", "/approvals/apr_00000000000000000000000000");
        await VisitAsync("forbidden", $"/dev/mail/{approval}");
        server.AssertKept(visit);

        await visit.Page.Context.ClearCookiesAsync();
        await visit.ToAsync($"/dev/mail/{question.Items[0].Approval}");
        await visit.Page.FillAsync("input[name=key]", await server.KeyAsync("root", Roles.Admin));
        await visit.GoAsync(page => page.PressAsync("input[name=key]", "Enter"));
        await look("mail", visit);

        async Task VisitAsync(string name, string path)
        {
            await visit.ToAsync(path);
            await look(name, visit);
        }
    }
}
