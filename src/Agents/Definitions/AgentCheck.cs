using System.Text.Json;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Json;
using Holdfast.Agents.Models;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Definitions;

/// <summary>Whether an agent and the tools and models of its host fit together. Run at start, so that no run meets a misfit.</summary>
public static class AgentCheck
{
    /// <exception cref="DefinitionException">Everything that does not fit, one line each; file and line are the first one's.</exception>
    public static void Against(AgentDefinition agent, Toolbox toolbox, ModelCatalog models)
    {
        var source = agent.Source ?? new DefinitionSource(agent.Name, new Dictionary<string, int>());
        var faults = Model(agent, models).Concat(Tools(agent, toolbox)).Concat(Rules(agent, toolbox)).ToArray();
        if (faults.Length > 0)
        {
            var others = faults.Skip(1).Select(f => $"{Environment.NewLine}{source.File}({source.LineOf(f.Place)}): {f.Message}");
            throw new DefinitionException(source.File, source.LineOf(faults[0].Place), faults[0].Message + string.Concat(others));
        }
    }

    // Finding it loads the rules of a scripted one, too: what is wrong with them is not for a run to find.
    private static IEnumerable<(string Place, string Message)> Model(AgentDefinition agent, ModelCatalog models) => models.Find(agent) is not null ? []
        : [("model", $"Agent '{agent.Name}' names the model '{agent.Model}', which is not configured.{NearestName.Hint(agent.Model, models.Names)} Configured: {List(models.Names)}. Name one of these, or configure it.")];

    private static IEnumerable<(string Place, string Message)> Tools(AgentDefinition agent, Toolbox toolbox)
    {
        for (var i = 0; i < agent.Tools.Count; i++)
        {
            var name = agent.Tools[i];
            if (!toolbox.TryFind(name, out var tool))
            {
                yield return (JsonPlace.Item("tools", i),
                    $"Tool '{name}' is not registered for agent '{agent.Name}'.{NearestName.Hint(name, toolbox.Names)} Registered: "
                        + $"{List(toolbox.Names)}.");
            }
            else if (tool.Effect != Effect.None && !agent.Approvals.Any(rule => rule.IsAbout(tool.Traits)))
            {
                yield return (JsonPlace.Item("tools", i),
                    $"Tool '{name}' has an effect ({JsonNamingPolicy.CamelCase.ConvertName(tool.Effect.ToString())}) but no rule. Add it "
                        + $"under approvals, with a rule or as {{tool: {name}, none: true}}.");
            }
        }
    }

    private static IEnumerable<(string Place, string Message)> Rules(AgentDefinition agent, Toolbox toolbox)
    {
        for (var i = 0; i < agent.Approvals.Count; i++)
        {
            var rule = agent.Approvals[i];
            var place = JsonPlace.Item("approvals", i);
            if (rule.Tool is null)
            {
                continue;
            }

            if (!agent.Tools.Contains(rule.Tool))
            {
                yield return (place, $"{place}: '{rule.Tool}' is no tool of agent "
                    + $"'{agent.Name}'.{NearestName.Hint(rule.Tool, agent.Tools)} Tools: {List(agent.Tools)}.");
            }
            else if (toolbox.TryFind(rule.Tool, out var tool))
            {
                foreach (var condition in rule.When)
                {
                    var where = $"{place}.when.{condition.Path}";
                    foreach (var fault in Condition(tool, condition))
                    {
                        yield return (where, $"{where}: {fault}");
                    }
                }
            }
        }
    }

    // A condition that can never be met would hold nothing; one on a value that cannot be there would hold everything.
    private static IEnumerable<string> Condition(Tool tool, Condition condition)
    {
        if (tool.Schema.At(condition.Path) is not { } schema)
        {
            var known = tool.Parameters.TryGetProperty("properties", out var properties)
                ? properties.EnumerateObject().Select(p => p.Name)
                : [];
            yield return $"tool '{tool.Name}' has no such argument. Arguments: {List(known)}.";
            yield break;
        }

        foreach (var value in condition.Comparisons.SelectMany(c => c.Against))
        {
            if ((schema.Types & JsonTypeNames.Of(value)) == 0)
            {
                yield return $"compared with {JsonPlace.Show(value)}, but tool '{tool.Name}' takes {JsonTypeNames.Show(schema.Types)} "
                    + "there. Compare with a value of that type.";
            }
        }

        var exact = condition.Comparisons.Where(c => c.Comparer is Comparer.Equals or Comparer.Not or Comparer.In);
        foreach (var value in exact.SelectMany(c => c.Against))
        {
            if ((schema.Types & JsonTypeNames.Of(value)) != 0 && schema.Validate(value) is [var violation, ..])
            {
                yield return $"the argument can never be {JsonPlace.Show(value)} ({violation.TrimEnd('.')}). Compare with a value "
                    + "that it can be.";
            }
        }
    }

    private static string List(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } list ? list : "none";
}
