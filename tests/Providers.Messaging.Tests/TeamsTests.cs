using System.Text.Json;
using Holdfast.Agents.Messages;
using Microsoft.Playwright;

namespace Holdfast.Providers.Messaging.Tests;

/// <summary>Cards, as the published renderer of Adaptive Cards takes them.</summary>
public sealed class TeamsTests(Browser browser)
{
    [Fact]
    public async Task ACardIsPostedInTheEnvelopeThatAWorkflowReads()
    {
        await using var receiver = await Receiver.StartAsync();

        await Channel(receiver).SendAsync(Asking.Shared(), default);

        Assert.Equal($"/hook?sig={Asking.Token}", receiver.Delivery.Target);
        Assert.Equal("message", receiver.Delivery.Json.GetProperty("type").GetString());
        var attachment = Assert.Single(receiver.Delivery.Json.GetProperty("attachments").EnumerateArray());
        Assert.Equal("application/vnd.microsoft.card.adaptive", attachment.GetProperty("contentType").GetString());
        Assert.Equal(("AdaptiveCard", "1.4"), (attachment.GetProperty("content").GetProperty("type").GetString(), attachment.GetProperty("content").GetProperty("version").GetString()));
    }

    [Fact]
    public async Task TheRendererShowsWhoAsksWhatAndUntilWhenAndOpensThePage()
    {
        var page = await ShownAsync(Asking.Shared(Asking.Refund, Asking.Reply));

        var text = await page.InnerTextAsync("#card");
        Assert.All(["2 decisions are asked of you", "refund-desk asks on behalf of sam.", "Refund €1,200.00 for order “A-1003”", "Stage: 1 of 2", "Until: ", "send_reply", "to: “pat@mail[.]example”", "Whoever opens it signs in."],
            part => Assert.Contains(part, text, StringComparison.Ordinal));
        await page.GetByRole(AriaRole.Link, new() { Name = "Look and decide" }).ClickAsync();
        Assert.Equal(["https://desk.shop.example/approvals/apr_1"], await page.EvaluateAsync<string[]>("window.opened"));
    }

    [Fact]
    public async Task AnOutcomeCallsNobody()
    {
        var message = Asking.Shared(Asking.Refund with { Outcome = "Kim approved it." }) with { Kind = MessageKind.Outcome };
        var page = await ShownAsync(message);

        Assert.Contains("Outcome: Kim approved it.", await page.InnerTextAsync("#card"), StringComparison.Ordinal);
        Assert.Equal(0, Card(message).GetProperty("msteams").GetProperty("entities").GetArrayLength());
    }

    [Fact]
    public async Task WhatAModelWroteIsNeitherMarkdownNorMarkupNorADateOfTheCards()
    {
        const string Bad = "[press](https://evil.example) *now* <at>Lee</at> <b>x</b> {{DATE(2017-02-14T06:08:39Z,SHORT)}} {{{TIME(2017-02-14T06:08:39Z)}}";
        var page = await ShownAsync(Asking.Shared(Asking.Refund with
        {
            Agent = Bad,
            RequestedBy = Bad,
            Arguments = Asking.Json($$"""{"orderId":"{{Bad}}","amount":1}"""),
        }, Asking.Reply with { Tool = Bad, Arguments = Asking.Json($$"""{"{{Bad}}":"{{Bad}}"}""") }));

        Assert.Equal(0, await page.Locator("#card :is(a, em, b)").CountAsync());
        Assert.Contains("“[press](https[:]//evil[.]example) *now* <at>Lee</at> <b>x</b> { {DATE(2017-02-14T06:08:39Z,SHORT)}} { { {TIME(2017-02-14T06:08:39Z)}}”", await page.InnerTextAsync("#card"), StringComparison.Ordinal);
    }

    [Fact]
    public void WhoIsAskedIsMentionedByTheNameThatTeamsKnows()
    {
        var card = Card(Asking.Shared() with { To = [Asking.Kim with { Name = "Kim <*Z*>" }, Asking.Lee with { Teams = null }] });

        var mention = Assert.Single(card.GetProperty("msteams").GetProperty("entities").EnumerateArray());
        Assert.Equal("kim@shop.example", mention.GetProperty("mentioned").GetProperty("id").GetString());
        Assert.Equal("<at>Kim Z</at>", mention.GetProperty("text").GetString());
        Assert.Contains(card.GetProperty("body").EnumerateArray(), block => block.TryGetProperty("text", out var text) && text.GetString() == "<at>Kim Z</at> and 1 more");
    }

    [Fact]
    public async Task ACardIsCutToWhatTeamsTakes()
    {
        var item = Asking.Reply with { Arguments = Asking.Json(JsonSerializer.Serialize(Enumerable.Range(0, 50).ToDictionary(at => $"漢字{at}", _ => new string('漢', 2000)))) };
        var message = Asking.Shared([.. Enumerable.Repeat(item, 5)]) with { To = [.. Enumerable.Repeat(Asking.Kim with { Name = new string('漢', 200) }, 500)] };

        Assert.InRange(TeamsCard.Of(message).Length, 1, TeamsCard.Largest);
        var text = await (await ShownAsync(message)).InnerTextAsync("#card");
        Assert.Matches("[1-5] more on the page", text);
        Assert.Contains("Look and decide", text, StringComparison.Ordinal);
    }

    [Fact]
    public void ThoseWithoutANameInTeamsAreNotToldThere()
    {
        var channel = new TeamsChannel(Asking.Secrets.Resolve("webhook", "https://flows.example/x"), TimeProvider.System);

        Assert.True(channel.Reaches(Asking.Kim));
        Assert.True(channel.Reaches(null));
        Assert.False(channel.Reaches(Asking.Kim with { Teams = null }));
    }

    private static TeamsChannel Channel(Receiver receiver) => new(Asking.Secrets.Resolve("webhook", receiver.Address.AbsoluteUri), TimeProvider.System);

    private static JsonElement Card(Message message) => JsonDocument.Parse(TeamsCard.Of(message)).RootElement.GetProperty("attachments")[0].GetProperty("content");

    private async Task<IPage> ShownAsync(Message message)
    {
        var page = await browser.PageAsync();
        List<string> errors = [];
        page.PageError += (_, error) => errors.Add(error);
        await page.GotoAsync(new Uri(Path.Combine(Peers.Folder, "card.html")).AbsoluteUri);
        Assert.Empty(await page.EvaluateAsync<string[]>("card => show(JSON.parse(card))", Card(message).GetRawText()));
        Assert.Empty(errors);
        if (Environment.GetEnvironmentVariable("HOLDFAST_TEST_PICTURES") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"card-{message.Items.Count}-{message.Kind}.png"), FullPage = true });
        }

        return page;
    }
}
