using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Approvals;

public sealed class ApprovalTests
{
    [Theory]
    [InlineData("""{"amount":100.01}""", true)]
    [InlineData("""{"amount":100}""", false)]
    [InlineData("{}", true)] // missing: the rule holds the call
    [InlineData("""{"amount":"50"}""", true)] // of another type: the rule holds the call
    public async Task ARuleHoldsACallWhoseConditionIsMetOrUnknown(string arguments, bool held)
    {
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", arguments), refund).Asking(Given.HeldOver(100)));
        var run = await desk.FindAsync(await desk.RunAsync());

        Assert.Equal(held ? ("waiting", 0) : ("ended", 1), (run.Status, refund.Requests.Count));
    }

    [Fact]
    public async Task ARuleThatAUserWroteHoldsTheCallAndSaysWhoDecides()
    {
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", """{"amount":400}"""), refund)
        {
            Yaml = """
                name: desk
                instructions: instructions.md
                tools: [refund]
                approvals:
                  - tool: refund
                    when: {amount: {over: 100}}
                    stages: [{by: ['user:boss'], of: 1}]
                    expires: 2d
                """,
        });
        var run = await desk.RunAsync();
        var approval = (await desk.PendingAsync(run)).Single();
        Assert.Equal(["user:boss"], approval.Stage.By);
        Assert.Equal(TimeSpan.FromDays(2), approval.ExpiresAt - approval.RequestedAt);
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();

        Assert.Single(refund.Requests);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"amount":"50"}""")]
    public async Task ARuleThatLetsPassDoesNotWhenItsConditionIsUnknown(string arguments)
    {
        var refund = Given.Refund();
        var under = Given.HeldOver(100) with { Ask = null };
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", arguments), refund).Asking(under));
        var run = await desk.RunAsync();

        Assert.Single(await desk.PendingAsync(run));
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task WhatIsShownIsCanonicalAndIsWhatRuns()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync(arguments: """{ "amount" : 4.0e2 }""");
        await using var owned = desk;
        Assert.Equal("""{"amount":400,"note":"none"}""", approval.Arguments.GetRawText());
        Assert.Equal(("refund", run, "desk", "anna", "approval"), (approval.Tool, approval.RunId, approval.Agent, approval.RequestedBy, approval.Kind));
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();

        Assert.Equal(approval.Arguments.GetRawText(), refund.Requests.Single().Arguments);
        Assert.NotNull((await desk.ApprovalAsync(approval.Id)).ConsumedAt);
    }

    [Theory]
    [InlineData("1200", 12_000_000)]
    [InlineData("\"1200.00\"", 12_000_000)] // what its sentence shows as money
    [InlineData("1e25", long.MaxValue)]
    [InlineData("-1e40", -long.MaxValue)]
    [InlineData("\"a lot\"", 0)]
    public async Task AnApprovalSortsByWhatItIsWorthHoweverMuchThatIs(string amount, long worth)
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", $$"""{"amount":{{amount}}}"""), Given.Refund())
        {
            Yaml = """
                name: desk
                instructions: instructions.md
                tools: [refund]
                describe: {refund: 'Refund {amount:money EUR}'}
                approvals: [{tool: refund}]
                """,
        });
        await desk.RunAsync();
        Assert.Equal(worth, await desk.StoredAsync<long>("SELECT amount FROM waits"));
    }

    [Fact]
    public async Task WaitingForNamesTheApproversAndTheApproval()
    {
        var (desk, _, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        var waiting = (await desk.FindAsync(run)).WaitingFor!;

        Assert.Equal(("person", "role:approve, but not anna", approval.ExpiresAt), (waiting.Kind, waiting.Who, waiting.Until));
        Assert.Equal([approval.Id], waiting.Approvals);
    }

    [Fact]
    public async Task TwoEqualCallsAreTwoApprovalsWithTwoDigests()
    {
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(
            new Deployment(Given.Calling(("refund", """{"amount":400}"""), ("refund", """{"amount":400}""")), refund).Asking(Given.Held()));
        var run = await desk.RunAsync();
        var pending = await desk.PendingAsync(run);
        Assert.Equal(2, pending.Select(one => one.Digest).Distinct().Count());
        await desk.DecideAsync(pending[0].Id, "approve");
        await desk.SettleAsync();

        Assert.Single(refund.Requests);
        Assert.Single(await desk.PendingAsync(run));
    }

    [Theory]
    [InlineData("run", "other")]
    [InlineData("turn", "2")]
    [InlineData("idx", "1")]
    [InlineData("attempt", "2")]
    [InlineData("tool", "other")]
    [InlineData("arguments", """{"amount":401}""")]
    [InlineData("version", "other")]
    public async Task TheDigestIsBoundTo(string what, string value)
    {
        var (desk, _, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        Assert.Equal(approval.Digest, await DigestWithAsync(""));
        Assert.NotEqual(approval.Digest, await DigestWithAsync(what));

        async Task<string> DigestWithAsync(string changed)
        {
            string Or(string name, string known) => name == changed ? value : known;
            var version = (await desk.FindAsync(run)).AgentVersion;
            return Digest.OfText(CanonicalJson.Write(new JsonObject
            {
                ["tool"] = Or("tool", "refund"),
                ["arguments"] = JsonNode.Parse(Or("arguments", approval.Arguments.GetRawText())),
                ["run"] = Or("run", run),
                ["turn"] = int.Parse(Or("turn", "1"), CultureInfo.InvariantCulture),
                ["index"] = int.Parse(Or("idx", "0"), CultureInfo.InvariantCulture),
                ["attempt"] = int.Parse(Or("attempt", "1"), CultureInfo.InvariantCulture),
                ["version"] = Or("version", version),
            }));
        }
    }

    [Fact]
    public async Task AnApprovalOfOtherArgumentsDoesNotOpenTheGate()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.TamperAsync("""UPDATE calls SET arguments = '{"amount":4000,"note":"none"}'""");
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();

        Assert.Empty(refund.Requests);
        Assert.Equal("superseded", (await desk.ApprovalAsync(approval.Id)).Status);
        Assert.Equal("""{"amount":4000,"note":"none"}""", (await desk.PendingAsync(run)).Single().Arguments.GetRawText());
    }

    [Fact]
    public async Task OneDecisionSentAHundredTimesIsOneDecision()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        var records = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => desk.DecideAsync(approval.Id, "approve"))));
        await desk.SettleAsync();

        Assert.Single(records.Select(record => record.DecidedAt).Distinct());
        Assert.Single(await desk.EventsAsync(run), RunEvents.ApprovalDecided);
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task ApproveRacingRejectHasOneWinnerAndTheOtherIsToldWhoDecidedWhat()
    {
        var (desk, refund, _, _, approval) = await Given.AskedAsync();
        await using var owned = desk;
        var chief = new Principal("chief", "acme", [Roles.Approve]);
        var decisions = new[] { Task.Run(() => desk.DecideAsync(approval.Id, "approve")), Task.Run(() => desk.DecideAsync(approval.Id, "reject", chief)) };
        await Task.WhenAny(Task.WhenAll(decisions));
        await desk.SettleAsync();

        var record = await desk.ApprovalAsync(approval.Id);
        var refused = (RefusedException)decisions.Single(decision => decision.IsFaulted).Exception!.InnerException!;
        Assert.Equal(Refusal.Conflict, refused.Refusal);
        Assert.Contains($"{record.DecidedBy} decided '{record.Decision}'", refused.Message, StringComparison.Ordinal);
        Assert.Equal(record.Decision == "approve" ? 1 : 0, refund.Requests.Count);
    }

    [Fact]
    public async Task TheSamePersonsOtherDecisionIsRefused()
    {
        var (desk, _, _, _, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "approve");

        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "reject")));
    }

    [Theory]
    [InlineData("happened")]
    [InlineData("Approve")]
    [InlineData("")]
    public async Task AWordThatDecidesNothingHereIsRefused(string decision)
    {
        var (desk, _, _, _, approval) = await Given.AskedAsync();
        await using var owned = desk;

        Assert.Equal(Refusal.Invalid, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, decision)));
        Assert.Equal(Refusal.NotFound, await Given.RefusedAsync(() => desk.DecideAsync("apr_none", "approve")));
    }

    [Fact]
    public async Task TheRequesterMayNotDecideWhereTheRuleForbidsItNotEvenAsAdmin()
    {
        var (desk, _, _, _, approval) = await Given.AskedAsync();
        await using var owned = desk;

        Assert.Equal(Refusal.Forbidden, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", new Principal("anna", "acme", Roles.All))));
        Assert.Equal(Refusal.Forbidden, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", new Principal("carl", "acme", [Roles.Submit]))));
    }

    [Fact]
    public async Task ADelegateThatNamesAnotherMayNotDecideEitherAndWaitingForSaysSo()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", """{"amount":400}"""), Given.Refund()).Asking(Given.Held()));
        var carla = new Principal("carla", "acme", [Roles.Submit, Roles.Delegate, Roles.Approve, Roles.Admin]);
        var (run, _) = await desk.System.Runs.StartAsync(carla, new RunSubmission(Deployment.AgentName, "Do it.", RequestedBy: "nobody"));
        await desk.SettleAsync();
        var approval = (await desk.PendingAsync(run)).Single();

        Assert.Equal("role:approve, but not nobody or carla", (await desk.FindAsync(run)).WaitingFor!.Who);
        Assert.Equal(Refusal.Forbidden, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", carla)));
        Assert.Equal("approved", (await desk.DecideAsync(approval.Id, "approve")).Status);
    }

    [Fact]
    public async Task WhoWasNamedAsTheOneWhoAsksMayNotDecideHoweverTheNameWasWritten()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", """{"amount":400}"""), Given.Refund()).Asking(Given.Held()));
        var bot = new Principal("bot", "acme", [Roles.Submit, Roles.Delegate]);
        var (run, _) = await desk.System.Runs.StartAsync(bot, new RunSubmission(Deployment.AgentName, "Do it.", RequestedBy: "0C9C0E4E-3A30-4C9E-8F6C-2F6F5A1C7D10"));
        await desk.SettleAsync();
        var approval = (await desk.PendingAsync(run)).Single();

        var named = new Principal("0c9c0e4e-3a30-4c9e-8f6c-2f6f5a1c7d10", "acme", [Roles.Approve]);
        Assert.Equal(Refusal.Forbidden, await Given.RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", named)));
        Assert.Equal("pending", (await desk.PendingAsync(run)).Single().Status);
    }

    [Fact]
    public async Task TheRequesterMayDecideWhereTheRuleAllowsIt()
    {
        var (desk, refund, _, _, approval) = await Given.AskedAsync(Given.Ask with { RequesterMayDecide = true });
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "approve", new Principal("anna", "acme", [Roles.Approve]));
        await desk.SettleAsync();

        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task ARejectionIsAResultForTheModelAndTheRunGoesOn()
    {
        var (desk, refund, model, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "reject", reason: "Too much.");
        await desk.SettleAsync();

        Assert.Contains("Too much.", model.Asked[1].Results.Single(), StringComparison.Ordinal);
        Assert.Equal(OutcomeKinds.Completed, (await desk.FindAsync(run)).Outcome!.Kind);
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task ARejectionEndsTheRunWhereTheRuleSaysSo()
    {
        var (desk, _, model, run, approval) = await Given.AskedAsync(Given.Ask with { OnReject = OnReject.End });
        await using var owned = desk;
        await desk.DecideAsync(approval.Id, "reject");
        await desk.SettleAsync();

        Assert.Equal(OutcomeKinds.Rejected, (await desk.FindAsync(run)).Outcome?.Kind);
        Assert.Single(model.Asked);
    }

    [Fact]
    public async Task ARejectionThatEndsTheRunVoidsTheOtherApprovals()
    {
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("refund", """{"amount":1}"""), ("refund", """{"amount":2}""")), refund)
            .Asking(Given.Held(Given.Ask with { OnReject = OnReject.End })));
        var run = await desk.RunAsync();
        var pending = await desk.PendingAsync(run);
        await desk.DecideAsync(pending[0].Id, "approve");
        await desk.DecideAsync(pending[1].Id, "reject");
        await desk.SettleAsync();

        Assert.Equal(OutcomeKinds.Rejected, (await desk.FindAsync(run)).Outcome?.Kind);
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }

    [Theory]
    [InlineData(AgentCrashPoints.WordStored)]
    [InlineData(AgentCrashPoints.AskingSettled)]
    [InlineData(AgentCrashPoints.ToolStarted)]
    [InlineData(AgentCrashPoints.ToolActed)]
    public async Task KilledBetweenTheDecisionAndItsUseItIsUsedOnce(string point)
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        var reached = desk.ReachAsync(point);
        await desk.DecideAsync(approval.Id, "approve");
        await reached.Patiently();
        await desk.RestartAsync();
        await desk.SettleAsync();

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Single(refund.Keys);
        Assert.Single((await desk.FindAsync(run)).Approvals);
    }
}
