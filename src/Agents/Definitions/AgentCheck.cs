using System.Text.Json;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Json;
using Holdfast.Agents.Models;
using Holdfast.Agents.Tools;
using Holdfast.Agents.Wording;

namespace Holdfast.Agents.Definitions;

/// <summary>Whether an agent and the tools and models of its host fit together. Run at start, so that no run meets a misfit.</summary>
public static class AgentCheck
{
    /// <exception cref="DefinitionException">Everything that does not fit, one line each; file and line are the first one's.</exception>
    public static void Against(AgentDefinition agent, Toolbox toolbox, ModelCatalog models)
    {
        var source = SourceOf(agent);
        Misfit.Refuse([
            .. Model(agent, models).Concat(Tools(agent, toolbox)).Concat(Describe(agent, toolbox)).Select(misfit => new Misfit(source, misfit.Place, misfit.Message)),
            .. agent.Approvals.SelectMany((rule, i) => Rule(agent, rule, source, JsonPlace.Item("approvals", i), toolbox)),
        ]);
    }

    /// <summary>Where an agent was read; its name for one that was not.</summary>
    internal static DefinitionSource SourceOf(AgentDefinition agent) => agent.Source ?? new DefinitionSource(agent.Name, new Dictionary<string, int>());

    /// <summary>An agent's tools that there are.</summary>
    internal static IEnumerable<Tool> ToolsOf(AgentDefinition agent, Toolbox toolbox) => agent.Tools.Select(name => toolbox.TryFind(name, out var tool) ? tool : null).OfType<Tool>();

    // Finding it loads the rules of a scripted one, too: what is wrong with them is not for a run to find.
    private static IEnumerable<(string Place, string Message)> Model(AgentDefinition agent, ModelCatalog models) => models.Find(agent) is not null ? []
        : [("model", $"Agent '{agent.Name}' names the model '{agent.Model}', which is not configured.{NearestName.Hint(agent.Model, models.Names)} Configured: {RuleCheck.List(models.Names)}. Name one of these, or configure it.")];

    private static IEnumerable<(string Place, string Message)> Tools(AgentDefinition agent, Toolbox toolbox)
    {
        for (var i = 0; i < agent.Tools.Count; i++)
        {
            var name = agent.Tools[i];
            if (!toolbox.TryFind(name, out var tool))
            {
                yield return (JsonPlace.Item("tools", i),
                    $"Tool '{name}' is not registered for agent '{agent.Name}'.{NearestName.Hint(name, toolbox.Names)} Registered: "
                        + $"{RuleCheck.List(toolbox.Names)}.");
            }
            else if (tool.Effect != Effect.None && !agent.Approvals.Any(rule => rule.IsAbout(tool.Traits)))
            {
                yield return (JsonPlace.Item("tools", i),
                    $"Tool '{name}' has an effect ({JsonNamingPolicy.CamelCase.ConvertName(tool.Effect.ToString())}) but no rule. Add it "
                        + $"under approvals, with a rule or as {{tool: {name}, none: true}}.");
            }
        }
    }

    private static IEnumerable<(string Place, string Message)> Describe(AgentDefinition agent, Toolbox toolbox)
    {
        foreach (var (name, text) in agent.Describe)
        {
            var place = $"describe.{name}";
            if (!agent.Tools.Contains(name))
            {
                yield return (place, $"{place}: '{name}' is no tool of agent '{agent.Name}'.{NearestName.Hint(name, agent.Tools)} Tools: {RuleCheck.List(agent.Tools)}.");
            }
            else if (toolbox.TryFind(name, out var tool))
            {
                foreach (var fault in Template.Parse(text).Values.SelectMany(value => Described(tool, value)))
                {
                    yield return (place, $"{place}: {fault}");
                }
            }
        }
    }

    private static IEnumerable<string> Described(Tool tool, TemplateValue value)
    {
        var (types, form) = value.Format switch
        {
            TemplateFormat.Money or TemplateFormat.Number => (JsonTypes.Number, "a number"),
            TemplateFormat.Date or TemplateFormat.DateTime => (JsonTypes.String, "text"),
            _ => (JsonTypes.Any, ""),
        };
        return Argument(tool, value.Path, types, form).Concat(value.CurrencyPath is { } currency ? Argument(tool, currency, JsonTypes.String, "text") : []);
    }

    private static IEnumerable<string> Argument(Tool tool, string path, JsonTypes types, string form)
    {
        if (tool.Schema.At(path) is not { } schema)
        {
            yield return $"tool '{tool.Name}' has no argument '{path}'.{NearestName.Hint(path, RuleCheck.Arguments(tool))} Arguments: {RuleCheck.List(RuleCheck.Arguments(tool))}.";
        }
        else if ((schema.Types & types) == 0)
        {
            yield return $"'{path}' is written as {form}, but tool '{tool.Name}' takes {JsonTypeNames.Show(schema.Types)} there. Choose another format.";
        }
    }

    private static IEnumerable<Misfit> Rule(AgentDefinition agent, ApprovalRule rule, DefinitionSource source, string place, Toolbox toolbox) =>
        rule.Tool is { } name && !agent.Tools.Contains(name)
            ? [new(source, place, $"{place}: '{name}' is no tool of agent '{agent.Name}'.{NearestName.Hint(name, agent.Tools)} Tools: {RuleCheck.List(agent.Tools)}.")]
            : RuleCheck.Of(rule, source, place, [.. ToolsOf(agent, toolbox)]);
}
