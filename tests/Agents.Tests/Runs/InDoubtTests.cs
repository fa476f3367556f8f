using Holdfast.Agents.Messages;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tools;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class InDoubtTests
{
    [Theory]
    [InlineData(AgentCrashPoints.ToolStarted)]
    [InlineData(AgentCrashPoints.ToolActed)]
    public async Task ACallThatWasKilledIsShownToAPersonAndNotRunAgain(string point)
    {
        var mail = FakeTool.Acting("mail", idempotent: false);
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("mail"), mail));
        var reached = desk.ReachAsync(point);
        var run = await desk.StartRunAsync();
        await reached.Patiently();
        await desk.RestartAsync();
        await desk.SettleAsync();
        await desk.AdvanceAsync(TimeSpan.FromDays(1));

        var question = (await desk.PendingAsync(run)).Single();
        Assert.Equal(("inDoubt", "mail"), (question.Kind, question.Tool));
        Assert.Equal(["happened", "runAgain", "giveUp"], question.Decisions);
        var waiting = await desk.FindAsync(run);
        Assert.Equal(("waiting", "person"), (waiting.Status, waiting.WaitingFor!.Kind));
        Assert.Equal(point == AgentCrashPoints.ToolActed ? 1 : 0, mail.Requests.Count);
    }

    [Fact]
    public async Task AnExceptionAfterTheActBeganPutsItInDoubt()
    {
        var (desk, mail, _, run) = await DoubtAsync();
        await using var owned = desk;

        Assert.Equal("inDoubt", (await desk.PendingAsync(run)).Single().Kind);
        Assert.Single(mail.Requests);
    }

    [Fact]
    public async Task ATimeoutPutsItInDoubt()
    {
        var (desk, _, run, _) = await TimedOutAsync();
        await using var owned = desk;

        Assert.Contains("30 s", (await desk.PendingAsync(run)).Single().Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HappenedSettlesItWithThePersonsResult()
    {
        var (desk, mail, model, run) = await DoubtAsync();
        await using var owned = desk;
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "happened", result: """{"id": 7}""");
        await desk.SettleAsync();

        Assert.Equal("""{"id":7}""", model.Asked[1].Results.Single());
        Assert.Equal("mail", (await desk.FindAsync(run)).Outcome!.Done.Single().Tool);
        Assert.Single(mail.Requests);
    }

    [Fact]
    public async Task RunAgainIsANewAttemptUnderANewKey()
    {
        var (desk, mail, _, run) = await DoubtAsync();
        await using var owned = desk;
        var question = (await desk.PendingAsync(run)).Single();
        mail.Act = (_, _) => Task.FromResult<object?>("sent");
        await desk.DecideAsync(question.Id, "runAgain");
        await desk.SettleAsync();

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Equal((2, 2), (mail.Requests.Count, mail.Keys.Count));
        Assert.Equal([1, 2], mail.Requests.Select(request => request.Context.Attempt));
        Assert.NotNull((await desk.ApprovalAsync(question.Id)).ConsumedAt);
    }

    [Fact]
    public async Task RunAgainSatisfiesTheRuleOfTheCallAndIsNotAskedForTwice()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync(idempotent: false);
        await using var owned = desk;
        refund.Act = (call, _) => call.Number == 1 ? throw new TimeoutException("cut") : Task.FromResult<object?>("paid");
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();
        var question = (await desk.PendingAsync(run)).Single();
        Assert.Equal(Refusal.Forbidden, await Given.RefusedAsync(() => desk.DecideAsync(question.Id, "runAgain", RunHarness.Anna)));
        await desk.DecideAsync(question.Id, "runAgain");
        await desk.SettleAsync();

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Equal(2, (await desk.FindAsync(run)).Approvals.Count);
    }

    [Fact]
    public async Task GiveUpEndsTheRunAsFailed()
    {
        var (desk, mail, _, run) = await DoubtAsync();
        await using var owned = desk;
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "giveUp");
        await desk.SettleAsync();

        var outcome = (await desk.FindAsync(run)).Outcome!;
        Assert.Equal((OutcomeKinds.Failed, "mail"), (outcome.Kind, outcome.Unknown.Single().Tool));
        Assert.StartsWith("inDoubt", outcome.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GiveUpEndsARunWhoseOtherCallsWaitForAResumption()
    {
        var (mail, look) = (FakeTool.Acting("mail", false), new FakeTool("look") { Retries = 1 });
        mail.Act = (_, _) => throw new TimeoutException("cut");
        look.Act = (_, _) => throw new TimeoutException("down");
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("mail", "{}"), ("look", "{}")), mail, look));
        var run = await desk.RunAsync();
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.AdvanceAsync(TimeSpan.FromMinutes(1)); // the read's retry came due and met the suspension
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "giveUp");
        await desk.SettleAsync();

        Assert.Equal(OutcomeKinds.Failed, (await desk.FindAsync(run)).Outcome?.Kind);
    }

    [Fact]
    public async Task ALateResultSettlesTheCallAndClosesTheQuestion()
    {
        var (desk, _, run, turnstile) = await TimedOutAsync();
        await using var owned = desk;
        var question = (await desk.PendingAsync(run)).Single();
        turnstile.Release();
        await LateAsync(desk);

        Assert.Equal("void", (await desk.ApprovalAsync(question.Id)).Status);
        Assert.Equal((OutcomeKinds.Completed, 1), ((await desk.FindAsync(run)).Outcome?.Kind, (await desk.FindAsync(run)).Outcome?.Done.Count));
    }

    [Fact]
    public async Task ThePlaceThatWasAskedAboutItLearnsThatALateResultHasSettledIt()
    {
        var teams = new FakeChannel("teams", isShared: true);
        var (desk, _, run, turnstile) = await TimedOutAsync(teams);
        await using var owned = desk;
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run); // its end would say so, too
        turnstile.Release();
        await LateAsync(desk);

        Assert.Equal([(MessageKind.Request, null), (MessageKind.Outcome, "Not needed any more. Its result came late and settled the call.")],
            teams.Sent.Select(message => (message.Kind, message.Items.Single().Outcome)));
    }

    [Fact]
    public async Task ALateResultVoidsTheNextAttemptIfThatHasNotBegun()
    {
        var (desk, mail, run, turnstile) = await TimedOutAsync();
        await using var owned = desk;
        var question = (await desk.PendingAsync(run)).Single();
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.DecideAsync(question.Id, "runAgain");
        await desk.SettleAsync();
        turnstile.Release();
        await LateAsync(desk);
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.SettleAsync();

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Single(mail.Requests);
    }

    [Fact]
    public async Task ALateResultAfterTheNextAttemptBeganIsToldAsTwice()
    {
        var (desk, mail, run, turnstile) = await TimedOutAsync();
        await using var owned = desk;
        var question = (await desk.PendingAsync(run)).Single();
        await desk.DecideAsync(question.Id, "runAgain");
        await desk.SettleAsync();
        turnstile.Release();
        await LateAsync(desk);

        Assert.Contains("twice", (await desk.ApprovalAsync(question.Id)).Note, StringComparison.Ordinal);
        Assert.Equal(2, mail.Requests.Count);
        Assert.Equal(1L, await desk.StoredAsync<long>("SELECT COUNT(*) FROM late_results"));
    }

    [Fact]
    public async Task ALateResultAfterGivingUpOnlyCorrectsTheRecord()
    {
        var (desk, _, run, turnstile) = await TimedOutAsync();
        await using var owned = desk;
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "giveUp");
        await desk.SettleAsync();
        Assert.Single((await desk.FindAsync(run)).Outcome!.Unknown);
        turnstile.Release();
        await LateAsync(desk);

        var outcome = (await desk.FindAsync(run)).Outcome!;
        Assert.Equal((OutcomeKinds.Failed, 1, 0), (outcome.Kind, outcome.Done.Count, outcome.Unknown.Count));
    }

    [Fact]
    public async Task AResultThatIsNoExactJsonIsRefused()
    {
        var (desk, _, _, run) = await DoubtAsync();
        await using var owned = desk;
        var question = (await desk.PendingAsync(run)).Single();

        Assert.Equal(Refusal.Invalid, await Given.RefusedAsync(() => desk.DecideAsync(question.Id, "happened", result: "9007199254740993")));
    }

    private static async Task<(RunHarness Desk, FakeTool Mail, FakeModel Model, string Run)> DoubtAsync()
    {
        var mail = FakeTool.Acting("mail", idempotent: false);
        mail.Act = (_, _) => throw new TimeoutException("The connection was cut.");
        var model = Given.Calling("mail");
        var desk = await RunHarness.StartAsync(new Deployment(model, mail));
        return (desk, mail, model, await desk.RunAsync());
    }

    private static async Task<(RunHarness Desk, FakeTool Mail, string Run, Turnstile Turnstile)> TimedOutAsync(params FakeChannel[] channels)
    {
        var turnstile = new Turnstile();
        var mail = FakeTool.Acting("mail", idempotent: false);
        mail.Act = turnstile.Act;
        var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("mail"), mail) { Options = new AgentOptions { Channels = channels } });
        var run = await desk.StartRunAsync();
        await turnstile.Entered;
        desk.Time.Advance(TimeSpan.FromSeconds(30));
        await desk.SettleAsync();
        return (desk, mail, run, turnstile);
    }

    /// <summary>A late result is written by nobody's step: wait until it is there.</summary>
    private static async Task LateAsync(RunHarness desk)
    {
        await Patience.UntilAsync(async () => await desk.StoredAsync<long>("SELECT COUNT(*) FROM late_results") > 0);
        await desk.SettleAsync();
    }
}
