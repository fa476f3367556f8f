using Holdfast.Agents.Definitions.Yaml;

namespace Holdfast.Agents.Definitions;

/// <summary>A file of policies as rules.</summary>
/// <param name="name">How its rules are called, before their line: <c>policies/finance.yaml</c>.</param>
internal sealed class PolicyReader(string file, string name)
{
    private readonly RuleReader rules = new(file, new(StringComparer.Ordinal));

    public IReadOnlyList<ApprovalRule> Read(YamlNode root)
    {
        var keys = new YamlKeys(file, root, "", "approvals");
        keys.Require("approvals");
        return [.. keys.List("approvals").Select(rule => rules.ReadPolicy(rule.Node, rule.Place, line => $"{name}({line})"))];
    }
}
