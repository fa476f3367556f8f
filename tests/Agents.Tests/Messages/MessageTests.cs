using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Approvals;
using Holdfast.Agents.Tests.Links;
using Holdfast.Agents.Tests.Runs;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Messages;

public sealed class MessageTests
{
    private static readonly ApprovalAsk Mia = new() { Stages = [new(["user:mia"])], Expires = TimeSpan.FromDays(3) };

    [Fact]
    public async Task SeveralApprovalsOfOneTurnAreOneMessage()
    {
        var mail = new FakeChannel("email");
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("refund", """{"amount":1}"""), ("refund", """{"amount":2}""")), refund)
        {
            People = Staff.People, Options = new AgentOptions { Channels = [mail] },
        }.Asking(new ApprovalRule("refund", [], Mia with { Reminders = [TimeSpan.FromDays(1)] })));
        var run = await desk.RunAsync();
        Assert.Equal(["""{"amount":1,"note":"none"}""", """{"amount":2,"note":"none"}"""], mail.Sent.Single().Items.Select(item => item.Arguments.GetRawText()));
        await desk.AdvanceAsync(TimeSpan.FromHours(25));
        Assert.Equal(2, mail.Sent[1].Items.Count);

        // Each is decided on its own, and the reminder speaks only of what is still open.
        await desk.DecideAsync((await desk.PendingAsync(run))[0].Id, "approve", Staff.Mia);
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
        Assert.Single(await desk.PendingAsync(run));
    }

    [Fact]
    public async Task AMessageSaysWhatWhoAndUntilWhen()
    {
        var mail = new FakeChannel("email");
        var (desk, _, _, approval) = await Staff.AskedAsync(Mia with { Stages = [new(["user:mia"]), new(["role:finance"])] }, channels: mail);
        await using var owned = desk;
        var item = mail.Sent.Single().Items.Single();
        Assert.Equal("Anna Asks", item.Requester);
        Assert.Equal((approval.Id, "approval", "desk", "refund", "anna", approval.ExpiresAt, 1, 2), (item.Approval, item.Kind, item.Agent, item.Tool, item.RequestedBy, item.ExpiresAt, item.Stage, item.Stages));
        Assert.Equal(["mia"], mail.Sent.Single().To.Select(person => person.Id));
    }

    [Fact]
    public async Task AChannelThatFailsIsTriedAgainUnderTheSameIdAndThenTheNextOneHasIt()
    {
        var mail = new FakeChannel("email");
        List<string> tried = [];
        mail.Before = message =>
        {
            tried.Add(message.Id);
            throw new ChannelException("The mail server does not answer.");
        };
        var console = new FakeChannel("console");
        var (desk, refund, _, approval) = await Staff.AskedAsync(Mia, channels: [mail, console]);
        await using var owned = desk;
        Assert.Empty(console.Sent);
        await desk.AdvanceAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(3, tried.Count);
        Assert.Single(tried.Distinct());
        Assert.Single(console.Sent);
        var messages = (await desk.ApprovalAsync(approval.Id)).Messages!;
        Assert.Equal([("email", "failed", "The mail server does not answer."), ("console", "sent", null)], messages.Select(message => (message.Channel, message.State, message.Error)));
    }

    [Fact]
    public async Task WhatIsRefusedForGoodGoesToTheNextChannelAtOnce()
    {
        var mail = new FakeChannel("email") { Before = _ => throw new ChannelException("No such mailbox.", isFinal: true) };
        var console = new FakeChannel("console");
        var (desk, _, _, _) = await Staff.AskedAsync(Mia, channels: [mail, console]);
        await using var owned = desk;
        Assert.Single(console.Sent);
    }

    [Fact]
    public async Task AMailServerThatIsDownHoldsUpNoReminderNoEscalationAndNoExpiry()
    {
        var mail = new FakeChannel("email") { Before = _ => throw new ChannelException("Down.") };
        var (desk, _, run, approval) = await Staff.AskedAsync(Mia with { Reminders = [TimeSpan.FromDays(1)], Escalation = new(["group:chiefs"], TimeSpan.FromDays(2)) }, channels: mail);
        await using var owned = desk;
        await desk.AdvanceAsync(TimeSpan.FromDays(2) + TimeSpan.FromMinutes(1));
        var open = await desk.ApprovalAsync(approval.Id);
        Assert.NotNull(open.EscalatedAt);
        Assert.Equal(["request", "reminder", "escalation"], open.Messages!.Select(message => message.Kind));
        Assert.All(open.Messages!, message => Assert.Equal(("queued", "Down."), (message.State, message.Error)));

        mail.Before = _ => Task.CompletedTask; // back again
        await desk.AdvanceAsync(TimeSpan.FromMinutes(31));
        Assert.Equal([(MessageKind.Request, "mia"), (MessageKind.Reminder, "mia"), (MessageKind.Escalation, "cyd")], mail.Sent.Select(message => (message.Kind, message.To.Single().Id)).OrderBy(one => one.Kind));
        await desk.AdvanceAsync(TimeSpan.FromDays(1));
        Assert.Equal("expired", (await desk.ApprovalAsync(approval.Id)).Status);
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }

    [Fact]
    public async Task AMessageThatIsDecidedBeforeItIsSentIsNotSent()
    {
        var mail = new FakeChannel("email") { Before = _ => throw new ChannelException("Down.") };
        var (desk, _, _, approval) = await Staff.AskedAsync(Mia, channels: mail);
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        mail.Before = _ => Task.CompletedTask;
        await desk.AdvanceAsync(TimeSpan.FromHours(1));
        Assert.Empty(mail.Sent);
        Assert.Equal("void", (await desk.ApprovalAsync(approval.Id)).Messages!.Single().State);
    }

    [Fact]
    public async Task APlaceThatOthersReadGetsOneMessageForAllAndLearnsTheOutcome()
    {
        var teams = new FakeChannel("teams", isShared: true);
        var (desk, _, _, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"])] }, channels: teams);
        await using var owned = desk;
        var asked = teams.Sent.Single();
        Assert.Equal(["max", "mia", "pat"], asked.To.Select(person => person.Id).Order());
        Assert.Null(asked.Code);
        Assert.Equal($"/approvals/{approval.Id}", asked.Link.PathAndQuery); // names nobody
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.SettleAsync();
        Assert.Equal((MessageKind.Outcome, "Mia Manager approved."), (teams.Sent[1].Kind, teams.Sent[1].Items.Single().Outcome));
    }

    [Fact]
    public async Task CallsOfATurnWhoseRulesNameOtherChannelsGoEachItsOwnWay()
    {
        var mail = new FakeChannel("email") { Before = _ => throw new ChannelException("No such mailbox.", isFinal: true) };
        var (console, webhook) = (new FakeChannel("console"), new FakeChannel("webhook", isShared: true));
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("refund", "{}"), ("ship", "{}"), ("pay", "{}")), Given.Refund(), FakeTool.Acting("ship", idempotent: true), FakeTool.Acting("pay", idempotent: true))
        {
            People = Staff.People, Options = new AgentOptions { Channels = [mail, console, webhook] },
        }.Asking(new("refund", [], Mia with { Channels = ["email", "console"] }), new("ship", [], Mia with { Channels = ["email", "webhook"] }), new("pay", [], Mia with { Channels = ["email", "console"] })));
        await desk.RunAsync();
        Assert.Equal(["refund", "pay"], console.Sent.Single().Items.Select(item => item.Tool)); // the same channels: still one message
        Assert.Equal(["ship"], webhook.Sent.Single().Items.Select(item => item.Tool));
    }

    [Fact]
    public async Task WhomNoOtherChannelReachesIsTriedOnByTheOneThatFails()
    {
        var mail = new FakeChannel("email") { Before = _ => throw new ChannelException("Down.") };
        var teams = new FakeChannel("teams", isShared: true) { Reach = _ => false };
        var (desk, _, _, approval) = await Staff.AskedAsync(Mia, channels: [mail, teams]);
        await using var owned = desk;
        await desk.AdvanceAsync(TimeSpan.FromHours(2));
        Assert.Equal("queued", (await desk.ApprovalAsync(approval.Id)).Messages!.Single().State);
        mail.Before = _ => Task.CompletedTask;
        await desk.AdvanceAsync(TimeSpan.FromMinutes(31));
        Assert.Single(mail.Sent);
    }

    [Fact]
    public async Task WhomNoOtherChannelReachesIsTriedOnWhereTheOthersAreTold()
    {
        var teams = new FakeChannel("teams", isShared: true) { Before = _ => throw new ChannelException("No such workflow.", isFinal: true) };
        var mail = new FakeChannel("email") { Reach = person => person?.Email is not null };
        var (desk, _, _, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"])] }, channels: [teams, mail]);
        await using var owned = desk;
        await desk.AdvanceAsync(TimeSpan.FromMinutes(31));
        Assert.Equal(["max", "mia"], mail.Sent.Select(message => message.To.Single().Id).Order());
        Assert.Equal([("email", "sent"), ("email", "sent"), ("teams", "queued")], (await desk.ApprovalAsync(approval.Id)).Messages!.Select(message => (message.Channel, message.State)).Order());

        teams.Before = _ => Task.CompletedTask;
        await desk.AdvanceAsync(TimeSpan.FromMinutes(31));
        Assert.Equal(["pat"], teams.Sent.Single().To.Select(person => person.Id)); // who has no mailbox
        Assert.Equal(2, mail.Sent.Count);
    }

    [Fact]
    public async Task APlaceLearnsOnceThatARequestWasChangedAndIsAskedAnew()
    {
        var teams = new FakeChannel("teams", isShared: true);
        var (desk, _, _, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"], 2)], Edit = ["amount"] }, channels: teams);
        await using var owned = desk;
        var anew = (await desk.DecideAsync(approval.Id, "edit", Staff.Mia, arguments: """{"amount":300}""")).SupersededBy!;
        await desk.SettleAsync();
        var told = teams.Sent.Single(message => message.Kind == MessageKind.Outcome);
        Assert.Equal((approval.Id, "Mia Manager changed it. It is asked anew."), (told.Items.Single().Approval, told.Items.Single().Outcome));
        Assert.Equal(["max", "mia", "pat"], told.To.Select(person => person.Id).Order()); // who was asked there reads it there
        Assert.Equal([approval.Id, anew], teams.Sent.Where(message => message.Kind == MessageKind.Request).Select(message => message.Items.Single().Approval));

        await desk.DecideAsync(anew, "approve", Staff.Max);
        await desk.SettleAsync();
        Assert.Equal([(approval.Id, told.Items.Single().Outcome), (anew, "Max Manager approved.")],
            teams.Sent.Where(message => message.Kind == MessageKind.Outcome).Select(message => (message.Items.Single().Approval, message.Items.Single().Outcome)));
    }

    [Fact]
    public async Task APlaceLearnsOfAChangeThatNeedsNobodyElseAsOfADecision()
    {
        var teams = new FakeChannel("teams", isShared: true);
        var (desk, _, _, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"])], Edit = ["amount"] }, channels: teams);
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "edit", Staff.Mia, arguments: """{"amount":300}""");
        await desk.SettleAsync();
        Assert.Equal("Mia Manager changed it. Mia Manager approved.", teams.Sent.Single(message => message.Kind == MessageKind.Outcome).Items.Single().Outcome);
    }

    [Fact]
    public async Task ARoundThatIsAskedBeforeTheLastOneWasSentHasAMessageAndALinkOfItsOwn()
    {
        var mail = new FakeChannel("email");
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", """{"amount":400}"""), Given.Refund())
        {
            People = Staff.People, Options = new AgentOptions { Channels = [mail], LinkKeys = LinkTexts.Keys(LinkTexts.First) },
        }.Asking(new ApprovalRule("refund", [], new() { Stages = [new(["role:manager"], 2)], Edit = ["amount"] })));
        var run = await desk.RunAsync();
        await desk.TamperAsync("UPDATE messages SET state = 'queued', attempts = 0, sent_at = NULL"); // as where the host that is to send it is away
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "edit", Staff.Mia, arguments: """{"amount":300}""");
        await desk.SettleAsync();
        var (anew, max) = ((await desk.PendingAsync(run)).Single().Id, mail.Sent.Last(message => message.To.Single().Id == "max"));
        Assert.Equal(anew, max.Items.Single().Approval);
        Assert.IsType<LinkOpening.Fine>(await desk.System.Links!.OpenAsync(max.Link.Query["?t=".Length..]));
    }

    [Fact]
    public async Task ALinkDecidesNothingThatItsMessageDidNotSpeakOf()
    {
        var mail = new FakeChannel("email");
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", """{"amount":400}"""), Given.Refund())
        {
            People = Staff.People, Options = new AgentOptions { Channels = [mail], LinkKeys = LinkTexts.Keys(LinkTexts.First) },
        }.Asking(new ApprovalRule("refund", [], Mia)));
        var (one, other) = (await desk.RunAsync(), await desk.RunAsync());
        var fine = Assert.IsType<LinkOpening.Fine>(await desk.System.Links!.OpenAsync(mail.Sent[0].Link.Query["?t=".Length..]));
        var asked = (await desk.PendingAsync(other)).Single().Id;
        var refused = await Assert.ThrowsAsync<RefusedException>(() => desk.System.Decisions.DecideAsync(fine.Link, fine.Key, asked, new Decision("approve")));
        Assert.Equal((Refusal.Forbidden, "This link is about something else. Nothing was decided."), (refused.Refusal, refused.Message));
        await desk.System.Decisions.DecideAsync(fine.Link, fine.Key, (await desk.PendingAsync(one)).Single().Id, new Decision("approve"));
        Assert.Single(await desk.PendingAsync(other));
    }

    [Fact]
    public async Task WhatIsAskedAnewWhileAPlaceIsBeingToldOfItIsToldAfterwards()
    {
        var teams = new FakeChannel("teams", isShared: true);
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", """{"amount":400}"""), Given.Refund()) { People = Staff.People, Options = new AgentOptions { Channels = [teams] } }
            .Asking(new ApprovalRule("refund", [], new() { Stages = [new(["role:manager"], 2)], Edit = ["amount"] })));
        teams.Before = async message =>
        {
            teams.Before = _ => Task.CompletedTask;
            await desk.DecideAsync(message.Items.Single().Approval, "edit", Staff.Mia, arguments: """{"amount":300}""");
        };
        await desk.RunAsync();
        await desk.SettleAsync();
        Assert.Equal([(MessageKind.Request, 400), (MessageKind.Request, 300), (MessageKind.Outcome, 400)],
            teams.Sent.Select(message => (message.Kind, message.Items.Single().Arguments.GetProperty("amount").GetInt32())).OrderBy(one => one.Kind).ThenByDescending(one => one.Item2));
    }

    [Fact]
    public async Task WhoseYesCameToNothingIsTold()
    {
        var mail = new FakeChannel("email");
        var (desk, refund, run, approval) = await Staff.AskedAsync(Mia, channels: mail);
        await using var owned = desk;
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.System.Runs.CancelAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        Assert.Equal((MessageKind.Outcome, "mia"), (mail.Sent[^1].Kind, mail.Sent[^1].To.Single().Id));
        Assert.Contains("Approved, not executed. anna cancelled the run.", mail.Sent[^1].Items.Single().Outcome, StringComparison.Ordinal);
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task APlaceIsToldOnceOfAYesThatCameToNothing()
    {
        var (teams, mail) = (new FakeChannel("teams", isShared: true), new FakeChannel("email"));
        var (desk, _, run, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"], 2)] }, channels: [teams, mail]);
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.System.Runs.CancelAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        Assert.Equal("Not needed any more. anna cancelled the run.", teams.Sent.Single(message => message.Kind == MessageKind.Outcome).Items.Single().Outcome);
        Assert.Empty(mail.Sent);
    }

    [Fact]
    public async Task APlaceThatMayHaveTakenWhatFailedLearnsTheOutcome()
    {
        var teams = new FakeChannel("teams", isShared: true) { Before = _ => throw new ChannelException("It did not answer in time.") };
        var (desk, _, _, approval) = await Staff.AskedAsync(Mia, channels: teams);
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        teams.Before = _ => Task.CompletedTask;
        await desk.AdvanceAsync(TimeSpan.FromHours(1));
        Assert.Equal((MessageKind.Outcome, "Mia Manager approved."), (teams.Sent.Single().Kind, teams.Sent.Single().Items.Single().Outcome));
    }

    [Fact]
    public async Task APlaceThatIsGoneIsToldOfAnOutcomeForAWeekAndNoLonger()
    {
        var tries = 0;
        var teams = new FakeChannel("teams", isShared: true);
        var (desk, _, _, approval) = await Staff.AskedAsync(Mia, channels: teams);
        await using var owned = desk;
        teams.Before = _ =>
        {
            tries++;
            throw new ChannelException("No such workflow.", isFinal: true);
        };
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.AdvanceAsync(TimeSpan.FromDays(6));
        Assert.Equal("queued", await StateAsync());
        await desk.AdvanceAsync(TimeSpan.FromDays(2));
        Assert.Equal("failed", await StateAsync());
        var last = tries;
        await desk.AdvanceAsync(TimeSpan.FromDays(1));
        Assert.Equal(last, tries);

        async Task<string> StateAsync() => (await desk.ApprovalAsync(approval.Id)).Messages!.Single(message => message.Kind == "outcome").State;
    }

    [Fact]
    public async Task KilledBetweenTheSendingAndItsRecordAPlaceLearnsWhatWasDecidedMeanwhile()
    {
        var teams = new FakeChannel("teams", isShared: true);
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), Given.Refund()) { People = Staff.People, Options = new AgentOptions { Channels = [teams] } }
            .Asking(new ApprovalRule("refund", [], Mia)));
        var reached = desk.ReachAsync(AgentCrashPoints.MessageSent);
        var run = await desk.StartRunAsync();
        await reached.Patiently();
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve", Staff.Mia);
        await desk.RestartAsync();
        await desk.SettleAsync();
        Assert.Equal([MessageKind.Request, MessageKind.Outcome], teams.Sent.Select(message => message.Kind));
    }

    [Fact]
    public async Task KilledBetweenTheSendingAndItsRecordItIsSentAgainUnderTheSameId()
    {
        var mail = new FakeChannel("email");
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund) { People = Staff.People, Options = new AgentOptions { Channels = [mail] } }
            .Asking(new ApprovalRule("refund", [], Mia)));
        var reached = desk.ReachAsync(AgentCrashPoints.MessageSent);
        await desk.StartRunAsync();
        await reached.Patiently();
        await desk.RestartAsync();
        await desk.SettleAsync();
        Assert.Equal(2, mail.Sent.Count);
        Assert.Single(mail.Sent.Select(message => message.Id).Distinct());
        Assert.Single(mail.Sent.Select(message => message.Link).Distinct());
    }

    [Fact]
    public async Task WhereNobodyIsKnownAPlaceIsToldAndNobodyInParticular()
    {
        var console = new FakeChannel("console");
        var mail = new FakeChannel("email") { Reach = person => person?.Email is not null };
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund) { Options = new AgentOptions { Channels = [mail, console] } }.Asking(Given.Held()));
        await desk.RunAsync();
        Assert.Empty(mail.Sent);
        Assert.Empty(console.Sent.Single().To);
    }
}
