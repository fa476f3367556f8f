using FsCheck;
using FsCheck.Fluent;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;
using Xunit;

namespace Holdfast.Agents.Tests.Definitions;

public sealed class PolicyCheckTests
{
    private static readonly People House = new([
        Person("anna", "manager") with { Roles = ["manager", "approve"] },
        Person("ben", "manager"),
        Person("carl", "finance") with { Groups = ["board"] },
        new("local", "dora", "Dora") { Roles = ["chief"] },
    ]);

    [Fact]
    public void WhatFitsPasses() => Check(
        "{tool: issue_refund, stages: [{by: ['role:manager'], of: 2}, {by: ['group:board', 'user:dora']}], escalate: {to: ['user:anna'], after: 1d}, edit: [amount], channels: [email]}", House);

    [Theory]
    [InlineData("{tool: issue_refnd}", "approvals[0]: 'issue_refnd' is no tool of this host. Did you mean 'issue_refund'? Tools of its agents: issue_refund, lookup_order, send_reply.")]
    [InlineData("{tool: issue_refund, when: {amnt: {over: 1}}}", "approvals[0].when.amnt: tool 'issue_refund' has no such argument.")]
    [InlineData("{when: {amnt: {over: 1}}}", "approvals[0].when.amnt: no tool has such an argument. Arguments: order, amount, customer, day, text.")]
    [InlineData("{risk: write, when: {amount: {over: 1}}}", "approvals[0].when.amount: no tool with the effect write has such an argument. Arguments: none.")]
    [InlineData("{when: {amount: {over: 1}, text: {equals: x}}}", "approvals[0].when.amount: no tool has these arguments together.")]
    [InlineData("{when: {amount: {equals: x}}}", "approvals[0].when.amount: compared with the string \"x\", but tool 'issue_refund' takes a number there.")]
    [InlineData("{risk: external, edit: [amount, order]}", "approvals[0].edit[1]: 'order' is no argument of issue_refund, send_reply.")]
    [InlineData("{tool: issue_refund, stages: [{by: ['role:manger']}]}", "approvals[0].stages[0].by[0]: 'role:manger' means nobody in people.yaml. Did you mean 'manager'? Give somebody the role, or ask others.")]
    [InlineData("{tool: issue_refund, stages: [{by: ['role:manager']}, {by: ['group:bord']}]}", "approvals[0].stages[1].by[0]: 'group:bord' means nobody in people.yaml. Did you mean 'board'? Give somebody the group")]
    [InlineData("{tool: issue_refund, stages: [{by: ['user:Anna']}]}", "approvals[0].stages[0].by[0]: 'user:Anna' means nobody in people.yaml. Did you mean 'anna'? Add the person, or ask another.")]
    [InlineData("{tool: issue_refund, escalate: {to: ['role:ceo'], after: 1d}}", "approvals[0].escalate.to[0]: 'role:ceo' means nobody in people.yaml.")]
    [InlineData("{tool: issue_refund, stages: [{by: ['role:manager'], of: 3}]}", "approvals[0].stages[0]: a quorum of 3 from 2 people: anna, ben. Ask more people, or lower of.")]
    [InlineData("{tool: issue_refund, stages: [{by: ['user:anna'], of: 2}]}", "approvals[0].stages[0]: a quorum of 2 from 1 person: anna.")]
    [InlineData("{tool: issue_refund, stages: [{by: ['role:manager'], of: 2}, {by: ['user:anna']}]}", "approvals[0].stages[1]: a quorum of 1, of whom the other stages leave 0, because a person counts once in a rule: anna.")]
    [InlineData("{tool: issue_refund, stages: [{by: ['user:dora']}], channels: [email]}", "approvals[0].stages[0]: none of those who may decide can be reached by email: dora. Give them an address in people.yaml, or use another channel.")]
    [InlineData("{tool: issue_refund, channels: [email], escalate: {to: ['role:chief'], after: 1d}}", "approvals[0].escalate: none of those who may decide can be reached by email: dora.")]
    [InlineData("{tool: issue_refund, channels: [email, teams]}", "approvals[0].channels[1]: this host has no channel 'teams'. Configured: email, console. Configure it, or name one of these.")]
    public void AMisfitIsNamedWithItsPlaceInAPolicyAndInAnAgent(string rule, string expected)
    {
        Assert.Contains($"policy.yaml(1): {expected}", Refused(rule, House), StringComparison.Ordinal);
        if (rule.Contains("stages", StringComparison.Ordinal))
        {
            var agent = AgentFiles.Load(Replaced(rule));
            var message = Assert.Throws<DefinitionException>(() => Check(agent, Policies.None, House)).Message;
            Assert.Contains($"agent.yaml(7): {expected}", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AToolThatTheHostHasAndNoAgentUsesIsAMisfit()
    {
        var agent = AgentFiles.Load("name: refund-desk\ninstructions: instructions.md\ntools: [lookup_order]\n");
        Assert.Contains("no agent has the tool 'send_reply'. Tools of its agents: lookup_order.",
            Assert.Throws<DefinitionException>(() => Check(agent, Read("{tool: send_reply}"), People.Nobody)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhereNobodyIsKnownItGoesByPrincipalsAndOnlyAGroupMeansNobody()
    {
        Check("{tool: issue_refund, stages: [{by: ['role:whatever', 'user:nobody'], of: 5}]}", People.Nobody);
        Assert.Contains("approvals[0].stages[0].by[1]: 'group:board' means nobody: only people have groups, and no people are known.",
            Refused("{tool: issue_refund, stages: [{by: ['role:a', 'group:board']}]}", People.Nobody), StringComparison.Ordinal);
        Assert.Contains("approvals[0].escalate.to[0]: 'group:board' means nobody", Refused("{tool: issue_refund, escalate: {to: ['group:board'], after: 1d}}", People.Nobody), StringComparison.Ordinal);
        Assert.Contains("this host has no channel 'teams'", Refused("{tool: issue_refund, channels: [teams]}", People.Nobody), StringComparison.Ordinal);
    }

    [Fact]
    public void EveryTenantWhosePeopleAreKnownHasToBeAbleToDecide()
    {
        var people = new People([.. House.All, Person("eva", "manager") with { Tenant = "other" }]);
        Assert.Contains("a quorum of 2 from 1 person in tenant 'other': eva.", Refused("{tool: issue_refund, stages: [{by: ['role:manager'], of: 2}]}", people), StringComparison.Ordinal);
        Assert.Contains("nobody in tenant 'other' is role:finance or user:dora. Say in people.yaml who is, or ask others.",
            Refused("{tool: issue_refund, stages: [{by: ['role:finance', 'user:dora']}]}", people), StringComparison.Ordinal);
    }

    [Fact]
    public void WhereNoRuleThatAlwaysHoldsSaysWhoDecidesSomebodyHasToHaveTheRoleThatDoes()
    {
        var nobody = new People([Person("ben", "manager")]);
        var silent = AgentFiles.Load(Replaced("{tool: issue_refund}"));
        var free = AgentFiles.Load(Replaced("{tool: issue_refund, when: {amount: {under: 5}}, none: true}"));
        Assert.Contains("agent.yaml(7): approvals[0]: nobody is role:approve.", Assert.Throws<DefinitionException>(() => Check(silent, Policies.None, nobody)).Message, StringComparison.Ordinal);
        Assert.Contains("agent.yaml(7): approvals[0]: nobody is role:approve.", Assert.Throws<DefinitionException>(() => Check(free, Policies.None, nobody)).Message, StringComparison.Ordinal);
        Assert.Throws<DefinitionException>(() => Check(silent, Read("{when: {amount: {over: 5}}, stages: [{by: ['role:manager']}]}"), nobody));
        Check(silent, Read("{risk: external, stages: [{by: ['role:manager']}]}"), nobody);
        Check(free, Read("{risk: external, stages: [{by: ['role:manager']}]}"), nobody);
        Check(silent, Policies.None, House);
    }

    [Fact]
    public void AHostWithoutAChannelReachesNobody() => Assert.Contains("none of those who may decide can be reached by this host, which has no channel: anna, ben.",
        Assert.Throws<DefinitionException>(() => PolicyCheck.Against([AgentFiles.Load(AgentFiles.Yaml)], Read("{tool: issue_refund, stages: [{by: ['role:manager']}]}"), House, AgentFiles.Tools, [])).Message,
        StringComparison.Ordinal);

    [Fact]
    public void EveryMisfitIsNamedAtOnce()
    {
        var message = Refused("{tool: issue_refund, channels: [teams], edit: [x], stages: [{by: ['role:a']}, {by: ['role:b']}]}", House);
        Assert.Equal(4, message.Split('\n').Length);
    }

    [Fact]
    public void ARuleIsRefusedExactlyIfNotEveryStageCanBeFilledByPeopleOfItsOwn() => Prop.ForAll(Cases().ToArbitrary(), one =>
    {
        var (people, stages) = one;
        var rule = new ApprovalRule("issue_refund", [], new ApprovalAsk { Stages = stages });
        var refused = Record.Exception(() => Check(AgentFiles.Load(Replaced("{tool: issue_refund, none: true}")), new([rule]), new([.. people]))) is DefinitionException;
        return refused != CanFill(stages, people);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    // By trying every way to seat them.
    private static bool CanFill(IReadOnlyList<ApprovalStage> stages, IReadOnlyList<Person> people)
    {
        var seats = stages.SelectMany(stage => Enumerable.Repeat(stage, stage.Of)).ToArray();
        return Fill(0, people);

        bool Fill(int seat, IReadOnlyList<Person> left) => seat == seats.Length
            || left.Where(person => person.IsAnyOf(seats[seat].By)).Any(person => Fill(seat + 1, [.. left.Where(other => other != person)]));
    }

    // One of each role at least, so that every selector means somebody.
    private static Gen<(Person[] People, ApprovalStage[] Stages)> Cases() =>
        from roles in Gen.Elements("a", "b", "c", "ab", "bc").ListOf(3)
        from stages in Stage().ListOf(2)
        select (new[] { "a", "b", "c" }.Concat(roles).Take(5).Select((some, i) => Person($"u{i}", [.. some.Select(role => role.ToString())])).ToArray(), stages.ToArray());

    private static Gen<ApprovalStage> Stage() =>
        from roles in Gen.Elements("a", "b", "c").ListOf(2)
        from count in Gen.Choose(1, 3)
        select new ApprovalStage([.. roles.Distinct().Select(role => $"role:{role}")], count);

    private static Person Person(string id, params string[] roles) => new("local", id, id) { Email = $"{id}@example.org", Roles = roles };

    // The desk with this rule in place of the one for refunds, on line 7.
    private static string Replaced(string rule) => $$"""
        name: refund-desk
        model: default
        instructions: instructions.md
        tools: [lookup_order, issue_refund, send_reply]
        limits: {turns: 5}
        approvals:
          - {{rule}}
          - {tool: send_reply, none: true}
        """;

    private static Policies Read(string rule)
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "policy.yaml"), $"approvals: [{rule}]");
            return PolicyFolder.Load(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Refused(string rule, People people) => Assert.Throws<DefinitionException>(() => Check(rule, people)).Message;

    private static void Check(string rule, People people) =>
        Check(AgentFiles.Load(Replaced("{tool: issue_refund, none: true}")), Read(rule), people);

    private static void Check(AgentDefinition agent, Policies policies, People people) =>
        PolicyCheck.Against([agent], policies, people, AgentFiles.Tools, [new Post("email", person => person.Email is not null), new Post("console", person => person.Id != "dora")]);

    private sealed class Post(string name, Func<Person, bool> reaches) : IChannel
    {
        public string Name => name;

        public bool IsShared => false;

        public bool Reaches(Person? person) => person is not null && reaches(person);

        public Task SendAsync(Message message, CancellationToken cancellation) => throw new NotSupportedException("Nothing is sent at a start.");
    }
}
