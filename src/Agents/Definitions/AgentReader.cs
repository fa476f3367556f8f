using System.Text.RegularExpressions;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Wording;

namespace Holdfast.Agents.Definitions;

/// <summary>agent.yaml as a definition.</summary>
internal sealed partial class AgentReader(string file)
{
    private const int MostTokens = 1_000_000_000;
    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(30);

    private readonly Dictionary<string, int> lines = new(StringComparer.Ordinal);

    /// <param name="instructions">The text of the file that the definition names; throws <see cref="DefinitionException"/> for the line
    /// given.</param>
    public AgentDefinition Read(YamlNode root, string folderName, Func<string, int, string> instructions)
    {
        var keys = new YamlKeys(file, root, "", "name", "model", "instructions", "tools", "describe", "limits", "approvals");
        var rules = new RuleReader(file, lines);
        var definition = new AgentDefinition(
            Name(keys, folderName),
            Model(keys),
            instructions(keys.Text("instructions"), keys.Require("instructions").Line),
            Tools(keys),
            Limits(keys),
            [.. keys.List("approvals").Select(rule => rules.Read(rule.Node, rule.Place))]);
        return definition with { Describe = Describe(keys), Source = new(file, lines) };
    }

    private static string Name(YamlKeys keys, string folderName)
    {
        var name = keys.Text("name");
        if (!AgentName().IsMatch(name))
        {
            throw keys.Fault(keys.Require("name"), $"name: '{name}' is not 1 to 64 of a-z, 0-9 and -. Rename the agent and its folder.");
        }

        return name == folderName ? name
            : throw keys.Fault(keys.Require("name"), $"name: '{name}' is not the folder's name '{folderName}'. Rename one of them.");
    }

    private string Model(YamlKeys keys)
    {
        if (keys.Find("model") is { } node)
        {
            lines["model"] = node.Line;
        }

        return keys.Text("model", otherwise: "default");
    }

    private string[] Tools(YamlKeys keys)
    {
        var tools = new List<string>();
        foreach (var (node, place) in keys.List("tools"))
        {
            var name = keys.Text(node, place);
            lines[place] = node.Line;
            if (tools.Contains(name))
            {
                throw keys.Fault(node, $"{place}: '{name}' is listed twice. Keep one.");
            }

            tools.Add(name);
        }

        return [.. tools];
    }

    private RunLimits Limits(YamlKeys keys)
    {
        if (keys.Find("limits") is not { } node)
        {
            return RunLimits.Default;
        }

        var limits = new YamlKeys(file, node, "limits", "turns", "toolCalls", "tokens", "time");
        return new(
            limits.Number("turns", RunLimits.Default.Turns, 1, 1000),
            limits.Number("toolCalls", RunLimits.Default.ToolCalls, 0, 10_000),
            limits.Number("tokens", RunLimits.Default.Tokens, 1, MostTokens),
            limits.Time("time", RunLimits.Default.Time, TimeSpan.FromSeconds(1), LongestTime));
    }

    private Dictionary<string, string> Describe(YamlKeys keys)
    {
        var describe = new Dictionary<string, string>(StringComparer.Ordinal);
        if (keys.Find("describe") is not { } node)
        {
            return describe;
        }

        foreach (var (tool, value) in (node as YamlMapping ?? throw keys.Wrong(node, "describe", "tools and their descriptions")).Entries.Select(entry => (entry.Key, entry.Value)))
        {
            var place = $"describe.{tool.Text}";
            lines[place] = tool.Line;
            describe.Add(tool.Text, keys.Text(value, place));
            try
            {
                Template.Parse(describe[tool.Text]);
            }
            catch (FormatException e)
            {
                throw new DefinitionException(file, value.Line, $"{place}: {e.Message}", e);
            }
        }

        return describe;
    }

    [GeneratedRegex(@"^[a-z0-9-]{1,64}\z")]
    private static partial Regex AgentName();
}
