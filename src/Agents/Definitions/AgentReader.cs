using System.Text.RegularExpressions;
using Holdfast.Agents.Definitions.Yaml;

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
        var keys = new YamlKeys(file, root, "", "name", "model", "instructions", "tools", "limits", "approvals");
        var definition = new AgentDefinition(
            Name(keys, folderName),
            Model(keys),
            instructions(keys.Text("instructions"), keys.Require("instructions").Line),
            Tools(keys),
            Limits(keys),
            [.. keys.List("approvals").Select(rule => Rule(rule.Node, rule.Place))]);
        return definition with { Source = new(file, lines) };
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

    private ApprovalRule Rule(YamlNode node, string place)
    {
        var keys = new YamlKeys(file, node, place, "tool", "when", "none", "stages", "requester", "expires", "onExpire", "onReject");
        lines[place] = node.Line;
        var when = keys.Find("when") is { } conditions ? new ConditionReader(file, lines).Read(conditions, keys.Place("when")) : [];
        return new(keys.Text("tool"), when, keys.Flag("none", otherwise: false) ? Nobody(keys) : Ask(keys));
    }

    // `none` beside terms of an approval would leave open which of the two was meant.
    private static ApprovalAsk? Nobody(YamlKeys keys)
    {
        foreach (var key in new[] { "stages", "requester", "expires", "onExpire", "onReject" })
        {
            if (keys.KeyOf(key) is { } at)
            {
                throw keys.Fault(at, $"{keys.Place(key)}: not possible beside none: true, which asks nobody. Remove one of them.");
            }
        }

        return null;
    }

    private ApprovalAsk Ask(YamlKeys keys) => new()
    {
        Stages = [new ApprovalStage(By(keys))],
        RequesterMayDecide = keys.Choice("requester", ApprovalTerms.Default.RequesterMayDecide, ("allowed", true), ("denied", false)),
        Expires = keys.Time("expires", ApprovalTerms.Default.Expires, ApprovalTerms.ShortestTime, ApprovalTerms.LongestTime),
        OnExpire = keys.Choice("onExpire", ApprovalTerms.Default.OnExpire, ("reject", OnExpire.Reject), ("end", OnExpire.End)),
        OnReject = keys.Choice("onReject", ApprovalTerms.Default.OnReject, ("continue", OnReject.Continue), ("end", OnReject.End)),
    };

    private IReadOnlyList<string> By(YamlKeys keys)
    {
        var stages = keys.List("stages").ToArray();
        if (keys.Find("stages") is not { } at)
        {
            return ApprovalStage.Default.By;
        }

        if (stages.Length != 1)
        {
            throw keys.Fault(at, $"{keys.Place("stages")}: {stages.Length} stages; other than one is not supported yet. List one stage.");
        }

        var stage = new YamlKeys(file, stages[0].Node, stages[0].Place, "by", "of");
        if (stage.Find("of") is { } of && stage.Number("of", 1, 1, 1000) > 1)
        {
            throw stage.Fault(of, $"{stage.Place("of")}: more than one approver is not supported yet. Write of: 1.");
        }

        var by = stage.List("by").Select(one => Approver(stage, one.Node, one.Place)).Distinct(StringComparer.Ordinal).ToArray();
        return by.Length > 0 || stage.Find("by") is null ? by.Length > 0 ? by : ApprovalStage.Default.By
            : throw stage.Fault(stage.Require("by"), $"{stage.Place("by")}: nobody is listed. Write for example ['role:approve'].");
    }

    private static string Approver(YamlKeys keys, YamlNode node, string place)
    {
        var text = keys.Text(node, place);
        return ApproverName().IsMatch(text) ? text
            : throw keys.Fault(node, $"{place}: '{text}' is neither role:NAME nor user:ID. Write for example 'role:approve'.");
    }

    [GeneratedRegex(@"^[a-z0-9-]{1,64}\z")]
    private static partial Regex AgentName();

    [GeneratedRegex(@"^(role:[A-Za-z0-9_.-]{1,64}|user:[^\s\p{C}]{1,256})\z")]
    private static partial Regex ApproverName();
}
