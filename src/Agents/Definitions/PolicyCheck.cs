using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Definitions;

/// <summary>Whether all rules of a host, its people and its channels fit together. Run at start, after <see cref="AgentCheck"/>, so that no approval waits for nobody.</summary>
public static class PolicyCheck
{
    /// <exception cref="DefinitionException">Everything that does not fit, one line each; file and line are the first one's.</exception>
    public static void Against(IReadOnlyList<AgentDefinition> agents, Policies policies, People people, Toolbox toolbox, IReadOnlyList<IChannel> channels)
    {
        var beside = policies.Rules.Select((rule, i) => new PlacedRule(rule, rule.Source ?? new(new("policies", new Dictionary<string, int>()), JsonPlace.Item("rules", i)))).ToArray();
        var own = agents.Select(agent => (Tools: AgentCheck.ToolsOf(agent, toolbox).ToArray(), Rules: OwnOf(agent).ToArray())).ToArray();
        var who = new WhoCheck(people, channels);
        Misfit.Refuse([
            .. beside.SelectMany(rule => Tools(rule, agents, toolbox)),
            .. own.SelectMany(agent => agent.Rules).Concat(beside).SelectMany(who.Asked),
            .. own.SelectMany(agent => agent.Tools.SelectMany(tool => Unsaid(agent.Rules, beside, tool.Traits))).Distinct().SelectMany(who.Unsaid),
        ]);
    }

    private static IEnumerable<PlacedRule> OwnOf(AgentDefinition agent) =>
        agent.Approvals.Select((rule, i) => new PlacedRule(rule, new(AgentCheck.SourceOf(agent), JsonPlace.Item("approvals", i))));

    private static IEnumerable<Misfit> Tools(PlacedRule placed, IReadOnlyList<AgentDefinition> agents, Toolbox toolbox)
    {
        var (rule, (source, place)) = placed;
        var used = agents.SelectMany(agent => agent.Tools).Distinct().Order(StringComparer.Ordinal).ToArray();
        return rule.Tool is { } name && !used.Contains(name)
            ? [new(source, place, $"{place}: {(toolbox.TryFind(name, out _) ? $"no agent has the tool '{name}'" : $"'{name}' is no tool of this host")}."
                + $"{NearestName.Hint(name, used)} Tools of its agents: {RuleCheck.List(used)}.")]
            : RuleCheck.Of(rule, source, place, [.. agents.SelectMany(agent => AgentCheck.ToolsOf(agent, toolbox)).Distinct()]);
    }

    /// <summary>The rules that can hold a call of a tool without that any rule has to say who decides.</summary>
    private static IEnumerable<PlacedRule> Unsaid(IReadOnlyList<PlacedRule> own, IReadOnlyList<PlacedRule> beside, ToolTraits tool)
    {
        own = [.. own.Where(placed => placed.Rule.IsAbout(tool))];
        PlacedRule[] holding = [.. own.Concat(beside.Where(placed => placed.Rule.IsAbout(tool))).Where(placed => placed.Rule.Ask is not null)];
        if (holding.Any(placed => placed.Rule is { Ask.Stages: not null, When.Count: 0 }))
        {
            return [];
        }

        // Where an agent has but rules that let calls pass, one that they do not let pass is held.
        var free = own.All(placed => placed.Rule is { Ask: null, When.Count: > 0 }) ? own : [];
        return holding.Where(placed => placed.Rule.Ask!.Stages is null).Concat(free);
    }
}

/// <summary>A rule and where it stands.</summary>
internal sealed record PlacedRule(ApprovalRule Rule, RuleSource Source);
