using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tools;
using Holdfast.Durable;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class SuspendAndRetryTests
{
    [Fact]
    public async Task SuspendedNothingBeginsUntilItIsResumed()
    {
        var turnstile = new Turnstile();
        var (look, refund) = (FakeTool.Reading("look"), Given.Refund());
        look.Act = turnstile.Act;
        var model = new FakeModel(FakeReply.Call("look"), FakeReply.Call("refund"), FakeReply.Says("Done."));
        await using var desk = await RunHarness.StartAsync(new Deployment(model, look, refund));
        var run = await desk.StartRunAsync();
        await turnstile.Entered;
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        turnstile.Release();
        await desk.SettleAsync();
        await desk.RestartAsync();
        await desk.AdvanceAsync(TimeSpan.FromDays(1));
        var suspended = await desk.FindAsync(run);
        Assert.Equal(("suspended", "suspension", "anna"), (suspended.Status, suspended.WaitingFor!.Kind, suspended.WaitingFor.Who));
        Assert.Single(model.Asked);

        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task EveryCallThatWaitsHearsTheResumption()
    {
        var (a, b) = (new FakeTool("a") { Retries = 1 }, new FakeTool("b") { Retries = 1 });
        foreach (var tool in new[] { a, b })
        {
            tool.Act = (call, _) => call.Number == 1 ? throw new TimeoutException("down") : Task.FromResult<object?>(1);
        }

        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("a", "{}"), ("b", "{}")), a, b));
        var run = await desk.RunAsync();
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.AdvanceAsync(TimeSpan.FromMinutes(1)); // both are due, and met the suspension
        Assert.Equal((1, 1), (a.Requests.Count, b.Requests.Count));
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.SettleAsync();

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }

    [Fact]
    public async Task AResumptionThatOneCallHeardBeforeAKillReachesTheOthersAfterIt()
    {
        var (a, b) = (new FakeTool("a") { Retries = 1 }, FakeTool.Reading("b"));
        a.Act = (call, _) => call.Number == 1 ? throw new TimeoutException("down") : Task.FromResult<object?>(1);
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("a", "{}"), ("b", "{}")), a, b).Asking(Given.Held(tool: "b")));
        var run = await desk.RunAsync();
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.AdvanceAsync(TimeSpan.FromMinutes(1)); // a waits for the resumption
        var resumed = desk.ReachAsync(AgentCrashPoints.WordStored);
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run); // stored, and not said
        await resumed.Patiently();
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve"); // b looks, and sees that it may
        await desk.SettleAsync();
        Assert.Equal((1, 1), (a.Requests.Count, b.Requests.Count));
        await desk.RestartAsync();
        await desk.SettleAsync();

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }

    [Fact]
    public async Task WhatCannotBeResumedOrRetriedSaysWhy()
    {
        var (desk, _, _, run, _) = await Given.AskedAsync();
        await using var owned = desk;

        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => desk.System.Runs.ResumeAsync(RunHarness.Anna, run)));
        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => desk.System.Runs.RetryAsync(RunHarness.Anna, run)));
        await desk.System.Runs.CancelAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => desk.System.Runs.SuspendAsync(RunHarness.Anna, run)));
    }

    [Theory]
    [InlineData("suspended")]
    [InlineData("terminated")]
    [InlineData("gone")]
    public async Task ARunWhoseInstanceIsDeadShowsAsPausedAndRetryRebuildsItFromTheStore(string how)
    {
        var (desk, refund, model, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await KillInstanceAsync(desk, run, how);
        var paused = await desk.FindAsync(run);
        Assert.Equal(("paused", "engine"), (paused.Status, paused.Fault!.Code));

        await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        Assert.Equal("waiting", (await desk.FindAsync(run)).Status);
        await desk.DecideAsync(approval.Id, "approve"); // the same asking as before
        await desk.SettleAsync();
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Equal((1, 2), (refund.Requests.Count, model.Asked.Count));
    }

    [Theory]
    [InlineData("suspended")]
    [InlineData("terminated")]
    [InlineData("gone")]
    public async Task ACancelledRunWhoseInstanceIsDeadIsClosedByTheSweep(string how)
    {
        var (desk, refund, _, run, _) = await Given.AskedAsync();
        await using var owned = desk;
        await KillInstanceAsync(desk, run, how);
        await desk.System.Runs.CancelAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        await desk.System.SweepNowAsync();

        Assert.Equal(OutcomeKinds.Cancelled, (await desk.FindAsync(run)).Outcome?.Kind);
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task AnAskingThatIsStuckInTheEngineShowsAndIsRebuilt()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.Engine.Client.SuspendInstanceAsync(Instances.OfAsking(run, 1, approval.Id), cancellation: TestContext.Current.CancellationToken);
        await desk.System.SweepNowAsync();
        Assert.Equal("paused", (await desk.FindAsync(run)).Status);
        await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task ANewInstanceWaitsForACallThatTheOldOneStillMakes()
    {
        var turnstile = new Turnstile();
        var refund = Given.Refund(idempotent: false);
        refund.Act = turnstile.Act;
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund));
        var run = await desk.StartRunAsync();
        await turnstile.Entered;
        await desk.Engine.Client.SuspendInstanceAsync(Instances.OfRun(run, 1), cancellation: TestContext.Current.CancellationToken);
        await desk.System.SweepNowAsync();
        await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
        turnstile.Release();
        await desk.SettleAsync();
        await desk.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(OutcomeKinds.Completed, (await desk.FindAsync(run)).Outcome?.Kind);
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task AToolThatTheHostNoLongerHasPausesTheRun()
    {
        var refund = Given.Refund();
        var model = Given.Calling("refund");
        await using var desk = await RunHarness.StartAsync(new Deployment(model, refund).Asking(Given.Held()));
        var run = await desk.RunAsync();
        await desk.RestartAsync(deployment => deployment with { Tools = [], Approvals = [], HasAgent = false });
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve");
        await desk.SettleAsync();
        Assert.Equal(("paused", "tool"), ((await desk.FindAsync(run)).Status, (await desk.FindAsync(run)).Fault?.Code));

        await desk.RestartAsync(deployment => deployment with { Tools = [refund], Approvals = [Given.Held()], HasAgent = true });
        await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task AToolThatIsGoneBeforeAModelCallPausesTheRunAndDoesNotLoop()
    {
        var look = FakeTool.Reading("look");
        var model = new FakeModel(FakeReply.Says("Done.").AfterFailures(1, () => new ModelException(ModelFault.GiveUp, "No.")));
        await using var desk = await RunHarness.StartAsync(new Deployment(model, look));
        var run = await desk.RunAsync();
        await desk.RestartAsync(deployment => deployment with { Tools = [], HasAgent = false });
        await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
        await desk.SettleAsync();

        Assert.Equal("tool", (await desk.FindAsync(run)).Fault?.Code);
    }

    [Fact]
    public async Task AFaultOfOursBeforeAStepPausesTheRun()
    {
        var (desk, _, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.TamperAsync("UPDATE agent_versions SET definition = 'damaged'");
        await desk.RestartAsync(deployment => deployment with { HasAgent = false });
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();

        Assert.Equal(("paused", "ours"), ((await desk.FindAsync(run)).Status, (await desk.FindAsync(run)).Fault?.Code));
    }

    [Fact]
    public async Task AFaultOfOursInAnAskingPausesTheRunAndRetryGoesOn()
    {
        var (desk, _, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.TamperAsync("UPDATE approvals SET ask = 'damaged' || ask");
        await desk.AdvanceAsync(Given.Ask.Expires!.Value);
        Assert.Equal(("paused", "ours"), ((await desk.FindAsync(run)).Status, (await desk.FindAsync(run)).Fault?.Code));

        await desk.TamperAsync("UPDATE approvals SET ask = substr(ask, 8)");
        await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        Assert.Equal(("ended", "expired"), ((await desk.FindAsync(run)).Status, (await desk.ApprovalAsync(approval.Id)).Status));
    }

    [Fact]
    public async Task ARunKeepsTheVersionItBeganWith()
    {
        var (desk, _, model, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        var version = (await desk.FindAsync(run)).AgentVersion;
        await desk.RestartAsync(deployment => deployment with { Instructions = "Be rude." });
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();

        Assert.Equal(version, (await desk.FindAsync(run)).AgentVersion);
        Assert.Equal("Be brief.", model.Asked[^1].Options!.Instructions);
        Assert.NotEqual(version, (await desk.FindAsync(await desk.RunAsync())).AgentVersion);
    }

    [Fact]
    public async Task AnAgentThatTheHostNoLongerHasFinishesItsRunsAndTakesNoNewOnes()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.RestartAsync(deployment => deployment with { HasAgent = false });
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Single(refund.Requests);
        Assert.Equal(Refusal.Invalid, await Given.RefusedAsync(() => desk.StartRunAsync()));
    }

    private static async Task KillInstanceAsync(RunHarness desk, string run, string how)
    {
        var instance = Instances.OfRun(run, 1);
        if (how == "suspended")
        {
            await desk.Engine.Client.SuspendInstanceAsync(instance, cancellation: TestContext.Current.CancellationToken);
        }
        else
        {
            await desk.Engine.Client.TerminateInstanceAsync(instance, cancellation: TestContext.Current.CancellationToken);
        }

        if (how == "gone")
        {
            await desk.SettleAsync();
            await desk.Engine.Client.PurgeInstanceAsync(instance, cancellation: TestContext.Current.CancellationToken);
            await desk.RestartAsync(); // who is gone is looked for at a start
        }

        await desk.SettleAsync();
        await desk.System.SweepNowAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AConversationThatCannotBeReadPausesTheRunOrLetsItEnd(bool cancelled)
    {
        var model = new FakeModel(FakeReply.Call("look"), FakeReply.Says("Done."));
        await using var desk = await RunHarness.StartAsync(new Deployment(model, FakeTool.Reading("look")).Asking(Given.Held(tool: "look")));
        var run = await desk.RunAsync();
        var approval = (await desk.PendingAsync(run)).Single().Id;
        var reply = await desk.StoredAsync<string>("SELECT reply FROM turns");
        await desk.TamperAsync("UPDATE turns SET reply = '5'");
        await desk.RestartAsync(); // which forgets what was said
        await desk.DecideAsync(approval, "approve");
        await desk.SettleAsync();
        Assert.Equal(("paused", "ours"), ((await desk.FindAsync(run)).Status, (await desk.FindAsync(run)).Fault?.Code));
        if (cancelled)
        {
            await desk.System.Runs.CancelAsync(RunHarness.Anna, run);
        }
        else
        {
            await desk.TamperAsync($"UPDATE turns SET reply = '{reply!.Replace("'", "''", StringComparison.Ordinal)}' WHERE turn = 1");
            await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
        }

        await desk.SettleAsync();
        Assert.Equal(cancelled ? "cancelled" : "completed", (await desk.FindAsync(run)).Outcome?.Kind);
    }
}
