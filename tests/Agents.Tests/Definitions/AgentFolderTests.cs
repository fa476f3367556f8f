using Holdfast.Agents.Definitions;
using Holdfast.Agents.Tools;
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
    public void EveryKeyOfAnApprovalIsRead()
    {
        var rule = AgentFiles.Load(Minimal + """
            approvals:
              - risk: external
                when: {amount: {over: 1000}}
                stages: [{by: ['role:manager']}, {by: ['group:finance', 'user:0F5E2B7C-9D11-4A3E-8C55-2B7C9D114A3E', 'user:Carl'], of: 2}]
                identity: signedIn
                confirm: click
                expires: 5d
                reminders: [1d, 36h]
                onExpire: escalate
                escalate: {to: ['role:chief']}
                channels: [teams, email, teams]
                edit: [amount]
                validFor: 1h
              - {tool: a, escalate: {to: ['user:b'], after: 2d}}
            """).Approvals[0];
        var ask = rule.Ask!;
        Assert.Equal((null, Effect.External, "amount"), (rule.Tool, rule.Risk, rule.When.Single().Path));
        Assert.Equal([("role:manager", 1), ("group:finance user:0f5e2b7c-9d11-4a3e-8c55-2b7c9d114a3e user:Carl", 2)], ask.Stages!.Select(stage => (string.Join(' ', stage.By), stage.Of)));
        Assert.Equal((LinkIdentity.SignedIn, LinkConfirm.Click, TimeSpan.FromDays(5), TimeSpan.FromHours(1)), (ask.Identity, ask.Confirm, ask.Expires, ask.ValidFor));
        Assert.Equal([TimeSpan.FromDays(1), TimeSpan.FromHours(36)], ask.Reminders);
        Assert.Equal((OnExpire.Escalate, "role:chief", null), (ask.OnExpire, ask.Escalation!.To.Single(), ask.Escalation.After));
        Assert.Equal(["teams", "email", "amount"], [.. ask.Channels!, .. ask.Edit!]);
        Assert.Null(ask.RequesterMayDecide);
    }

    [Fact]
    public void ATemplateForEachToolIsReadAndStored()
    {
        var agent = AgentFiles.Load(Minimal + "describe: {a: 'Pay {amount:money EUR}', b: Look}\n");
        Assert.Equal("Pay {amount:money EUR}", agent.Describe["a"]);
        Assert.Equal(agent.ToJson(), AgentDefinition.FromJson(agent.ToJson()).ToJson());
        Assert.Equal(2, AgentDefinition.FromJson(agent.ToJson()).Describe.Count);
    }

    [Fact]
    public void WhatIsLeftOutHasTheDocumentedDefault()
    {
        var agent = AgentFiles.Load(Minimal + "approvals: [{tool: a}]\n");
        Assert.Equal("default", agent.Model);
        Assert.Equal(new RunLimits(20, 60, 200_000, TimeSpan.FromMinutes(10)), agent.Limits);
        Assert.Empty(agent.Tools);
        Assert.Empty(agent.Describe);
        Assert.Equal(new ApprovalAsk(), agent.Approvals[0].Ask);
        var terms = ApprovalPolicy.Terms(agent.Approvals, [])!;
        Assert.Equal(["role:approve"], terms.Stages.Single().By);
        Assert.Equal((false, TimeSpan.FromDays(3), OnExpire.Reject, OnReject.Continue), (terms.RequesterMayDecide, terms.Expires, terms.OnExpire, terms.OnReject));
        Assert.Equal((LinkIdentity.Link, LinkConfirm.Code, null), (terms.Identity, terms.Confirm, terms.ValidFor));
        Assert.Empty(terms.Escalations);
        Assert.Equal((0, 0, 0), (terms.Channels.Count, terms.Edit.Count, terms.Reminders.Count));
    }

    [Theory]
    [InlineData("tool: [a]", 3, "Unknown key 'tool'. Did you mean 'tools'? Known: name, model, instructions, tools, describe, limits, approvals.")]
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
    [InlineData("approvals: [{none: true}]", 3, "approvals[0]: neither tool nor risk is given.")]
    [InlineData("approvals: [{when: {amount: {over: 1}}}]", 3, "approvals[0]: neither tool nor risk is given.")]
    [InlineData("approvals: [{tool: a, risk: write}]", 3, "approvals[0].tool: not possible beside risk")]
    [InlineData("approvals: [{risk: none}]", 3, "approvals[0].risk: expected write or external, got the text \"none\".")]
    [InlineData("approvals: [{tool: ask_person, none: true}]", 3, "approvals[0].none: ask_person asks a person by its nature.")]
    [InlineData("approvals: [{tool: a, none: yes}]", 3, "approvals[0].none: expected true or false, got the text \"yes\".")]
    [InlineData("approvals:\n- tool: a\n  none: true\n  expires: 1d", 6, "approvals[0].expires: not possible beside none: true")]
    [InlineData("approvals: [{tool: a, none: true, requester: denied}]", 3, "approvals[0].requester: not possible beside none: true")]
    [InlineData("approvals: [{tool: a, requester: maybe}]", 3, "approvals[0].requester: expected allowed or denied, got the text \"maybe\".")]
    [InlineData("approvals: [{tool: a, expires: 30s}]", 3, "approvals[0].expires: '30s' is out of range; write 1m to 365d.")]
    [InlineData("approvals: [{tool: a, onExpire: continue}]", 3, "approvals[0].onExpire: expected reject or end")]
    [InlineData("approvals: [{tool: a, onReject: reject}]", 3, "approvals[0].onReject: expected continue or end")]
    [InlineData("approvals: [{tool: a, stages: []}]", 3, "approvals[0].stages: 0 stages. List 1 to 10")]
    [InlineData("approvals: [{tool: a, stages: [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}]}]", 3, "approvals[0].stages: 11 stages.")]
    [InlineData("approvals: [{tool: a, stages: [{of: 21}]}]", 3, "approvals[0].stages[0].of: expected a whole number from 1 to 20, got the number 21.")]
    [InlineData("approvals: [{tool: a, stages: [{of: 0}]}]", 3, "approvals[0].stages[0].of: expected a whole number from 1 to 20")]
    [InlineData("approvals:\n- tool: a\n  stages:\n  - by: ['role:a']\n  - {by: ['role:b'], off: 2}", 7, "Unknown key 'off' in approvals[0].stages[1]. Did you mean 'of'?")]
    [InlineData("approvals: [{tool: a, stages: [{by: []}]}]", 3, "approvals[0].stages[0].by: nobody is listed.")]
    [InlineData("approvals: [{tool: a, stages: [{by: [anna]}]}]", 3, "approvals[0].stages[0].by[0]: 'anna' is neither role:NAME, group:NAME nor user:ID.")]
    [InlineData("approvals: [{tool: a, stages: [{by: ['group:a b']}]}]", 3, "'group:a b' is neither role:NAME, group:NAME nor user:ID.")]
    [InlineData("approvals: [{tool: a, identity: sso}]", 3, "approvals[0].identity: expected link or signedIn, got the text \"sso\".")]
    [InlineData("approvals: [{tool: a, confirm: none}]", 3, "approvals[0].confirm: expected code or click")]
    [InlineData("approvals: [{tool: a, validFor: 30s}]", 3, "approvals[0].validFor: '30s' is out of range; write 1m to 365d.")]
    [InlineData("approvals: [{tool: a, validFor: 366d}]", 3, "approvals[0].validFor: '366d' is out of range")]
    [InlineData("approvals: [{tool: a, reminders: 1d}]", 3, "approvals[0].reminders: expected a list")]
    [InlineData("approvals: [{tool: a, reminders: [2d, 1d]}]", 3, "approvals[0].reminders[1]: 1d does not come after 2d.")]
    [InlineData("approvals: [{tool: a, reminders: [1d, 1d]}]", 3, "approvals[0].reminders[1]: 1d does not come after 1d.")]
    [InlineData("approvals: [{tool: a, reminders: [30s]}]", 3, "approvals[0].reminders[0]: '30s' is out of range; write 1m to 365d.")]
    [InlineData("approvals:\n- tool: a\n  expires: 1d\n  reminders: [1h, 1d]", 6, "approvals[0].reminders[1]: 1d is not before the approval expires, which is after 1d.")]
    [InlineData("approvals: [{tool: a, reminders: [3d]}]", 3, "which is after 3d where expires does not say otherwise. Write less, or a longer expires.")]
    [InlineData("approvals: [{tool: a, reminders: [1m, 2m, 3m, 4m, 5m, 6m, 7m, 8m, 9m, 10m, 11m]}]", 3, "approvals[0].reminders: 11 are listed. Keep 10 at most.")]
    [InlineData("approvals: [{tool: a, escalate: {after: 1d}}]", 3, "approvals[0].escalate.to is missing. Add it.")]
    [InlineData("approvals: [{tool: a, escalate: {to: []}}]", 3, "approvals[0].escalate.after is missing. Say after which time")]
    [InlineData("approvals: [{tool: a, escalate: {to: [], after: 1d}}]", 3, "approvals[0].escalate.to: nobody is listed.")]
    [InlineData("approvals: [{tool: a, escalate: {to: ['role:b'], after: 3d}}]", 3, "approvals[0].escalate.after: 3d is not before the approval expires")]
    [InlineData("approvals: [{tool: a, onExpire: escalate}]", 3, "approvals[0].onExpire: nobody is named to escalate to.")]
    [InlineData("approvals: [{tool: a, onExpire: escalate, escalate: {to: ['role:b'], after: 1d}}]", 3, "approvals[0].escalate.after: not possible beside onExpire: escalate")]
    [InlineData("approvals: [{tool: a, channels: [emal]}]", 3, "approvals[0].channels[0]: 'emal' is no channel. Did you mean 'email'? Channels: email, teams, webhook, console.")]
    [InlineData("approvals: [{tool: a, channels: []}]", 3, "approvals[0].channels: none is listed.")]
    [InlineData("approvals: [{tool: a, edit: amount}]", 3, "approvals[0].edit: expected a list")]
    [InlineData("approvals: [{tool: a, none: true, edit: [b]}]", 3, "approvals[0].edit: not possible beside none: true")]
    [InlineData("describe: []", 3, "describe: expected tools and their descriptions, got a list.")]
    [InlineData("describe:\n  a: 'Pay {amount:money}'", 4, "describe.a: {amount:money} has no currency.")]
    [InlineData("describe: {a: 5}", 3, "describe.a: expected text, got the number 5.")]
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
