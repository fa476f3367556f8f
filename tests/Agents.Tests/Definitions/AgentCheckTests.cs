using Holdfast.Agents.Definitions;
using Xunit;

namespace Holdfast.Agents.Tests.Definitions;

public sealed class AgentCheckTests
{
    [Fact]
    public void AnAgentThatFitsItsToolsPasses() => AgentCheck.Against(AgentFiles.Load(AgentFiles.Yaml), AgentFiles.Tools, AgentFiles.Models);

    [Theory]
    [InlineData("refund-desk", "lookup_order", "lookup_ordr", 4, "Tool 'lookup_ordr' is not registered for agent 'refund-desk'. Did you mean 'lookup_order'? Registered: issue_refund, lookup_order, send_reply.")]
    [InlineData("model: default", "default", "defualt", 2, "Agent 'refund-desk' names the model 'defualt', which is not configured. Did you mean 'default'? Configured: default. Name one of these, or configure it.")]
    [InlineData("  - {tool: send_reply, none: true}", "", "", 4, "Tool 'send_reply' has an effect (external) but no rule.")]
    [InlineData("tools: [lookup_order, issue_refund, send_reply]", "send_reply]", "send_reply, other]", 4, "Tool 'other' is not registered")]
    [InlineData("{tool: send_reply, none", "send_reply, none", "send_replay, none", 14, "approvals[1]: 'send_replay' is no tool of agent 'refund-desk'. Did you mean 'send_reply'?")]
    [InlineData("amount", "amount: {over: 100}", "amnt: {over: 100}", 8, "approvals[0].when.amnt: tool 'issue_refund' has no such argument. Arguments: amount, customer, day.")]
    [InlineData("amount", "amount: {over: 100}", "amount.x: {over: 100}", 8, "approvals[0].when.amount.x: tool 'issue_refund' has no such argument.")]
    [InlineData("amount", "amount: {over: 100}", "amount: {equals: ten}", 8, "compared with the string \"ten\", but tool 'issue_refund' takes a number there.")]
    [InlineData("amount", "amount: {over: 100}", "customer.country: {over: 100}", 8, "compared with the number 100, but tool 'issue_refund' takes a string there.")]
    [InlineData("amount", "amount: {over: 100}", "customer: {equals: x}", 8, "takes an object or null there")]
    [InlineData("tool: issue_refund", "tool: issue_refund", "risk: write", 4, "Tool 'issue_refund' has an effect (external) but no rule.")]
    [InlineData("tool: issue_refund", "tool: issue_refund", "risk: write", 8, "approvals[0].when.amount: no tool with the effect write has such an argument. Arguments: none.")]
    [InlineData("amount", "tool: issue_refund\n    when: {amount", "risk: external\n    when: {amuont", 8, "approvals[0].when.amuont: no tool with the effect external has such an argument. Arguments: amount, customer, day, text.")]
    [InlineData("requester: allowed", "requester: allowed", "edit: [amount, amont]", 10, "approvals[0].edit[1]: 'amont' is no argument of issue_refund. Did you mean 'amount'? Arguments: amount, customer, day.")]
    [InlineData("limits", "limits:", "describe:\n  issue_rfund: Pay\nlimits:", 6, "describe.issue_rfund: 'issue_rfund' is no tool of agent 'refund-desk'. Did you mean 'issue_refund'?")]
    [InlineData("limits", "limits:", "describe: {issue_refund: 'Pay {amont}'}\nlimits:", 5, "describe.issue_refund: tool 'issue_refund' has no argument 'amont'. Did you mean 'amount'? Arguments: amount, customer, day.")]
    [InlineData("limits", "limits:", "describe: {issue_refund: 'Pay {day:money EUR}'}\nlimits:", 5, "describe.issue_refund: 'day' is written as a number, but tool 'issue_refund' takes a string or null there. Choose another format.")]
    [InlineData("limits", "limits:", "describe: {issue_refund: 'Pay {amount:money amount}'}\nlimits:", 5, "'amount' is written as text, but tool 'issue_refund' takes a number there.")]
    [InlineData("limits", "limits:", "describe: {issue_refund: 'On {amount:date}'}\nlimits:", 5, "'amount' is written as text, but")]
    [InlineData("amount", "amount: {over: 100}", "day: {in: [monday, mittwoch]}", 8, "the argument can never be the string \"mittwoch\"")]
    public void AMisfitIsNamedWithItsLine(string present, string replace, string with, int line, string expected)
    {
        Assert.Contains(present, AgentFiles.Yaml, StringComparison.Ordinal);
        var yaml = AgentFiles.Yaml.Replace(replace.Length == 0 ? present : replace, with, StringComparison.Ordinal);
        var refused = Assert.Throws<DefinitionException>(() => AgentCheck.Against(AgentFiles.Load(yaml), AgentFiles.Tools, AgentFiles.Models));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.Contains($"agent.yaml({line}): ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryMisfitIsNamedAtOnce()
    {
        var yaml = AgentFiles.Yaml.Replace("lookup_order", "x", StringComparison.Ordinal).Replace("{over", "{startsWith: a, over", StringComparison.Ordinal);
        var message = Assert.Throws<DefinitionException>(() => AgentCheck.Against(AgentFiles.Load(yaml), AgentFiles.Tools, AgentFiles.Models)).Message;
        Assert.Equal(2, message.Split('\n').Length);
    }

    [Fact]
    public void ARuleOfARiskNamesEveryToolOfItThatHasItsArguments()
    {
        AgentCheck.Against(AgentFiles.Load(AgentFiles.Yaml.Replace("tool: issue_refund", "risk: external", StringComparison.Ordinal)), AgentFiles.Tools, AgentFiles.Models);
        AgentCheck.Against(AgentFiles.Load(AgentFiles.Yaml.Replace("{tool: send_reply", "{risk: external", StringComparison.Ordinal)), AgentFiles.Tools, AgentFiles.Models);
    }

    [Fact]
    public void ADescriptionMayShowAnyArgument() => AgentCheck.Against(
        AgentFiles.Load(AgentFiles.Yaml.Replace("limits:", "describe: {issue_refund: '{amount:money customer.country} {amount:number} {customer.country} {day}'}\nlimits:", StringComparison.Ordinal)),
        AgentFiles.Tools, AgentFiles.Models);

    [Fact]
    public void AnArgumentInsideAnotherAndOneThatMayBeNullCanBeCompared() => AgentCheck.Against(
        AgentFiles.Load(AgentFiles.Yaml.Replace("amount: {over: 100}", "customer.country: {not: DE}, day: {equals: monday}", StringComparison.Ordinal)),
        AgentFiles.Tools, AgentFiles.Models);
}
