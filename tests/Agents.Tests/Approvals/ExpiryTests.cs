using Holdfast.Agents.Definitions;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Xunit;

namespace Holdfast.Agents.Tests.Approvals;

public sealed class ExpiryTests
{
    private static readonly TimeSpan Expires = Given.Ask.Expires!.Value;

    [Fact]
    public async Task ASecondBeforeItsEndItCanBeDecided()
    {
        var (desk, refund, _, _, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.AdvanceAsync(Expires - TimeSpan.FromSeconds(1));
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();

        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task NobodysDecisionIsAResultForTheModelAndTheRunGoesOn()
    {
        var (desk, refund, model, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.AdvanceAsync(Expires);

        Assert.Equal((OutcomeKinds.Completed, "expired"), ((await desk.FindAsync(run)).Outcome?.Kind, (await desk.ApprovalAsync(approval.Id)).Status));
        Assert.Contains("expired", model.Asked[1].Results.Single(), StringComparison.Ordinal);
        Assert.Equal(Refusal.Gone, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve")));
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task NobodysDecisionEndsTheRunWhereTheRuleSaysSo()
    {
        var (desk, _, model, run, _) = await Given.AskedAsync(Given.Ask with { OnExpire = OnExpire.End });
        await using var owned = desk;
        await desk.AdvanceAsync(Expires);

        Assert.Equal(OutcomeKinds.Expired, (await desk.FindAsync(run)).Outcome?.Kind);
        Assert.Single(model.Asked);
    }

    [Fact]
    public async Task TheStoresClockDecidesAlsoWhenTheTimerIsLate()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        desk.Time.Set(desk.Time.GetUtcNow() + Expires + TimeSpan.FromSeconds(1)); // rings nothing

        Assert.Equal(Refusal.Gone, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve")));
        await desk.SettleAsync();
        Assert.Equal("ended", (await desk.FindAsync(run)).Status); // the late decision made the run look
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task WhatWasToldAsExpiredStaysSoWhenTheClockIsSetBack()
    {
        var (desk, refund, _, _, approval) = await Given.AskedAsync();
        await using var owned = desk;
        var before = desk.Time.GetUtcNow();
        desk.Time.Set(before + Expires + TimeSpan.FromSeconds(1));
        Assert.Equal(Refusal.Gone, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve")));
        desk.Time.Set(before);

        Assert.Equal(Refusal.Gone, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve")));
        await desk.SettleAsync();
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task ExpiredWhileTheHostWasDownItIsGone()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.StopAbruptlyAsync();
        desk.Time.Advance(Expires + TimeSpan.FromSeconds(1));
        await desk.ReopenAsync();

        Assert.Equal(Refusal.Gone, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve")));
        await desk.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task AClockThatIsSetBackOnlyMeansToWaitOn()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        desk.Time.Set(desk.Time.GetUtcNow() - TimeSpan.FromDays(365));
        await desk.RestartAsync();
        await desk.AdvanceAsync(TimeSpan.FromDays(10));
        Assert.Equal("pending", (await desk.ApprovalAsync(approval.Id)).Status);
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task ExpiryBoundsTheDecisionNotTheExecution()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.DecideAsync(approval.Id, "approve");
        await desk.AdvanceAsync(Expires * 2);
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.SettleAsync();

        Assert.Single(refund.Requests);
    }
}
