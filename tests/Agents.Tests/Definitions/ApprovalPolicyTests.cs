using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Holdfast.Agents.Tools;
using Xunit;

namespace Holdfast.Agents.Tests.Definitions;

public sealed class ApprovalPolicyTests
{
    private static readonly JsonSchema Schema = JsonSchema.Load(Parse("""{"type":"object","properties":{"amount":{"type":"number"}}}"""));
    private static readonly ToolTraits Refund = new("refund", Effect.External, Schema);
    private static readonly ApprovalRule HoldsOver100 = new("refund", [Over(100)], new ApprovalAsk());
    private static readonly ApprovalRule PassesUnder10 = new("refund", [new("amount", [new(Comparer.Under, Parse("10"))])], null);
    private static readonly ApprovalRule Passes = new("refund", [], null);

    [Fact]
    public void ACallThatARuleHoldsNeedsAnApproval() => Assert.NotNull(Ask("""{"amount":101}""", HoldsOver100));

    [Fact]
    public void ACallThatARuleWouldHoldButDoesNotMayRun() => Assert.Null(Ask("""{"amount":100}""", HoldsOver100));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"amount":"5"}""")]
    [InlineData("""{"amount":null}""")]
    public void WhatIsUnknownNeverGetsAroundAnApproval(string arguments)
    {
        Assert.NotNull(Ask(arguments, HoldsOver100));
        Assert.NotNull(Ask(arguments, PassesUnder10));
        Assert.NotNull(Ask(arguments, HoldsOver100, PassesUnder10));
    }

    [Fact]
    public void ACallThatANoneRuleLetsPassMayRun()
    {
        Assert.Null(Ask("{}", Passes));
        Assert.Null(Ask("""{"amount":9}""", PassesUnder10));
    }

    [Fact]
    public void ACallThatOnlyNoneRulesSpeakOfAndNoneLetsPassIsAskedForOnDefaultTerms() => Assert.Equal(Json(ApprovalTerms.Default), Json(Ask("""{"amount":10}""", PassesUnder10)));

    [Fact]
    public void ARuleThatHoldsComesBeforeOneThatLetsPass() => Assert.NotNull(Ask("""{"amount":101}""", Passes, HoldsOver100));

    [Fact]
    public void BetweenARuleThatHoldsMoreAndOneThatPassesLessACallMayRun() => Assert.Null(Ask("""{"amount":50}""", HoldsOver100, PassesUnder10));

    [Fact]
    public void AToolWithAnEffectAndNoRuleIsAskedFor()
    {
        Assert.Single(ApprovalPolicy.Asked([], Refund with { Effect = Effect.Write }, Parse("{}")));
        Assert.Single(ApprovalPolicy.Asked([Passes], Refund with { Name = "other" }, Parse("{}")));
        Assert.Empty(ApprovalPolicy.Asked([], new ToolTraits("lookup", Effect.None, Schema), Parse("{}")));
    }

    [Fact]
    public void ARuleOfARiskSpeaksOfEveryToolOfThatRisk()
    {
        var rule = new ApprovalRule(null, [], new ApprovalAsk()) { Risk = Effect.External };
        Assert.True(rule.IsAbout(Refund));
        Assert.False(rule.IsAbout(Refund with { Effect = Effect.Write }));
    }

    [Fact]
    public void ARuleOfAConditionAloneSpeaksOfEveryToolThatHasTheArgument()
    {
        var rule = HoldsOver100 with { Tool = null };
        Assert.Single(ApprovalPolicy.AskedBeside([rule], Refund with { Name = "transfer" }, Parse("{}"))); // missing, though it has one: unknown, so it holds
        Assert.Empty(ApprovalPolicy.AskedBeside([rule], Refund with { Schema = JsonSchema.Load(Parse("""{"type":"object"}""")) }, Parse("{}")));
        Assert.Single(ApprovalPolicy.AskedBeside([rule], Refund with { Schema = null }, Parse("{}"))); // a tool that is gone may have had any
    }

    [Fact]
    public void OnEveryPointTheStrictestHoldsAndSilenceLeavesItToTheOther()
    {
        var one = new ApprovalAsk
        {
            RequesterMayDecide = true, Expires = TimeSpan.FromDays(1), OnExpire = OnExpire.Reject, OnReject = OnReject.End, Identity = LinkIdentity.SignedIn,
            Reminders = [TimeSpan.FromHours(2)], Channels = ["email", "console"], Edit = ["amount", "text"], ValidFor = TimeSpan.FromHours(1),
        };
        var other = new ApprovalAsk
        {
            RequesterMayDecide = false, Expires = TimeSpan.FromDays(2), OnExpire = OnExpire.End, OnReject = OnReject.Continue, Confirm = LinkConfirm.Click,
            Reminders = [TimeSpan.FromHours(1)], Channels = ["console"], Edit = ["amount"], ValidFor = TimeSpan.FromHours(2),
        };
        var terms = ApprovalTerms.Of([one, other]);
        Assert.Equal((false, TimeSpan.FromDays(1), OnExpire.End, OnReject.End), (terms.RequesterMayDecide, terms.Expires, terms.OnExpire, terms.OnReject));
        Assert.Equal((LinkIdentity.SignedIn, LinkConfirm.Click, TimeSpan.FromHours(1)), (terms.Identity, terms.Confirm, terms.ValidFor));
        Assert.Equal([TimeSpan.FromHours(1), TimeSpan.FromHours(2)], terms.Reminders);
        Assert.Equal(["console", "amount"], [.. terms.Channels, .. terms.Edit]);
        Assert.Equal(Json(ApprovalTerms.Of([one])), Json(ApprovalTerms.Of([one, new ApprovalAsk()])));
        Assert.Equal(Json(ApprovalTerms.Default), Json(ApprovalTerms.Of([new ApprovalAsk()])));
    }

    [Fact]
    public void APolicyLoosensNothingThatAnAgentLeavesUnsaid()
    {
        var policy = new ApprovalAsk
        {
            Stages = [new(["role:finance"])], RequesterMayDecide = true, Expires = TimeSpan.FromDays(30), OnExpire = OnExpire.Escalate, Confirm = LinkConfirm.Click, Edit = ["amount"],
        };
        var terms = ApprovalTerms.Of([new ApprovalAsk()], [policy]);
        Assert.Equal((false, TimeSpan.FromDays(3), OnExpire.Reject, LinkConfirm.Code, 0), (terms.RequesterMayDecide, terms.Expires, terms.OnExpire, terms.Confirm, terms.Edit.Count));
        Assert.True(ApprovalTerms.Of([], [policy]).RequesterMayDecide); // it alone asks: without it nobody would be asked
    }

    [Fact]
    public void AnEscalationIsOfItsOwnRulesStages()
    {
        var terms = ApprovalTerms.Of([new() { Stages = [new(["role:a"])] }, new() { Stages = [new(["role:b"])], Escalation = new(["role:c"], TimeSpan.FromDays(1)) }]);
        Assert.Equal((1, "role:c", TimeSpan.FromDays(1)), (terms.Escalations.Single().Rule, terms.Escalations.Single().To.Single(), terms.Escalations.Single().After));
    }

    [Fact]
    public void ChannelsThatRulesDoNotShareAreThoseOfTheFirst() =>
        Assert.Equal(["email"], ApprovalTerms.Of([new() { Channels = ["email"] }, new() { Channels = ["teams"] }]).Channels);

    [Fact]
    public void EveryRuleHasItsStagesPassedAndTwoThatAreAlikeAreOne()
    {
        var manager = new ApprovalStage(["role:manager"]);
        var finance = new ApprovalStage(["role:finance"], Of: 2);
        var terms = ApprovalTerms.Of([new() { Stages = [manager, finance] }, new() { Stages = [finance] }, new() { Stages = [manager, finance] }]);
        Assert.Equal([(0, "role:manager"), (0, "role:finance"), (1, "role:finance")], terms.Stages.Select(stage => (stage.Rule, stage.By[0])));
    }

    [Fact]
    public void WhoeverSatisfiesAllRulesTogetherSatisfiesEachOfThem() => Prop.ForAll(Asks(), Asks(), Voters(), (a, b, voters) =>
        !Satisfies(ApprovalTerms.Of([a, b]), voters) || (Satisfies(ApprovalTerms.Of([a]), voters) && Satisfies(ApprovalTerms.Of([b]), voters)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void WhatIsStoredIsReadAsItWas()
    {
        var terms = ApprovalTerms.Of([new() { Stages = [new(["group:a"], 2), new(["user:b"])], Escalation = new(["role:c"], null), Reminders = [TimeSpan.FromDays(1)] }, new() { Stages = [new(["role:d"])] }]);
        Assert.Equal(Json(terms), Json(JsonSerializer.Deserialize<ApprovalTerms>(Json(terms), JsonSerializerOptions.Web)));
    }

    [Fact]
    public void WhatTheFirstReleaseStoredIsReadAsTheOneStageThatItKnew()
    {
        var terms = JsonSerializer.Deserialize<ApprovalTerms>(
            """{"by":["role:approve","user:x"],"requesterMayDecide":true,"expires":"2.00:00:00","onExpire":"end","onReject":"end"}""", JsonSerializerOptions.Web)!;
        Assert.Equal(["role:approve", "user:x"], terms.Stages.Single().By);
        Assert.Equal((true, TimeSpan.FromDays(2), OnExpire.End, OnReject.End), (terms.RequesterMayDecide, terms.Expires, terms.OnExpire, terms.OnReject));
    }

    private static bool Satisfies(ApprovalTerms terms, string[] voters) =>
        Quorum.Current(terms.Stages, Quorum.Count(terms.Stages, voters, (voter, stage) => stage.By.Any(name => voter.Contains(name, StringComparison.Ordinal)))) == terms.Stages.Count;

    // A rule of up to three stages.
    private static Arbitrary<ApprovalAsk> Asks() => (
        from stages in Gen.Choose(1, 3).SelectMany(count => Stage().ArrayOf(count))
        select new ApprovalAsk { Stages = stages }).ToArbitrary();

    private static Gen<ApprovalStage> Stage() =>
        from names in Gen.Elements("a", "b", "c").NonEmptyListOf()
        from count in Gen.Choose(1, 2)
        select new ApprovalStage([.. names.Distinct()], count);

    // Each voter is the roles that it has.
    private static Arbitrary<string[]> Voters() => Gen.Elements("a", "b", "c", "ab", "ac", "abc").ArrayOf().ToArbitrary();

    private static string Json(ApprovalTerms? terms) => JsonSerializer.Serialize(terms, JsonSerializerOptions.Web);

    private static ApprovalTerms? Ask(string arguments, params ApprovalRule[] rules) => ApprovalPolicy.Terms(ApprovalPolicy.Asked(rules, Refund, Parse(arguments)), []);

    private static Condition Over(int amount) => new("amount", [new(Comparer.Over, JsonSerializer.SerializeToElement(amount))]);

    private static JsonElement Parse(string text) => CanonicalJson.Parse(text);
}
