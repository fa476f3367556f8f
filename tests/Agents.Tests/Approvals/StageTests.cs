using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Xunit;

namespace Holdfast.Agents.Tests.Approvals;

public sealed class StageTests
{
    private static readonly ApprovalAsk ManagerThenFinance = new() { Stages = [new(["role:manager"]), new(["role:finance"])] };

    [Fact]
    public async Task EveryStageDecidesInItsOrder()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(ManagerThenFinance);
        await using var owned = desk;
        Assert.Equal(["role:manager"], approval.Stage.By);
        var early = await Assert.ThrowsAsync<RefusedException>(() => desk.DecideAsync(approval.Id, "approve", Staff.Fay));
        Assert.Equal(Refusal.Forbidden, early.Refusal);
        Assert.Contains("stage 1 of 2 comes first", early.Message, StringComparison.Ordinal);

        var first = await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.SettleAsync();
        Assert.Equal(("pending", "role:finance"), (first.Status, first.Stage.By.Single()));
        Assert.Equal([(1, 1), (1, 0)], first.Stages.Select(stage => (stage.Of, stage.Have)));
        Assert.Empty(refund.Requests);

        var second = await desk.DecideAsync(approval.Id, "approve", Staff.Fay);
        await desk.SettleAsync();
        Assert.Equal(("approved", "fay"), (second.Status, second.DecidedBy));
        Assert.Equal(["mia", "fay"], second.Votes.Select(vote => vote.By));
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task AQuorumIsOfDifferentPeople()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"], 2)] });
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        Assert.Equal("pending", (await desk.DecideAsync(approval.Id, "approve", Staff.Mia)).Status);
        await desk.SettleAsync();
        Assert.Empty(refund.Requests);
        await desk.DecideAsync(approval.Id, "approve", Staff.Max);
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task OnePersonFillsOneStageOfARuleHoweverManyRolesTheyHave()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(ManagerThenFinance);
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "approve", Staff.Pat); // manager and finance
        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", Staff.Pat, reason: "Again.")));
        await desk.SettleAsync();
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task OneRejectionIsEnoughAndLaterStagesAreNotAsked()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"], 2), new(["role:finance"])] });
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.DecideAsync(approval.Id, "reject", Staff.Max, reason: "No.");
        await desk.SettleAsync();
        Assert.Equal(("rejected", "max"), ((await desk.ApprovalAsync(approval.Id)).Status, (await desk.ApprovalAsync(approval.Id)).DecidedBy));
        Assert.Equal(OutcomeKinds.Completed, (await desk.FindAsync(run)).Outcome?.Kind);
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task WhereThePeopleAreKnownARoleOfThePrincipalDoesNotCount()
    {
        var (desk, _, _, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:approve"])] }, Staff.People with { All = [.. Staff.People.All, new Person("acme", "ann", "Ann") { Roles = ["approve"] }] });
        await using var owned = desk;
        Assert.Equal(Refusal.Forbidden, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", RunHarness.Boss)));
        Assert.Equal("approved", (await desk.DecideAsync(approval.Id, "approve", new Principal("ann", "acme", [Roles.Approve]))).Status);
    }

    [Fact]
    public async Task PeopleOfAnotherTenantAreNobodyHere()
    {
        var other = new People([new("other", "mia", "Mia") { Roles = ["manager"] }]);
        var (desk, _, _, approval) = await Staff.AskedAsync(ManagerThenFinance, other);
        await using var owned = desk;
        Assert.Equal(Refusal.Forbidden, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", Staff.Mia)));
        Assert.Equal(Refusal.NotFound, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", new Principal("mia", "other", ["manager"]))));
    }

    [Fact]
    public async Task AnAdministratorDecidesOnlyWhereNobodyElseCan()
    {
        var root = new Principal("root", "acme", [Roles.Approve, Roles.Admin]);
        var (desk, refund, _, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"]), new(["role:board"])] });
        await using var owned = desk;
        Assert.Equal(Refusal.Forbidden, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", root)));
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.DecideAsync(approval.Id, "approve", root);
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task AStageThatNobodyCanFillIsSaidInWhatTheRunWaitsFor()
    {
        var (desk, _, run, _) = await Staff.AskedAsync(new() { Stages = [new(["role:board"])] });
        await using var owned = desk;
        Assert.Contains("role:admin, because nobody", (await desk.FindAsync(run)).WaitingFor!.Who, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APolicyBesideTheAgentAsksForMoreAlsoOfRunsThatBeganBefore()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"])] });
        await using var owned = desk;
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.RestartAsync(deployment => deployment with { Policies = new([new ApprovalRule("refund", [], new() { Stages = [new(["role:finance"])] }) { Name = "policies/finance.yaml(1)" }]) });
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        Assert.Empty(refund.Requests);

        var anew = (await desk.PendingAsync(run)).Single();
        Assert.Equal([["role:manager"], ["role:finance"]], anew.Stages.Select(stage => stage.By));
        await desk.DecideAsync(anew.Id, "approve", Staff.Pat); // two rules: one who satisfies both is enough
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task AVoteOfSomebodyWhoHasLeftDoesNotCount()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(ManagerThenFinance);
        await using var owned = desk;
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.DecideAsync(approval.Id, "approve", Staff.Mia);
        await desk.DecideAsync(approval.Id, "approve", Staff.Fay);
        await desk.RestartAsync(deployment => deployment with { People = new([.. Staff.People.All.Where(person => person.Id != "mia")]) });
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        Assert.Empty(refund.Requests);
        Assert.Equal("pending", (await desk.ApprovalAsync((await desk.FindAsync(run)).Approvals[^1])).Status);
    }

    [Fact]
    public async Task AnApprovalIsGoodForItsTimeOnly()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"])], ValidFor = TimeSpan.FromHours(1) });
        await using var owned = desk;
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        Assert.Equal(TimeSpan.FromHours(1), (await desk.DecideAsync(approval.Id, "approve", Staff.Mia)) is var yes ? yes.ValidUntil - yes.DecidedAt : null);
        await desk.AdvanceAsync(TimeSpan.FromHours(2));
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        Assert.Empty(refund.Requests);
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve", Staff.Mia);
        await desk.SettleAsync();
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task AHundredYesesAtOnceAreOneDecisionAndOneRecord()
    {
        var (desk, refund, _, approval) = await Staff.AskedAsync(new() { Stages = [new(["role:manager"])] });
        await using var owned = desk;
        var records = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => desk.DecideAsync(approval.Id, "approve", Staff.Mia)));
        await desk.SettleAsync();
        Assert.Single(records.Select(record => (record.Status, record.DecidedBy, record.DecidedAt, record.Votes.Count)).Distinct());
        Assert.Single(refund.Requests);
    }
}

/// <summary>The people of acme.</summary>
internal static class Staff
{
    public static readonly Principal Mia = new("mia", "acme", [Roles.Approve]);
    public static readonly Principal Max = new("max", "acme", [Roles.Approve]);
    public static readonly Principal Fay = new("fay", "acme", [Roles.Approve]);
    public static readonly Principal Pat = new("pat", "acme", [Roles.Approve]);

    public static readonly People People = new(
    [
        new("acme", "mia", "Mia Manager") { Roles = ["manager"], Email = "mia@acme.example" },
        new("acme", "max", "Max Manager") { Roles = ["manager"], Email = "max@acme.example" },
        new("acme", "fay", "Fay Finance") { Roles = ["finance"], Email = "fay@acme.example" },
        new("acme", "pat", "Pat Both") { Roles = ["manager", "finance"] },
        new("acme", "cyd", "Cyd Chief") { Groups = ["chiefs"] },
        new("acme", "anna", "Anna Asks") { Roles = ["manager"] },
    ]);

    /// <summary>A refund that waits for them.</summary>
    public static async Task<(RunHarness Desk, FakeTool Refund, string Run, ApprovalView Approval)> AskedAsync(
        ApprovalAsk ask, People? people = null, string arguments = """{"amount":400}""", params FakeChannel[] channels)
    {
        var refund = Given.Refund();
        var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", arguments), refund)
        {
            People = people ?? People, Options = new AgentOptions { Channels = channels },
        }.Asking(new ApprovalRule("refund", [], ask)));
        var run = await desk.RunAsync();
        return (desk, refund, run, (await desk.PendingAsync(run)).Single());
    }
}
