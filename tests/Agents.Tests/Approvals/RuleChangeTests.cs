using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Approvals;

public sealed class RuleChangeTests
{
    private static readonly Principal Root = new("root", "acme", [Roles.Admin, "chief", "owner", "board", "approve"]);

    [Fact]
    public async Task ARuleThatWasTightenedAfterTheApprovalAsksAnew()
    {
        var (desk, refund, run, first) = await ApprovedThenAsync(Given.Ask with { Stages = [new ApprovalStage(["role:chief"])] });
        await using var owned = desk;
        var second = (await desk.PendingAsync(run)).Single();
        Assert.Equal((2, first.Digest), (second.Round, second.Digest));
        Assert.Equal(("superseded", second.Id), ((await desk.ApprovalAsync(first.Id)).Status, (await desk.ApprovalAsync(first.Id)).SupersededBy));
        Assert.Empty(refund.Requests);

        foreach (var decision in new[] { "approve", "reject" })
        {
            var refused = await Assert.ThrowsAsync<RefusedException>(() => desk.DecideAsync(first.Id, decision));
            Assert.Equal(Refusal.Conflict, refused.Refusal);
            Assert.Contains(second.Id, refused.Message, StringComparison.Ordinal);
        }

        // The boss satisfies the rule of then; the rule of now wants a chief.
        Assert.Equal("pending", (await desk.DecideAsync(second.Id, "approve")).Status);
        Assert.Equal(["role:chief"], (await desk.ApprovalAsync(second.Id)).Stage.By);
        Assert.Equal(Refusal.Forbidden, await Given.RefusedAsync(() => desk.DecideAsync(second.Id, "approve", new Principal("ben", "acme", [Roles.Approve]))));
        await desk.DecideAsync(second.Id, "approve", new Principal("root", "acme", [Roles.Admin]));
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task ARuleThatCameAfterTheCallWasProposedIsAskedAtTheGate()
    {
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund));
        var reached = desk.ReachAsync(AgentCrashPoints.ModelRecorded);
        var run = await desk.StartRunAsync();
        await reached.Patiently();
        await desk.RestartAsync(deployment => deployment.Asking(Given.Held()));
        await desk.SettleAsync();
        Assert.Empty(refund.Requests);
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve");
        await desk.SettleAsync();

        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task ARuleThatWasLoosenedDoesNotLoosenARunThatBeganWithIt()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.RestartAsync(deployment => deployment.Asking(new ApprovalRule("refund", [], null)));
        await desk.SettleAsync();
        Assert.Equal("waiting", (await desk.FindAsync(run)).Status);
        Assert.Equal(Refusal.Forbidden, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", RunHarness.Anna)));
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();

        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task AfterThreeReasksTheRunPausesAndRetryAsksOnceMore()
    {
        var (desk, refund, run, _) = await ApprovedThenAsync(Given.Ask with { Stages = [new ApprovalStage(["role:owner"])] });
        await using var owned = desk;
        for (var reask = 1; reask <= 3; reask++)
        {
            Assert.Equal("waiting", (await desk.FindAsync(run)).Status);
            await ApproveBehindTheRuleAsync(desk, run);
        }

        Assert.Equal(("paused", "rounds"), ((await desk.FindAsync(run)).Status, (await desk.FindAsync(run)).Fault?.Code));
        Assert.Empty(refund.Requests);
        await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        var last = (await desk.PendingAsync(run)).Single();
        Assert.Equal(5, last.Round);
        await desk.DecideAsync(last.Id, "approve", Root);
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
    }

    /// <summary>A refund is approved while the run is suspended, and the rule changes before it is resumed.</summary>
    private static async Task<(RunHarness Desk, FakeTool Refund, string Run, ApprovalView First)> ApprovedThenAsync(ApprovalAsk tighter)
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.DecideAsync(approval.Id, "approve");
        await desk.RestartAsync(deployment => deployment.Asking(Given.Held(tighter)));
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        return (desk, refund, run, approval);
    }

    /// <summary>The admin approves, and loses the role that let it: as if the rule had changed once more.</summary>
    private static async Task ApproveBehindTheRuleAsync(RunHarness desk, string run)
    {
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve", Root);
        await desk.SettleAsync();
        await desk.TamperAsync("UPDATE votes SET roles = '[]', is_admin = 0");
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
    }
}
