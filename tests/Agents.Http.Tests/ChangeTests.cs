using System.Net;

namespace Holdfast.Agents.Http.Tests;

public sealed class ChangeTests(ApiServer server) : IClassFixture<ApiServer>
{
    private readonly ApiClient anna = server.Anna;

    [Fact]
    public async Task ACancelledRunEndsAndItsApprovalIsVoid()
    {
        var (run, approval) = await anna.AskAsync("refund-desk");

        var reply = await anna.PostAsync($"/api/runs/{run}/cancel");
        var ended = await anna.UntilAsync(run, "ended");

        Assert.Equal(HttpStatusCode.Accepted, reply.Status);
        Assert.Equal("cancelled", ended.GetProperty("outcome").GetProperty("kind").GetString());
        Assert.Equal("void", (await anna.GetAsync($"/api/approvals/{approval}")).Get("status"));
        (await anna.PostAsync($"/api/approvals/{approval}/decision", """{"decision": "approve"}""")).IsProblem(409, "This is void.", "anna cancelled the run.");
    }

    [Fact]
    public async Task ACancelTwiceIsOne()
    {
        var (run, _) = await anna.AskAsync("refund-desk");
        await anna.PostAsync($"/api/runs/{run}/cancel");
        await anna.UntilAsync(run, "ended");

        Assert.Equal(HttpStatusCode.Accepted, (await anna.PostAsync($"/api/runs/{run}/cancel")).Status);
        Assert.Single(await anna.AllEventsAsync(run), one => one.Type == "run.cancelRequested");
    }

    [Fact]
    public async Task WhoMayNotReadARunIsShownNothingOfWhatWasSaidInItUnlessItIsTheirOwn()
    {
        var (run, _) = await anna.AskAsync("refund-desk");
        var forBen = (await server.As("carla", "acme", "submit", "delegate").PostAsync(
            "/api/runs", """{"agent": "refund-desk", "input": "Please refund order A-1002.", "requestedBy": "ben"}""")).Get("id");

        var strangers = await server.As("carla", "acme", "submit").PostAsync($"/api/runs/{run}/suspend");

        Assert.Equal(["id", "status", "links"], strangers.Body.EnumerateObject().Select(member => member.Name));
        Assert.Equal((run, "suspended"), (strangers.Get("id"), strangers.Get("status")));
        foreach (var (path, client) in new[]
        {
            (run, server.As("anna", "acme", "submit")), (run, server.As("carla", "acme", "submit", "read")), (run, server.As("carla", "acme", "admin")),
            (forBen, server.As("carla", "acme", "submit")), (forBen, server.As("ben", "acme", "submit")),
        })
        {
            Assert.StartsWith("Please refund", (await client.PostAsync($"/api/runs/{path}/suspend")).Get("input"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("suspend")]
    [InlineData("resume")]
    [InlineData("retry")]
    public async Task NothingChangesARunThatHasEndedByItself(string change)
    {
        var run = await anna.StartAsync("refund-desk", "hello", wait: 60);

        (await anna.PostAsync($"/api/runs/{run}/{change}")).IsProblem(409, run, "has ended");
    }

    [Fact]
    public async Task ASuspendedRunSaysWhoStoppedItAndGoesOnWhenResumed()
    {
        var (run, _) = await anna.AskAsync("refund-desk");

        var suspended = await anna.PostAsync($"/api/runs/{run}/suspend");
        Assert.Equal("suspended", suspended.Get("status"));
        Assert.Equal("anna", suspended.Body.GetProperty("waitingFor").GetProperty("who").GetString());
        Assert.Equal("suspended", (await anna.PostAsync($"/api/runs/{run}/suspend")).Get("status"));

        Assert.Equal("waiting", (await anna.PostAsync($"/api/runs/{run}/resume")).Get("status"));
        (await anna.PostAsync($"/api/runs/{run}/resume")).IsProblem(409, "is not suspended (status waiting)", "nothing to resume");
    }

    [Fact]
    public async Task ADecisionOnASuspendedRunIsKeptAndActedOnOnceItIsResumed()
    {
        var (run, approval) = await anna.AskAsync("refund-desk");
        await anna.PostAsync($"/api/runs/{run}/suspend");

        await anna.PostAsync($"/api/approvals/{approval}/decision", """{"decision": "approve"}""");
        await server.System.SweepNowAsync();
        await server.SettleAsync();
        Assert.DoesNotContain(server.Desk.Refunds, refund => refund.Run == run);

        await anna.PostAsync($"/api/runs/{run}/resume");
        await anna.UntilAsync(run, "ended");
        Assert.Single(server.Desk.Refunds, refund => refund.Run == run);
    }

    [Fact]
    public async Task APausedRunEndsAfterItsFaultIsMendedAndItIsRetried()
    {
        var run = await anna.StartAsync("breaker");
        await anna.UntilAsync(run, "paused");
        server.Desk.Mended[run] = true;

        Assert.Equal(HttpStatusCode.Accepted, (await anna.PostAsync($"/api/runs/{run}/retry")).Status);

        Assert.Equal("completed", (await anna.UntilAsync(run, "ended")).GetProperty("outcome").GetProperty("kind").GetString());
    }

    [Fact]
    public async Task ARunThatIsNotPausedIsNotRetried()
    {
        var (run, _) = await anna.AskAsync("refund-desk");

        (await anna.PostAsync($"/api/runs/{run}/retry")).IsProblem(409, "is not paused (status waiting)", "nothing to retry");
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("suspend")]
    [InlineData("resume")]
    [InlineData("retry")]
    public async Task ABodyWithFieldsIsRefusedAndAnEmptyObjectIsNot(string change)
    {
        var (run, _) = await anna.AskAsync("refund-desk");

        (await anna.PostAsync($"/api/runs/{run}/{change}", """{"reason": "why"}""")).IsProblem(400, "Unknown field 'reason'", "send no body");
        (await anna.PostAsync($"/api/runs/{run}/{change}", "not json")).IsProblem(400);

        Assert.Equal("waiting", (await anna.GetAsync($"/api/runs/{run}")).Get("status"));
        Assert.NotEqual(HttpStatusCode.BadRequest, (await anna.PostAsync($"/api/runs/{run}/{change}", "{}")).Status);
    }
}
