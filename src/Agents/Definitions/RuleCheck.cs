using System.Text.Json;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Json;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Definitions;

/// <summary>Whether what a rule says of arguments fits the tools that it speaks of.</summary>
internal static class RuleCheck
{
    /// <param name="tools">That there are: the one that the rule names, or all of which it may speak.</param>
    public static IEnumerable<Misfit> Of(ApprovalRule rule, DefinitionSource source, string place, IReadOnlyList<Tool> tools)
    {
        // A rule that names its tool speaks of it whatever its arguments are; any other only of those that have them.
        var about = tools.Where(tool => rule.IsAbout(tool.Traits)).ToArray();
        if (about.Length == 0)
        {
            if (rule.Tool is null && rule.When.Count > 0)
            {
                var asked = tools.Where(tool => rule.Risk is null || tool.Effect == rule.Risk);
                var where = $"{place}.when.{rule.When[0].Path}";
                yield return new(source, where, $"{where}: no tool{(rule.Risk is { } risk ? $" with the effect {JsonNamingPolicy.CamelCase.ConvertName(risk.ToString())}" : "")} has "
                    + $"{(rule.When.Count > 1 ? "these arguments together" : "such an argument")}. Arguments: {List(asked.SelectMany(Arguments).Distinct())}.");
            }

            yield break;
        }

        foreach (var condition in rule.When)
        {
            var where = $"{place}.when.{condition.Path}";
            foreach (var fault in about.SelectMany(tool => Compared(tool, condition)))
            {
                yield return new(source, where, $"{where}: {fault}");
            }
        }

        for (var i = 0; i < (rule.Ask?.Edit?.Count ?? 0); i++)
        {
            var name = rule.Ask!.Edit![i];
            var where = JsonPlace.Item($"{place}.edit", i);
            var arguments = about.SelectMany(Arguments).Distinct().ToArray();
            if (!arguments.Contains(name))
            {
                yield return new(source, where, $"{where}: '{name}' is no argument of {string.Join(", ", about.Select(tool => tool.Name))}."
                    + $"{NearestName.Hint(name, arguments)} Arguments: {List(arguments)}.");
            }
        }
    }

    public static IEnumerable<string> Arguments(Tool tool) =>
        tool.Parameters.TryGetProperty("properties", out var properties) ? properties.EnumerateObject().Select(p => p.Name) : [];

    public static string List(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } list ? list : "none";

    // A condition that can never be met would hold nothing; one on a value that cannot be there would hold everything.
    private static IEnumerable<string> Compared(Tool tool, Condition condition)
    {
        if (tool.Schema.At(condition.Path) is not { } schema)
        {
            yield return $"tool '{tool.Name}' has no such argument. Arguments: {List(Arguments(tool))}.";
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
}
