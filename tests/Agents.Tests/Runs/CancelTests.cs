using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tools;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class CancelTests
{
    [Fact]
    public async Task CancelledWhileQueuedItAsksNoModel()
    {
        var model = new FakeModel(FakeReply.Says("Done."));
        await using var desk = await RunHarness.StartAsync(new Deployment(model));
        var reached = desk.ReachAsync(AgentCrashPoints.RunAccepted);
        var run = await desk.StartRunAsync();
        await reached.Patiently();
        await CancelAsync(desk, run);
        await desk.RestartAsync();
        await desk.SettleAsync();

        Assert.Equal(OutcomeKinds.Cancelled, (await desk.FindAsync(run)).Outcome?.Kind);
        Assert.Empty(model.Asked);
    }

    [Fact]
    public async Task CancelledInAModelCallItProposesNothing()
    {
        var turnstile = new Turnstile();
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Call("refund") with { Before = (_, _) => turnstile.PassAsync() }), refund));
        var run = await desk.StartRunAsync();
        await turnstile.Entered;
        await CancelAsync(desk, run);
        turnstile.Release();
        await desk.SettleAsync();

        var ended = await desk.FindAsync(run);
        Assert.Equal((OutcomeKinds.Cancelled, 10), (ended.Outcome?.Kind, ended.Usage.InputTokens));
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task CancelledWhileAFailedModelCallWaitsItEndsAtOnce()
    {
        var model = new FakeModel(FakeReply.Says("Done.").AfterFailures(1, () => new ModelException(ModelFault.Retry, "Busy.", TimeSpan.FromDays(1))));
        await using var desk = await RunHarness.StartAsync(new Deployment(model));
        var run = await desk.RunAsync();
        await CancelAsync(desk, run);
        await desk.SettleAsync();

        Assert.Equal(OutcomeKinds.Cancelled, (await desk.FindAsync(run)).Outcome?.Kind);
    }

    [Fact]
    public async Task ACallThatHasBegunIsFinishedAndRecorded()
    {
        var turnstile = new Turnstile();
        var (refund, other) = (Given.Refund(idempotent: false), FakeTool.Acting("other", true));
        refund.Act = turnstile.Act;
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("refund", "{}"), ("other", "{}")), refund, other));
        var run = await desk.StartRunAsync();
        await turnstile.Entered;
        await CancelAsync(desk, run);
        turnstile.Release();
        await desk.SettleAsync();

        var outcome = (await desk.FindAsync(run)).Outcome!;
        Assert.Equal((OutcomeKinds.Cancelled, "refund"), (outcome.Kind, outcome.Done.Single().Tool));
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task AnApprovalThatIsOpenIsVoidAndNothingExecutes()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await CancelAsync(desk, run);
        await desk.SettleAsync();

        Assert.Equal(OutcomeKinds.Cancelled, (await desk.FindAsync(run)).Outcome?.Kind);
        Assert.Equal("void", (await desk.ApprovalAsync(approval.Id)).Status);
        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve")));
        Assert.Empty(refund.Requests);
        Assert.Equal("0", desk.InEngine("SELECT COUNT(*) FROM instances WHERE status IN (0, 1)")); // nobody is left waiting in the engine
    }

    [Fact]
    public async Task AnApprovalThatWasGivenAndNotUsedSaysSo()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();
        await CancelAsync(desk, run); // ends the suspension too
        await desk.SettleAsync();

        Assert.Equal(OutcomeKinds.Cancelled, (await desk.FindAsync(run)).Outcome?.Kind);
        var voided = await desk.ApprovalAsync(approval.Id);
        Assert.Equal("void", voided.Status);
        Assert.StartsWith("Approved, not executed.", voided.Note, StringComparison.Ordinal);
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task ACallInDoubtDoesNotHoldTheEndAndHappenedCorrectsTheOutcomeAfterwards()
    {
        var mail = FakeTool.Acting("mail", idempotent: false);
        mail.Act = (_, _) => throw new TimeoutException("cut");
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("mail"), mail));
        var run = await desk.RunAsync();
        var question = (await desk.PendingAsync(run)).Single();
        await CancelAsync(desk, run);
        await desk.SettleAsync();
        var outcome = (await desk.FindAsync(run)).Outcome!;
        Assert.Equal((OutcomeKinds.Cancelled, "mail"), (outcome.Kind, outcome.Unknown.Single().Tool));
        Assert.Equal("pending", (await desk.ApprovalAsync(question.Id)).Status);
        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => desk.DecideAsync(question.Id, "runAgain")));

        await desk.DecideAsync(question.Id, "happened");
        outcome = (await desk.FindAsync(run)).Outcome!;
        Assert.Equal((OutcomeKinds.Cancelled, 0, 1), (outcome.Kind, outcome.Unknown.Count, outcome.Done.Count));
    }

    [Fact]
    public async Task AnIdempotentCallThatCannotBeFinishedIsUnknownAndAskedAbout()
    {
        var refund = Given.Refund();
        refund.Act = (_, _) => throw new TimeoutException("down");
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund));
        var run = await desk.RunAsync();
        Assert.Equal("paused", (await desk.FindAsync(run)).Status);
        await CancelAsync(desk, run);
        await desk.SettleAsync();

        var outcome = (await desk.FindAsync(run)).Outcome!;
        Assert.Equal((OutcomeKinds.Cancelled, 1), (outcome.Kind, outcome.Unknown.Count));
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "happened");
        Assert.Single((await desk.FindAsync(run)).Outcome!.Done);
    }

    [Fact]
    public async Task AnAttemptThatWasToBeRepeatedAndWasNotIsUnknown()
    {
        var mail = FakeTool.Acting("mail", idempotent: false);
        mail.Act = (_, _) => throw new TimeoutException("cut");
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("mail"), mail));
        var run = await desk.RunAsync();
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "runAgain");
        await desk.SettleAsync();
        await CancelAsync(desk, run);
        await desk.SettleAsync();

        Assert.Single((await desk.FindAsync(run)).Outcome!.Unknown);
        Assert.Single(mail.Requests);
    }

    [Fact]
    public async Task CancellingTwiceChangesNothingAndAnEndedRunIsRefused()
    {
        var (desk, _, _, run, _) = await Given.AskedAsync();
        await using var owned = desk;
        await CancelAsync(desk, run);
        await CancelAsync(desk, run);
        await desk.SettleAsync();
        await CancelAsync(desk, run);
        Assert.Single(await desk.EventsAsync(run), RunEvents.CancelRequested);

        await desk.RestartAsync(deployment => deployment with { Model = new FakeModel(FakeReply.Says("Done.")) });
        var ended = await desk.RunAsync();
        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => CancelAsync(desk, ended)));
    }

    private static Task CancelAsync(RunHarness desk, string run) => desk.System.Runs.CancelAsync(RunHarness.Anna, run);
}
