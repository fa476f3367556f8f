using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Holdfast.Agents.Tools;
using Xunit;

namespace Holdfast.Agents.Tests.Definitions;

public sealed class ApprovalPolicyTests
{
    private static readonly ApprovalRule HoldsOver100 = new("refund", [Over(100)], ApprovalAsk.Default);
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
    public void ACallThatOnlyNoneRulesSpeakOfAndNoneLetsPassIsAskedForOnDefaultTerms() =>
        Assert.Same(ApprovalAsk.Default, Ask("""{"amount":10}""", PassesUnder10));

    [Fact]
    public void ARuleThatHoldsComesBeforeOneThatLetsPass() => Assert.NotNull(Ask("""{"amount":101}""", Passes, HoldsOver100));

    [Fact]
    public void BetweenARuleThatHoldsMoreAndOneThatPassesLessACallMayRun() => Assert.Null(Ask("""{"amount":50}""", HoldsOver100, PassesUnder10));

    [Fact]
    public void AToolWithAnEffectAndNoRuleIsAskedFor()
    {
        Assert.Same(ApprovalAsk.Default, ApprovalPolicy.Ask([], "refund", Effect.Write, Parse("{}")));
        Assert.Same(ApprovalAsk.Default, ApprovalPolicy.Ask([Passes], "other", Effect.External, Parse("{}")));
        Assert.Null(ApprovalPolicy.Ask([], "lookup", Effect.None, Parse("{}")));
    }

    [Fact]
    public void RulesThatBothHoldAreCombinedToTheStricter()
    {
        var one = new ApprovalAsk(["role:approve", "user:anna"], true, TimeSpan.FromDays(1), OnExpire.Reject, OnReject.End);
        var other = new ApprovalAsk(["user:anna", "user:ben"], false, TimeSpan.FromDays(2), OnExpire.End, OnReject.Continue);
        var ask = Ask("{}", new ApprovalRule("refund", [], one), new ApprovalRule("refund", [], other))!;
        Assert.Equal(["user:anna"], ask.By);
        Assert.Equal((false, TimeSpan.FromDays(1), OnExpire.End, OnReject.End), (ask.RequesterMayDecide, ask.Expires, ask.OnExpire, ask.OnReject));
    }

    [Fact]
    public void RulesThatNameNobodyInCommonLeaveNobodyEntitled() => Assert.Empty(
        ApprovalPolicy.Stricter(ApprovalAsk.Default with { By = ["role:a"] }, ApprovalAsk.Default with { By = ["role:b"] })!.By);

    [Fact]
    public void TheOrderOfTwoAsksDoesNotMatterAndNoneOfThemIsLost() => Prop.ForAll(Asks(), Asks(), (a, b) =>
    {
        var (one, other) = (ApprovalPolicy.Stricter(a, b), ApprovalPolicy.Stricter(b, a));
        return Json(one) == Json(other) && (one is null) == (a is null && b is null) && Json(ApprovalPolicy.Stricter(a, a)) == Json(a);
    }).QuickCheckThrowOnFailure();

    private static Arbitrary<ApprovalAsk?> Asks()
    {
        var ask = from people in Gen.SubListOf("role:a", "role:b", "user:c")
                  from requester in Gen.Elements(true, false)
                  from days in Gen.Choose(1, 5)
                  from onExpire in Gen.Elements(OnExpire.End, OnExpire.Reject)
                  from onReject in Gen.Elements(OnReject.End, OnReject.Continue)
                  select (ApprovalAsk?)new ApprovalAsk([.. people], requester, TimeSpan.FromDays(days), onExpire, onReject);
        return Gen.OneOf(Gen.Constant((ApprovalAsk?)null), ask).ToArbitrary();
    }

    private static string Json(ApprovalAsk? ask) => JsonSerializer.Serialize(ask is null ? null : ask with { By = [.. ask.By.Order(StringComparer.Ordinal)] });

    private static ApprovalAsk? Ask(string arguments, params ApprovalRule[] rules) => ApprovalPolicy.Ask(rules, "refund", Effect.External, Parse(arguments));

    private static Condition Over(int amount) => new("amount", [new(Comparer.Over, JsonSerializer.SerializeToElement(amount))]);

    private static JsonElement Parse(string text) => CanonicalJson.Parse(text);
}
