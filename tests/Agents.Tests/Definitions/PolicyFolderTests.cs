using FsCheck;
using FsCheck.Fluent;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Tools;
using Xunit;

namespace Holdfast.Agents.Tests.Definitions;

public sealed class PolicyFolderTests : IDisposable
{
    private readonly string folder = Path.Combine(Directory.CreateTempSubdirectory("holdfast-").FullName, "policies");

    [Fact]
    public void EveryFileIsReadInTheOrderOfTheirNamesAndEveryRuleIsCalledByFileAndLine()
    {
        Write("finance.yaml", "approvals:\n- {tool: refund}\n\n- risk: external\n  when: {amount: {over: 1}}\n");
        Write("Board.yaml", "approvals: [{when: {amount: {atLeast: 5}}, stages: [{by: ['group:board'], of: 2}]}]");
        Write("README.md", "What these are.");
        Write(".draft.yaml", "not read");
        var rules = PolicyFolder.Load(folder).Rules;
        Assert.Equal(["policies/Board.yaml(1)", "policies/finance.yaml(2)", "policies/finance.yaml(4)"], rules.Select(rule => rule.Name));
        Assert.Equal([(null, null), ("refund", null), (null, Effect.External)], rules.Select(rule => (rule.Tool, rule.Risk)));
        Assert.Equal(2, rules[0].Ask!.Stages!.Single().Of);
        Assert.Equal(new ApprovalAsk(), rules[1].Ask);
    }

    [Theory]
    [InlineData("[]", 1, "expected a mapping, got a list")]
    [InlineData("{}", 1, "approvals is missing. Add it.")]
    [InlineData("rules: []", 1, "Unknown key 'rules'. Known: approvals.")]
    [InlineData("approvals:\n- tool: a\n  none: true", 3, "approvals[0].none: a policy can only ask for more than an agent does.")]
    [InlineData("approvals:\n- tool: a\n  none: false", 3, "approvals[0].none: a policy can only ask for more than an agent does.")]
    [InlineData("approvals:\n- expires: 1d", 2, "approvals[0]: neither tool, risk nor when is given. Say which calls it is about.")]
    [InlineData("approvals:\n- {tool: a, risk: write}", 2, "approvals[0].tool: not possible beside risk")]
    [InlineData("approvals:\n- tool: a\n  reminders: [4d]", 3, "approvals[0].reminders[0]: 4d is not before the approval expires")]
    [InlineData("approvals:\n- {tool: a, describe: x}", 2, "Unknown key 'describe' in approvals[0]. Known: tool, risk, when, stages,")]
    public void AMistakeIsNamedWithItsLineAndItsRemedy(string yaml, int line, string expected)
    {
        Write("a.yaml", yaml);
        var refused = Assert.Throws<DefinitionException>(() => PolicyFolder.Load(folder));
        Assert.Equal((Path.Combine(folder, "a.yaml"), line), (refused.File, refused.Line));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("finance.yml")]
    [InlineData("finance.YAML")]
    [InlineData("finance.yaml.bak")]
    [InlineData("more/finance.yaml")]
    public void AFileThatWouldNotBeReadIsRefused(string name)
    {
        Write(name, "approvals: []");
        Assert.Contains("Only files that end in .yaml are read as policies.", Assert.Throws<DefinitionException>(() => PolicyFolder.Load(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderThatNobodyNamedMayBeMissing()
    {
        Assert.Empty(PolicyFolder.Load(folder, mayBeMissing: true).Rules);
        Assert.Throws<DefinitionException>(() => PolicyFolder.Load(folder));
        Write("x", "");
        Assert.Throws<DefinitionException>(() => PolicyFolder.Load(Path.Combine(folder, "x"), mayBeMissing: true));
    }

    [Fact]
    public void AnyPolicyThatIsAcceptedIsReadBackAsItWas() => Prop.ForAll(Rules().NonEmptyListOf().ToArbitrary(), rules =>
    {
        Write("a.yaml", "approvals:\n" + string.Concat(rules));
        Policies policies;
        try
        {
            policies = PolicyFolder.Load(folder);
        }
        catch (DefinitionException)
        {
            return true;
        }

        var again = Policies.FromJson(policies.ToJson());
        return again.ToJson() == policies.ToJson() && again.Hash == policies.Hash && again.Rules.Count == rules.Count
            && again.Rules.Zip(policies.Rules).All(pair => Json(pair.First) == Json(pair.Second));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void AnyChangeOfAFileIsReadOrRefusedWithItsLine() => Prop.ForAll(Changes().ToArbitrary(), text =>
    {
        Write("a.yaml", text);
        return Record.Exception(() => PolicyFolder.Load(folder)) is null or DefinitionException { Line: > 0 };
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void WhatIsStoredHoldsNoPathOfTheMachine()
    {
        Write("a.yaml", "approvals: [{tool: a}]");
        Assert.DoesNotContain(folder, PolicyFolder.Load(folder).ToJson(), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);

    // What a rule comes to once it is put together with others.
    private static string Json(ApprovalRule rule) => System.Text.Json.JsonSerializer.Serialize(ApprovalPolicy.Terms([rule], [])) + rule.Name + rule.Tool + rule.Risk + rule.When.Count;

    private static Gen<string> Rules() =>
        from about in Gen.Elements("tool: a", "risk: write", "when: {a.b: {over: 0.1, not: 7}}", "risk: external\n  when: {a: {in: [x, 1, true]}}")
        from stages in Gen.Elements("", "stages: [{by: ['role:a', 'group:b', 'user:天'], of: 3}, {}]", "stages: [{of: 20}]")
        from times in Gen.Elements("", "expires: 7d", "expires: 7d\n  reminders: [1h, 6d]", "reminders: []", "reminders: [5d]")
        from escalate in Gen.Elements("", "onExpire: escalate\n  escalate: {to: ['role:c']}", "escalate: {to: ['user:d'], after: 2h}", "onExpire: end")
        from rest in Gen.Elements("", "requester: denied\n  onReject: end", "identity: signedIn\n  channels: [email]", "confirm: click\n  edit: []", "validFor: 1h\n  edit: [x]")
        select $"- {string.Join("\n  ", new[] { about, stages, times, escalate, rest }.Where(text => text.Length > 0))}\n";

    private static Gen<string> Changes() =>
        from rules in Rules().NonEmptyListOf()
        let text = "approvals:\n" + string.Concat(rules)
        from at in Gen.Choose(0, text.Length)
        from cut in Gen.Choose(0, 6)
        from put in Gen.Elements("", "null", "[]", "{}", ": ", "- ", "\n", "-1", "1e400", "99999999999d", "true", "'", "\0", "é", ":", ",")
        select text[..at] + put + text[Math.Min(text.Length, at + cut)..];

    private void Write(string name, string yaml)
    {
        var path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, yaml);
    }
}
