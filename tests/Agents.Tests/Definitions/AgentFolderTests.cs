using Holdfast.Agents.Definitions;
using Xunit;

namespace Holdfast.Agents.Tests.Definitions;

public sealed class AgentFolderTests
{
    private const string Minimal = "name: refund-desk\ninstructions: instructions.md\n";

    [Fact]
    public void EveryKeyOfAnAgentIsRead()
    {
        var agent = AgentFiles.Load(AgentFiles.Yaml);
        Assert.Equal(("refund-desk", "default", "Be kind.\n"), (agent.Name, agent.Model, agent.Instructions));
        Assert.Equal(["lookup_order", "issue_refund", "send_reply"], agent.Tools);
        Assert.Equal(new RunLimits(5, 6, 7000, TimeSpan.FromMinutes(8)), agent.Limits);
        var ask = agent.Approvals[0].Ask!;
        Assert.Equal(["role:approve", "user:anna"], ask.Stages!.Single().By);
        Assert.Equal((true, TimeSpan.FromDays(2), OnExpire.End, OnReject.End), (ask.RequesterMayDecide, ask.Expires, ask.OnExpire, ask.OnReject));
        Assert.Equal(("send_reply", null), (agent.Approvals[1].Tool, agent.Approvals[1].Ask));
    }

    [Fact]
    public void WhatIsLeftOutHasTheDocumentedDefault()
    {
        var agent = AgentFiles.Load(Minimal + "approvals: [{tool: a}]\n");
        Assert.Equal("default", agent.Model);
        Assert.Equal(new RunLimits(20, 60, 200_000, TimeSpan.FromMinutes(10)), agent.Limits);
        Assert.Empty(agent.Tools);
        var ask = agent.Approvals[0].Ask!;
        Assert.Equal(["role:approve"], ask.Stages!.Single().By);
        Assert.Equal((false, TimeSpan.FromDays(3), OnExpire.Reject, OnReject.Continue), (ask.RequesterMayDecide, ask.Expires, ask.OnExpire, ask.OnReject));
    }

    [Theory]
    [InlineData("tool: [a]", 3, "Unknown key 'tool'. Did you mean 'tools'? Known: name, model, instructions, tools, limits, approvals.")]
    [InlineData("output: {}", 3, "Unknown key 'output'. Known:")]
    [InlineData("limits: {toolcalls: 5}", 3, "Unknown key 'toolcalls' in limits. Did you mean 'toolCalls'?")]
    [InlineData("limits:\n  time: 10", 4, "limits.time: '10' has no unit; write for example 10m. Units: s, m, h, d.")]
    [InlineData("limits: {time: 10 minutes}", 3, "limits.time: '10 minutes' is no duration")]
    [InlineData("limits: {time: 31d}", 3, "limits.time: '31d' is out of range; write 1s to 30d.")]
    [InlineData("limits: {time: 99999999999d}", 3, "limits.time: '99999999999d' is no duration")]
    [InlineData("limits: {turns: 0}", 3, "limits.turns: expected a whole number from 1 to 1000, got the number 0.")]
    [InlineData("limits: {turns: '5'}", 3, "limits.turns: expected a whole number from 1 to 1000, got the text \"5\".")]
    [InlineData("limits: {turns: 1.5}", 3, "limits.turns: expected a whole number")]
    [InlineData("limits: 5", 3, "limits: expected a mapping, got the number 5. Known keys: turns,")]
    [InlineData("model: 5", 3, "model: expected text, got the number 5. Put it in quotes.")]
    [InlineData("model:", 3, "model: expected text, got nothing.")]
    [InlineData("tools: a", 3, "tools: expected a list, got the text \"a\".")]
    [InlineData("tools: [a, [b]]", 3, "tools[1]: expected text, got a list.")]
    [InlineData("tools:\n- a\n- a", 5, "tools[1]: 'a' is listed twice.")]
    [InlineData("approvals: [{none: true}]", 3, "approvals[0].tool is missing. Add it.")]
    [InlineData("approvals: [{tool: a, none: yes}]", 3, "approvals[0].none: expected true or false, got the text \"yes\".")]
    [InlineData("approvals:\n- tool: a\n  none: true\n  expires: 1d", 6, "approvals[0].expires: not possible beside none: true")]
    [InlineData("approvals: [{tool: a, none: true, requester: denied}]", 3, "approvals[0].requester: not possible beside none: true")]
    [InlineData("approvals: [{tool: a, requester: maybe}]", 3, "approvals[0].requester: expected allowed or denied, got the text \"maybe\".")]
    [InlineData("approvals: [{tool: a, expires: 30s}]", 3, "approvals[0].expires: '30s' is out of range; write 1m to 365d.")]
    [InlineData("approvals: [{tool: a, onExpire: continue}]", 3, "approvals[0].onExpire: expected reject or end")]
    [InlineData("approvals: [{tool: a, onReject: reject}]", 3, "approvals[0].onReject: expected continue or end")]
    [InlineData("approvals: [{tool: a, stages: [{by: ['role:a']}, {by: ['role:b']}]}]", 3, "approvals[0].stages: 2 stages; other than one is not supported yet.")]
    [InlineData("approvals: [{tool: a, stages: []}]", 3, "approvals[0].stages: 0 stages")]
    [InlineData("approvals: [{tool: a, stages: [{of: 2}]}]", 3, "approvals[0].stages[0].of: more than one approver is not supported yet.")]
    [InlineData("approvals: [{tool: a, stages: [{by: []}]}]", 3, "approvals[0].stages[0].by: nobody is listed.")]
    [InlineData("approvals: [{tool: a, stages: [{by: [anna]}]}]", 3, "approvals[0].stages[0].by[0]: 'anna' is neither role:NAME nor user:ID.")]
    [InlineData("approvals: [{tool: a, when: {}}]", 3, "approvals[0].when: expected arguments with comparisons")]
    [InlineData("approvals: [{tool: a, when: {amount: 5}}]", 3, "approvals[0].when.amount: expected a comparison, got the number 5.")]
    [InlineData("approvals: [{tool: a, when: {amount: {ovr: 5}}}]", 3, "Unknown key 'ovr' in approvals[0].when.amount. Did you mean 'over'?")]
    [InlineData("approvals: [{tool: a, when: {amount: {over: '5'}}}]", 3, "approvals[0].when.amount.over: expected a number, got the text \"5\".")]
    [InlineData("approvals: [{tool: a, when: {amount: {over: 9007199254740993}}}]", 3, "is not held exactly by a double")]
    [InlineData("approvals: [{tool: a, when: {amount: {equals: null}}}]", 3, "approvals[0].when.amount.equals: expected text, a number, true or false, got nothing.")]
    [InlineData("approvals: [{tool: a, when: {amount: {in: []}}}]", 3, "approvals[0].when.amount.in: expected a list of values, got an empty one.")]
    [InlineData("approvals: [{tool: a, when: {a..b: {over: 1}}}]", 3, "'a..b' is no path")]
    public void AMistakeIsNamedWithItsLineAndItsRemedy(string yaml, int line, string expected)
    {
        var refused = Assert.Throws<DefinitionException>(() => AgentFiles.Load(Minimal + yaml));
        Assert.Contains($"agent.yaml({line}): ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name: Refund\ninstructions: instructions.md", "is not 1 to 64 of a-z, 0-9 and -")]
    [InlineData("name: other\ninstructions: instructions.md", "'other' is not the folder's name 'refund-desk'")]
    [InlineData("instructions: instructions.md", "name is missing")]
    [InlineData("name: refund-desk", "instructions is missing")]
    [InlineData("name: refund-desk\ninstructions: ../secret.md", "leads out of the agent's folder")]
    [InlineData("name: refund-desk\ninstructions: /etc/passwd", "leads out of the agent's folder")]
    [InlineData("name: refund-desk\ninstructions: .", "leads out of the agent's folder")]
    [InlineData("name: refund-desk\ninstructions: none.md", "there is no file 'none.md'")]
    [InlineData("[]", "expected a mapping, got a list")]
    public void ANameOrInstructionsThatDoNotFitTheFolderAreRefused(string yaml, string expected) =>
        Assert.Contains(expected, Assert.Throws<DefinitionException>(() => AgentFiles.Load(yaml)).Message, StringComparison.Ordinal);

    [Fact]
    public void ALinkThatStaysInTheFolderIsFollowedAndOneThatLeadsOutIsRefused()
    {
        using var files = new AgentFiles();
        files.Write(Minimal);
        File.WriteAllText(Path.Combine(files.Folder, "secret.md"), "secret");
        File.CreateSymbolicLink(Path.Combine(files.Agent, "in.md"), "instructions.md");
        File.CreateSymbolicLink(Path.Combine(files.Agent, "out.md"), "../secret.md");
        Directory.CreateSymbolicLink(Path.Combine(files.Agent, "up"), "..");

        Assert.Equal("Be kind.\n", files.Write("name: refund-desk\ninstructions: in.md").Instructions);
        Assert.Throws<DefinitionException>(() => files.Write("name: refund-desk\ninstructions: out.md"));
        Assert.Throws<DefinitionException>(() => files.Write("name: refund-desk\ninstructions: up/secret.md"));
    }

    [Fact]
    public void InstructionsAreTheSameOnEveryCheckout()
    {
        using var files = new AgentFiles();
        Assert.Equal(files.Write(Minimal, "a\nb\n").Instructions, files.Write(Minimal, "\ufeffa\r\nb\r\n").Instructions);
    }

    [Fact]
    public void EmptyInstructionsAreRefused()
    {
        using var files = new AgentFiles();
        Assert.Throws<DefinitionException>(() => files.Write(Minimal, " \n"));
    }

    [Fact]
    public void InstructionsThatAreNotUtf8AreRefused()
    {
        using var files = new AgentFiles();
        files.Write(Minimal);
        File.WriteAllBytes(Path.Combine(files.Agent, "instructions.md"), [0x61, 0xff]);
        Assert.Contains("Not UTF-8", Assert.Throws<DefinitionException>(() => AgentFolder.Load(files.Agent)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryFolderIsAnAgent()
    {
        using var files = new AgentFiles();
        files.Write("name: b\ninstructions: instructions.md", folder: "b");
        files.Write("name: a\ninstructions: instructions.md", folder: "a");
        Directory.CreateDirectory(Path.Combine(files.Folder, ".git"));
        Assert.Equal(["a", "b"], AgentFolder.LoadAll(files.Folder).Select(a => a.Name));
    }

    [Fact]
    public void AFolderWithoutADefinitionIsAnError()
    {
        using var files = new AgentFiles();
        Directory.CreateDirectory(Path.Combine(files.Folder, "a"));
        Assert.Throws<DefinitionException>(() => AgentFolder.LoadAll(files.Folder));
        Assert.Throws<DefinitionException>(() => AgentFolder.LoadAll(Path.Combine(files.Folder, "none")));
    }
}
