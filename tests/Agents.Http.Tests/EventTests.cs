using System.Net;
using System.Text.Json;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Http.Tests;

public sealed class EventTests(ApiServer server) : IClassFixture<ApiServer>
{
    private readonly ApiClient anna = server.Anna;

    [Fact]
    public async Task AStreamFollowsARunToItsEndWithoutGaps()
    {
        var run = await anna.StartAsync("refund-desk", "Please refund order A-1002.");
        List<(long Id, string Type)> seen = [];
        await foreach (var (id, type, data) in anna.EventsAsync(run))
        {
            seen.Add((id, type));
            Assert.Equal((id, type), (data.GetProperty("seq").GetInt64(), data.GetProperty("type").GetString()!));
            if (type == "approval.requested")
            {
                await anna.PostAsync($"/api/approvals/{data.GetProperty("data").GetProperty("approval").GetString()}/decision", """{"decision": "approve"}""");
            }
        }

        Assert.Equal(Enumerable.Range(1, seen.Count).Select(i => (long)i), seen.Select(one => one.Id));
        Assert.Equal(
            [
                "run.created", "model.replied", "tool.started", "tool.finished", "model.replied", "approval.requested", "approval.decided", "tool.started",
                "tool.finished", "model.replied", "tool.started", "tool.finished", "model.replied", "run.ended",
            ],
            seen.Select(one => one.Type));
    }

    [Fact]
    public async Task AStreamOpenedAfterTheEndHasEverythingAndCloses()
    {
        var run = await anna.StartAsync("refund-desk", "hello", wait: 60);

        Assert.Equal(["run.created", "model.replied", "run.ended"], (await anna.AllEventsAsync(run)).Select(one => one.Type));
    }

    [Fact]
    public async Task LastEventIdGoesOnBehindIt()
    {
        var run = await anna.StartAsync("refund-desk", "Please refund order A-1001.", wait: 60);
        var all = await anna.AllEventsAsync(run);

        for (var after = 0; after < all.Count; after++)
        {
            Assert.Equal(all.Skip(after).Select(one => one.Id), (await anna.AllEventsAsync(run, after)).Select(one => one.Id));
        }
    }

    [Fact]
    public async Task BehindTheEndOfARunABrowserIsToldNotToComeBack()
    {
        var run = await anna.StartAsync("refund-desk", "hello", wait: 60);

        Assert.Equal(HttpStatusCode.NoContent, (await anna.GetAsync($"/api/runs/{run}/events", ("Last-Event-ID", "3"))).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await anna.GetAsync($"/api/runs/{run}/events", ("Last-Event-ID", "9223372036854775807"))).Status);
    }

    [Fact]
    public async Task AStreamThatIsAheadOfItsRunStillEndsWithIt()
    {
        var run = await anna.StartAsync("holder");
        await anna.UntilAsync(run, "running");
        using var stream = await anna.OpenEventsAsync(run, after: 999);

        server.Desk.LetGo(run);

        Assert.Empty(await anna.ReadEventsAsync(stream).ToListAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("1.0")]
    [InlineData("9223372036854775808")]
    public async Task ALastEventIdThatIsNoNumberIsRefused(string id)
    {
        var run = await anna.StartAsync("refund-desk", "hello", wait: 60);

        var reply = await anna.GetAsync($"/api/runs/{run}/events", ("Last-Event-ID", id));

        reply.IsProblem(400, "Last-Event-ID is not a number");
        Assert.Equal(["Last-Event-ID"], reply.Fields);
    }

    [Fact]
    public async Task WhatBecomesKnownAfterTheEndIsInTheStreamToo()
    {
        var (run, question) = await anna.AskAsync("writer");
        await anna.PostAsync($"/api/runs/{run}/cancel");
        await anna.UntilAsync(run, "ended");
        await anna.PostAsync($"/api/approvals/{question}/decision", """{"decision": "happened"}""");

        var types = (await anna.AllEventsAsync(run)).Select(one => one.Type).ToList();

        Assert.Contains("approval.decided", types.Skip(types.IndexOf("run.ended")));
    }

    [Fact]
    public async Task AStreamWhoseStoreGoesAwayEndsWholeAndTellsToComeBack()
    {
        var (run, _) = await anna.AskAsync("refund-desk");
        using var response = await anna.OpenEventsAsync(run);
        server.Away = new StoreUnavailableException("PostgreSQL does not answer.");

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        server.Away = null;

        Assert.EndsWith("\n\nretry: 2000\n\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManyStreamsOfOneRunSeeTheSame()
    {
        var run = await anna.StartAsync("holder");
        var streams = Enumerable.Range(0, 20).Select(_ => anna.AllEventsAsync(run)).ToList();
        await anna.UntilAsync(run, "running");
        server.Desk.LetGo(run);

        var seen = await Task.WhenAll(streams);

        Assert.All(seen, one => Assert.Equal(seen[0].Select(e => e.Data.ToString()), one.Select(e => e.Data.ToString())));
    }
}

public sealed class BriefStreamTests(BriefServer server) : IClassFixture<BriefServer>
{
    [Fact]
    public async Task AStreamThatMayNotStayOpenEndsWholeTellsToComeBackAndGoesOnBehindWhatItHasSaid()
    {
        var (run, approval) = await server.Anna.AskAsync("refund-desk");
        using var response = await server.Anna.OpenEventsAsync(run);
        var reading = response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        server.Passing.Advance(server.LongestStream - TimeSpan.FromTicks(1));
        Assert.NotNull(server.Passing.NextTimer);
        server.Passing.Advance(TimeSpan.FromTicks(1));

        var text = await reading;

        Assert.EndsWith("\n\nretry: 2000\n\n", text, StringComparison.Ordinal);
        var said = text.Split('\n').Count(line => line.StartsWith("id: ", StringComparison.Ordinal));
        Assert.True(said > 0, text);
        await server.Anna.PostAsync($"/api/approvals/{approval}/decision", """{"decision": "reject"}""");
        var rest = await server.Anna.AllEventsAsync(run, said);
        Assert.Equal(said + 1, rest[0].Id);
        Assert.Equal("run.ended", rest[^1].Type);
    }
}
