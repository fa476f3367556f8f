using Holdfast.Agents.Definitions;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Xunit;

namespace Holdfast.Agents.Tests.Approvals;

public sealed class EditTests
{
    private static readonly ApprovalAsk Editable = new() { Stages = [new(["role:manager"])], Edit = ["amount"] };

    [Fact]
    public async Task WhatRunsIsWhatWasEditedAndBothAreKept()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(Editable);
        await using var owned = desk;
        var old = await desk.DecideAsync(approval.Id, "edit", Staff.Mia, arguments: """{"note":"none","amount":300}""");
        await desk.SettleAsync();
        Assert.Equal("""{"amount":300,"note":"none"}""", refund.Requests.Single().Arguments);

        var anew = await desk.ApprovalAsync(old.SupersededBy!);
        Assert.Equal(("superseded", "edit", "mia"), (old.Status, old.Decision, old.DecidedBy));
        Assert.Equal(("approved", 300, 400), (anew.Status, anew.Arguments.GetProperty("amount").GetInt32(), anew.Proposed!.Value.GetProperty("amount").GetInt32()));
        Assert.NotEqual(old.Digest, anew.Digest);
        Assert.NotNull(anew.ConsumedAt);
        Assert.Equal("completed", (await desk.FindAsync(run)).Outcome?.Kind);
    }

    [Fact]
    public async Task TheModelIsToldThatItsArgumentsWereChanged()
    {
        var refund = Given.Refund();
        var model = Given.Calling("refund", """{"amount":400}""");
        await using var desk = await RunHarness.StartAsync(new Deployment(model, refund) { People = Staff.People }.Asking(new ApprovalRule("refund", [], Editable)));
        var run = await desk.RunAsync();
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "edit", Staff.Mia, arguments: """{"amount":300}""");
        await desk.SettleAsync();
        Assert.Contains("""{"amount":300,"note":"none"}""", model.Asked[1].Messages[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEditVoidsEarlierVotesAndAsksThePolicyAgainWithTheEditorsYes()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(Editable with { Stages = [new(["role:manager"], 2), new(["role:finance"])] });
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "approve", Staff.Max);
        var id = (await desk.DecideAsync(approval.Id, "edit", Staff.Mia, arguments: """{"amount":300}""")).SupersededBy!;
        await desk.SettleAsync();
        var anew = await desk.ApprovalAsync(id);
        Assert.Equal(["mia"], anew.Votes.Select(vote => vote.By));
        Assert.Equal([1, 0], anew.Stages.Select(stage => stage.Have));
        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", Staff.Pat)));

        await desk.DecideAsync(id, "approve", Staff.Max);
        await desk.DecideAsync(id, "approve", Staff.Fay);
        await desk.SettleAsync();
        Assert.Equal("""{"amount":300,"note":"none"}""", refund.Requests.Single().Arguments);
    }

    [Fact]
    public async Task TheEditorsYesCountsForTheStageThatTheyMayDecide()
    {
        var (desk, refund, _, approval) = await Staff.AskedAsync(Editable with { Stages = [new(["role:manager"]), new(["role:finance"])] });
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        var id = (await desk.DecideAsync(approval.Id, "edit", Staff.Fay, arguments: """{"amount":300}""")).SupersededBy!;
        Assert.Equal([0, 1], (await desk.ApprovalAsync(id)).Stages.Select(stage => stage.Have));
        await desk.DecideAsync(id, "approve", Staff.Mia);
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task ArgumentsForWhichThePolicyAsksNobodyRunOnTheEditorsWord()
    {
        var refund = Given.Refund();
        var rule = Given.HeldOver(100) with { Ask = Editable };
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", """{"amount":400}"""), refund) { People = Staff.People }.Asking(rule));
        var run = await desk.RunAsync();
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "edit", Staff.Mia, arguments: """{"amount":50}""");
        await desk.SettleAsync();
        Assert.Equal("""{"amount":50,"note":"none"}""", refund.Requests.Single().Arguments);
    }

    [Fact]
    public async Task ArgumentsForWhichThePolicyAsksMoreWaitForThose()
    {
        var refund = Given.Refund();
        var deployment = new Deployment(Given.Calling("refund", """{"amount":50}"""), refund) { People = Staff.People }
            .Asking(new ApprovalRule("refund", [], Editable), Given.HeldOver(100) with { Ask = new() { Stages = [new(["role:finance"])] } });
        await using var desk = await RunHarness.StartAsync(deployment);
        var run = await desk.RunAsync();
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "edit", Staff.Mia, arguments: """{"amount":500}""");
        await desk.SettleAsync();
        Assert.Empty(refund.Requests);
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve", Staff.Fay);
        await desk.SettleAsync();
        Assert.Equal("""{"amount":500,"note":"none"}""", refund.Requests.Single().Arguments);
    }

    [Theory]
    [InlineData("""{"amount":true}""", "arguments.amount")] // breaks the schema
    [InlineData("""{"amount":300,"note":"mine"}""", "arguments.note")] // may not be edited
    [InlineData("""{"note":"none","amount":400}""", "arguments")] // changes nothing
    [InlineData("""[300]""", "arguments")]
    public async Task AnEditThatBreaksSchemaOrPolicyConsumesNothing(string arguments, string field)
    {
        var (desk, refund, _, approval) = await Staff.AskedAsync(Editable);
        await using var owned = desk;
        var refused = await Assert.ThrowsAsync<RefusedException>(() => desk.DecideAsync(approval.Id, "edit", Staff.Mia, arguments: arguments));
        Assert.Equal((Refusal.Invalid, field), (refused.Refusal, refused.Field));
        Assert.Empty((await desk.ApprovalAsync(approval.Id)).Votes);
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task TheSameEditAHundredTimesAtOnceIsOneRoundAndOneRecord()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(Editable);
        await using var owned = desk;
        var records = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => desk.DecideAsync(approval.Id, "edit", Staff.Mia, arguments: """{"amount":300}""")));
        await desk.SettleAsync();
        Assert.Single(records.Select(record => record.SupersededBy).Distinct());
        Assert.Equal(2, (await desk.FindAsync(run)).Approvals.Count);
        Assert.Single(refund.Requests);
    }
}
