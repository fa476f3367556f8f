using Holdfast.Agents.Identity;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class QueryTests
{
    private static readonly Principal Stranger = new("anna", "other", Roles.All);

    [Fact]
    public async Task AnotherTenantsThingsDoNotExist()
    {
        var (desk, _, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;

        Assert.Null(await desk.Queries.FindAsync(Stranger, run));
        Assert.Null(await desk.Queries.TranscriptAsync(Stranger, run));
        Assert.Null(await desk.Queries.EventsAsync(Stranger, run, 0));
        Assert.Null(await desk.Queries.FindApprovalAsync(Stranger, approval.Id));
        Assert.Empty(await desk.Queries.ListAsync(Stranger, Filter()));
        Assert.Empty(await desk.Queries.ListApprovalsAsync(Stranger, null, run, null, 10));
        Assert.Equal(Refusal.NotFound, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", Stranger)));
        foreach (var act in new Func<Principal, string, Task>[]
            { desk.System.Runs.CancelAsync, desk.System.Runs.SuspendAsync, desk.System.Runs.ResumeAsync, desk.System.Runs.RetryAsync })
        {
            Assert.Equal(Refusal.NotFound, await Given.RefusedAsync(() => act(Stranger, run)));
        }
    }

    [Fact]
    public async Task OneIdempotencyKeyIsOneRunHoweverManyAskAtOnce()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))));
        var started = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() =>
            desk.System.Runs.StartAsync(RunHarness.Anna, new RunSubmission(Deployment.AgentName, "Do it."), "key"))));
        await desk.SettleAsync();

        Assert.Single(started.Select(one => one.Id).Distinct());
        Assert.Single(started, one => one.IsNew);
        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => desk.StartRunAsync("Something else.", key: "key")));
        Assert.NotEqual(started[0].Id, await desk.StartRunAsync(by: RunHarness.Boss, key: "key")); // another's key is another key
    }

    [Fact]
    public async Task AnIdempotencyKeyOutlivesItsAgent()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))));
        var run = await desk.StartRunAsync(key: "key");
        await desk.RestartAsync(deployment => deployment with { HasAgent = false });

        Assert.Equal(run, await desk.StartRunAsync(key: "key"));
    }

    [Fact]
    public async Task OnlyADelegateNamesAnother()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))));
        var submission = new RunSubmission(Deployment.AgentName, "Do it.", RequestedBy: "carl");
        Assert.Equal(Refusal.Forbidden, await Given.RefusedAsync(() => desk.System.Runs.StartAsync(RunHarness.Anna, submission)));
        var run = await desk.System.Runs.StartAsync(new Principal("portal", "acme", [Roles.Delegate]), submission);

        Assert.Equal("carl", (await desk.FindAsync(run.Id)).RequestedBy);
    }

    [Fact]
    public async Task RunsAreListedNewestFirstByStatusAgentAndMetadataInPages()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), Given.Refund()).Asking(Given.Held()));
        List<string> runs = [];
        for (var i = 0; i < 5; i++)
        {
            var metadata = new Dictionary<string, string> { ["order"] = $"A-{i % 2}", ["place"] = "x" };
            runs.Add((await desk.System.Runs.StartAsync(RunHarness.Anna, new RunSubmission(Deployment.AgentName, "Do it.", Metadata: metadata))).Id);
            await desk.SettleAsync();
            desk.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        await desk.System.Runs.CancelAsync(RunHarness.Anna, runs[2]);
        await desk.SettleAsync();
        runs.Reverse();
        Assert.Equal(runs, await Ids(Filter()));
        Assert.Equal(runs[1..3], await Ids(Filter(before: runs[0], limit: 2)));
        Assert.Equal([runs[2]], await Ids(Filter(status: "ended")));
        Assert.Equal(4, (await Ids(Filter(status: "waiting"))).Count);
        Assert.Empty(await Ids(Filter(agent: "other")));
        Assert.Equal([runs[1], runs[3]], await Ids(Filter(order: "A-1")));

        async Task<IReadOnlyList<string>> Ids(RunFilter filter) => [.. (await desk.Queries.ListAsync(RunHarness.Anna, filter)).Select(run => run.Id)];
    }

    [Fact]
    public async Task TheTranscriptHoldsWhatWasSaidAndDoneInOrder()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("look", "{}"), ("nothing", "{}")), FakeTool.Reading("look")));
        var run = await desk.RunAsync("Please.");
        var entries = (await desk.Queries.TranscriptAsync(RunHarness.Anna, run))!;

        Assert.Equal(["user Please.", "assistant ", "tool look done", "tool nothing refused", "assistant Done."],
            entries.Select(entry => entry.Role == "tool" ? $"tool {entry.Tool} {entry.State}" : $"{entry.Role} {entry.Text}"));
    }

    [Fact]
    public async Task WhoWaitsForTheEndIsToldOfIt()
    {
        var (desk, _, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        var waiting = desk.Queries.WaitForEndAsync(RunHarness.Anna, run, TimeSpan.FromMinutes(1), CancellationToken.None);
        await desk.DecideAsync(approval.Id, "reject");

        Assert.Equal("ended", (await waiting)!.Status);
    }

    private static RunFilter Filter(string? status = null, string? agent = null, string? order = null, string? before = null, int limit = 100) =>
        new(status, agent, order is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["order"] = order, ["place"] = "x" }, before, limit);
}
