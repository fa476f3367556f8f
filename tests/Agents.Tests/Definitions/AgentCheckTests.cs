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
    public void AnArgumentInsideAnotherAndOneThatMayBeNullCanBeCompared() => AgentCheck.Against(
        AgentFiles.Load(AgentFiles.Yaml.Replace("amount: {over: 100}", "customer.country: {not: DE}, day: {equals: monday}", StringComparison.Ordinal)),
        AgentFiles.Tools, AgentFiles.Models);
}
