using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class WakeTests
{
    [Fact]
    public async Task AWordThatWasLostIsSentAgainAfterAMinute()
    {
        var (desk, _, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        var lost = desk.ReachAsync(AgentCrashPoints.WordStored);
        await desk.DecideAsync(approval.Id, "approve");
        await lost.Patiently();
        await desk.SettleAsync();
        await desk.System.SweepNowAsync();
        await desk.SettleAsync();
        Assert.Equal("running", (await desk.FindAsync(run)).Status); // decided, and the engine has not heard

        desk.Time.Advance(TimeSpan.FromMinutes(1));
        await desk.System.SweepNowAsync();
        await desk.SettleAsync();
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }

    [Theory]
    [InlineData(AgentCrashPoints.RunAccepted)]
    [InlineData(AgentCrashPoints.WordStored)]
    public async Task AWordThatWasLostIsSentAtTheNextStart(string point)
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), Given.Refund()).Asking(Given.Held()));
        var lost = desk.ReachAsync(point);
        var run = await desk.RunAsync();
        if (point == AgentCrashPoints.WordStored)
        {
            await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "reject");
        }

        await lost.Patiently();
        await desk.RestartAsync();
        await desk.SettleAsync();
        Assert.Equal(point == AgentCrashPoints.RunAccepted ? "waiting" : "ended", (await desk.FindAsync(run)).Status);
    }

    [Fact]
    public async Task WordsThatComeTwiceOrForNothingChangeNothing()
    {
        var (desk, refund, model, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        for (var i = 0; i < 5; i++)
        {
            await desk.Engine.Client.RaiseEventAsync(Instances.OfRun(run, 1), Looks.Event, cancellation: TestContext.Current.CancellationToken);
            await desk.Engine.Client.RaiseEventAsync(Instances.OfAsking(run, 1, approval.Id), Looks.Event, cancellation: TestContext.Current.CancellationToken);
        }

        await desk.SettleAsync();
        Assert.Equal("pending", (await desk.ApprovalAsync(approval.Id)).Status);
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();
        Assert.Equal(("ended", 1, 2), ((await desk.FindAsync(run)).Status, refund.Requests.Count, model.Asked.Count));
    }

    [Fact]
    public async Task AWordToAnInstanceThatHasEndedInTheEngineShowsTheRunAsPausedAtOnce()
    {
        var (desk, _, _, run, _) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.Engine.Client.TerminateInstanceAsync(Instances.OfRun(run, 1), cancellation: TestContext.Current.CancellationToken);
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.SettleAsync();

        Assert.Equal(("paused", "engine"), ((await desk.FindAsync(run)).Status, (await desk.FindAsync(run)).Fault?.Code));
        Assert.Contains("The engine terminated the run's instance", (await desk.FindAsync(run)).Fault!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEndedRunLeavesNoWordBehind()
    {
        var (desk, _, _, run, _) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.System.Runs.CancelAsync(RunHarness.Anna, run);
        await desk.SettleAsync();

        Assert.Equal(0L, await desk.StoredAsync<long>("SELECT COUNT(*) FROM wakes"));
    }

    [Fact]
    public async Task AnAskingThatNeverCameToBeIsNotToldForEver()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), Given.Refund()).Asking(Given.Held()));
        var reached = desk.ReachAsync(AgentCrashPoints.ModelRecorded); // the asking is in the store, not in the engine
        var run = await desk.StartRunAsync();
        await reached.Patiently();
        var killed = desk.System.Runs.CancelAsync(RunHarness.Anna, run);
        await killed;
        await desk.RestartAsync();
        await desk.SettleAsync();

        Assert.Equal(OutcomeKinds.Cancelled, (await desk.FindAsync(run)).Outcome?.Kind);
        Assert.Equal(0L, await desk.StoredAsync<long>("SELECT COUNT(*) FROM wakes"));
    }

    [Fact]
    public async Task AWordThatNobodyHasToHearSoonIsRepeatedMoreAndMoreSeldom()
    {
        var (desk, _, _, run, _) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run); // the loop waits for a person, not for this
        await desk.SettleAsync();
        for (var minute = 0; minute < 4 * 60; minute++)
        {
            desk.Time.Advance(TimeSpan.FromMinutes(1));
            await desk.System.SweepNowAsync();
        }

        Assert.Equal(8, await desk.StoredAsync<long>("SELECT sends FROM wakes")); // after 1, 2, 4, … 64 minutes, and every 64 from then on
    }
}
