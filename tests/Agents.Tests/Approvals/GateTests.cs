using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Xunit;

namespace Holdfast.Agents.Tests.Approvals;

/// <summary>Whose yes counts, and for what, when the call is to run.</summary>
public sealed class GateTests
{
    private static readonly Principal Root = new("root", "acme", [Roles.Approve, Roles.Admin]);

    [Fact]
    public async Task AnAdministratorsYesFillsOnlyWhatNobodyElseCould()
    {
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund) { People = Staff.People }
            .Asking(new("refund", [], new() { Stages = [new(["role:board"])] }), new("refund", [], new() { Stages = [new(["role:manager"])] })));
        var run = await desk.RunAsync();
        var approval = (await desk.PendingAsync(run)).Single();
        var first = await desk.DecideAsync(approval.Id, "approve", Root);
        await desk.SettleAsync();
        Assert.Equal(("pending", "role:manager"), (first.Status, first.Stage.By.Single()));
        Assert.Empty(refund.Requests);
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task WhereTheOnlyOneOfALaterStageHasSaidYesToAnEarlierOneAnAdministratorMay()
    {
        var few = new People([.. Staff.People.All.Where(person => person.Id is "mia" or "pat")]);
        var (desk, refund, run, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"]), new(["role:finance"])] }, few);
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "approve", Staff.Pat); // the manager that they are, and the only one in finance
        Assert.Contains("role:admin, because nobody", (await desk.FindAsync(run)).WaitingFor!.Who, StringComparison.Ordinal);
        await desk.DecideAsync(approval.Id, "approve", Root);
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task APersonCountsOnceHoweverTheirIdIsWritten()
    {
        var (desk, refund, _, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"], 2)] });
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        var again = await desk.DecideAsync(approval.Id, "approve", Staff.Mia with { Id = "MIA" });
        await desk.SettleAsync();
        Assert.Equal(("pending", "mia"), (again.Status, again.Votes.Single().By));
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task WhatNobodyIsAskedForAnyMoreIsDecidedForEverybodyElse()
    {
        var rule = Given.HeldOver(100) with { Ask = new() { Stages = [new(["role:manager"])], Edit = ["amount"] } };
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", """{"amount":400}"""), Given.Refund()) { People = Staff.People }.Asking(rule));
        var run = await desk.RunAsync();
        var anew = (await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "edit", Staff.Mia, arguments: """{"amount":50}""")).SupersededBy!;
        var refused = await Assert.ThrowsAsync<RefusedException>(() => desk.DecideAsync(anew, "reject", Staff.Max));
        Assert.Equal(Refusal.Conflict, refused.Refusal);
        Assert.StartsWith("mia decided 'approve' at ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEscalationCountsFromItsOwnTimeAndNotFromThatOfAnother()
    {
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund)
        {
            People = Staff.People, Policies = new([new ApprovalRule("refund", [], new() { Stages = [new(["role:finance"])], Escalation = new(["group:chiefs"], TimeSpan.FromDays(1)) })]),
        }.Asking(new ApprovalRule("refund", [], new() { Stages = [new(["role:manager"])], Expires = TimeSpan.FromDays(9) })));
        var run = await desk.RunAsync();
        var approval = (await desk.PendingAsync(run)).Single();
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.AdvanceAsync(TimeSpan.FromHours(25));
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        Assert.Equal("approved", (await desk.DecideAsync(approval.Id, "approve", new Principal("cyd", "acme", [Roles.Approve]))).Status);
        await ChangeAsync(desk, run, new() { Stages = [new(["role:finance"])], Escalation = new(["role:manager"], TimeSpan.FromDays(5)) });
        Assert.Empty(refund.Requests);
        Assert.Single(await desk.PendingAsync(run));
    }

    [Fact]
    public async Task WhatIsAskedForNowSaysHowLongAYesIsGood()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"])] });
        await using var owned = desk;
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.AdvanceAsync(TimeSpan.FromHours(2));
        await ChangeAsync(desk, run, new() { ValidFor = TimeSpan.FromHours(1) });
        Assert.Empty(refund.Requests);
        Assert.Single(await desk.PendingAsync(run));
    }

    [Fact]
    public async Task WhereSigningInIsAskedForNowAYesByALinkAloneDoesNotCount()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"])] });
        await using var owned = desk;
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.System.Decisions.DecideAsync(Staff.Mia, approval.Id, new Decision(Decisions.Approve) { Way = Ways.Link });
        await ChangeAsync(desk, run, new() { Identity = LinkIdentity.SignedIn });
        Assert.Empty(refund.Requests);
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve", Staff.Mia);
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task AnEditedCallThatOthersHoldUpIsRemindedOfAndExpiresInItsTime()
    {
        var refund = Given.Refund();
        var mail = new FakeChannel("email");
        ApprovalAsk patient = new() { Stages = [new(["user:fay"])], Expires = TimeSpan.FromDays(90) };
        ApprovalAsk pressing = new() { Stages = [new(["role:manager"], 2)], Edit = ["amount"], Reminders = [TimeSpan.FromDays(1)], Expires = TimeSpan.FromDays(3) };
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("pay", "{}"), ("refund", """{"amount":400}""")), FakeTool.Acting("pay", idempotent: true), refund)
        {
            People = Staff.People, Options = new AgentOptions { Channels = [mail] },
        }.Asking(new("pay", [], patient), new("refund", [], pressing)));
        var run = await desk.RunAsync();
        var refunding = (await desk.PendingAsync(run)).Single(approval => approval.Tool == "refund");
        var anew = (await desk.DecideAsync(refunding.Id, "edit", Staff.Mia, arguments: """{"amount":300}""")).SupersededBy!;
        await desk.AdvanceAsync(TimeSpan.FromHours(25));
        Assert.Equal(["max", "pat"], mail.Sent.Where(message => message.Kind == MessageKind.Reminder).Select(message => message.To.Single().Id).Order());
        await desk.AdvanceAsync(TimeSpan.FromDays(3));
        Assert.Equal("expired", (await desk.ApprovalAsync(anew)).Status);
        Assert.Equal("pay", (await desk.PendingAsync(run)).Single().Tool);
    }

    /// <summary>Puts a policy in force beside the agent, and lets the run go on.</summary>
    private static async Task ChangeAsync(RunHarness desk, string run, ApprovalAsk ask)
    {
        await desk.RestartAsync(deployment => deployment with { Policies = new([new ApprovalRule("refund", [], ask)]) });
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
    }
}
