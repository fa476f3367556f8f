using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Xunit;

namespace Holdfast.Agents.Tests.Approvals;

/// <summary>What happens to an approval by itself while days go by.</summary>
public sealed class TimeTests
{
    private static readonly ApprovalAsk Patient = new()
    {
        Stages = [new(["role:manager"])], Reminders = [TimeSpan.FromDays(1), TimeSpan.FromDays(2)], Expires = TimeSpan.FromDays(3),
    };

    [Fact]
    public async Task WhoHasNotDecidedIsRemindedInTimeAndNotBefore()
    {
        var mail = new FakeChannel("email");
        var (desk, _, _, approval) = await Staff.AskedAsync(Patient with { Stages = [new(["role:manager"], 2)] }, channels: mail);
        await using var owned = desk;
        Assert.Equal([(MessageKind.Request, "max"), (MessageKind.Request, "mia"), (MessageKind.Request, "pat")], Told(mail));
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.AdvanceAsync(TimeSpan.FromHours(23));
        Assert.Equal(3, mail.Sent.Count);
        await desk.AdvanceAsync(TimeSpan.FromHours(2));
        Assert.Equal([(MessageKind.Reminder, "max"), (MessageKind.Reminder, "pat")], Told(mail)[3..]);
        await desk.AdvanceAsync(TimeSpan.FromDays(1));
        Assert.Equal(7, mail.Sent.Count);
    }

    [Fact]
    public async Task EachStageHasItsOwnReminders()
    {
        var mail = new FakeChannel("email");
        var (desk, _, _, approval) = await Staff.AskedAsync(Patient with { Stages = [new(["user:mia"]), new(["user:fay"])], Expires = TimeSpan.FromDays(10) }, channels: mail);
        await using var owned = desk;
        await desk.AdvanceAsync(TimeSpan.FromHours(36));
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.AdvanceAsync(TimeSpan.FromHours(25));
        Assert.Equal([(MessageKind.Request, "mia"), (MessageKind.Reminder, "mia"), (MessageKind.Request, "fay"), (MessageKind.Reminder, "fay")], Told(mail));
    }

    [Fact]
    public async Task OthersMayDecideWhenItIsEscalatedAndThoseWhoWereAskedStillMay()
    {
        var mail = new FakeChannel("email");
        var (desk, refund, run, approval) = await Staff.AskedAsync(new()
        {
            Stages = [new(["user:mia"])], Escalation = new(["group:chiefs"], TimeSpan.FromDays(1)), Expires = TimeSpan.FromDays(3),
        }, channels: mail);
        await using var owned = desk;
        var cyd = new Principal("cyd", "acme", [Roles.Approve]);
        Assert.Equal(Refusal.Forbidden, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", cyd)));
        await desk.AdvanceAsync(TimeSpan.FromHours(25));
        Assert.Equal([(MessageKind.Request, "mia"), (MessageKind.Escalation, "cyd")], Told(mail));
        Assert.Contains("approval.escalated", await desk.EventsAsync(run));
        Assert.Equal(["user:mia", "group:chiefs"], (await desk.ApprovalAsync(approval.Id)).Stage.By);
        await desk.DecideAsync(approval.Id, "approve", cyd);
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task AnEscalationAtTheExpiryGivesOthersAsLongAgainAndThenItIsOver()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(new()
        {
            Stages = [new(["user:mia"])], Escalation = new(["group:chiefs"], null), OnExpire = OnExpire.Escalate, Expires = TimeSpan.FromDays(3),
        });
        await using var owned = desk;
        await desk.AdvanceAsync(TimeSpan.FromDays(4));
        var escalated = await desk.ApprovalAsync(approval.Id);
        Assert.Equal(("pending", TimeSpan.FromDays(6)), (escalated.Status, escalated.ExpiresAt - approval.RequestedAt));
        await desk.AdvanceAsync(TimeSpan.FromDays(3));
        Assert.Equal("expired", (await desk.ApprovalAsync(approval.Id)).Status);
        Assert.Equal(OutcomeKinds.Completed, (await desk.FindAsync(run)).Outcome?.Kind);
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task WhatWasOverdueWhileNobodyServedIsDoneOnceAtTheNextStart()
    {
        var mail = new FakeChannel("email");
        var (desk, _, _, _) = await Staff.AskedAsync(Patient with { Stages = [new(["user:mia"])] }, channels: mail);
        await using var owned = desk;
        await desk.StopAbruptlyAsync();
        desk.Time.Advance(TimeSpan.FromDays(2.5));
        await desk.ReopenAsync();
        await desk.SettleAsync();
        await desk.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal([(MessageKind.Request, "mia"), (MessageKind.Reminder, "mia")], Told(mail));
    }

    private static List<(MessageKind Kind, string Id)> Told(FakeChannel channel) => [.. channel.Sent.Select(message => (message.At, message.Kind, message.To.Single().Id)).OrderBy(one => one).Select(one => (one.Kind, one.Id))];
}
