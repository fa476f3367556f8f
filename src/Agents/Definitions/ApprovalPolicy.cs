using System.Text.Json;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Definitions;

/// <summary>Which approval a call needs. Where rules say nothing or disagree, the stricter answer holds.</summary>
public static class ApprovalPolicy
{
    /// <summary>
    /// What an agent's rules ask for a call; empty if it may run. Rules that hold it come first, all that apply; then a <c>none</c> rule that applies lets it pass,
    /// and so does a rule that would hold it but does not apply. A tool that only has <c>none</c> rules, none of which applies, needs an approval on the
    /// default terms, and so does a tool with an effect and no rule.
    /// </summary>
    /// <param name="arguments">Canonical arguments, defaults filled in.</param>
    public static IReadOnlyList<ApprovalRule> Asked(IReadOnlyList<ApprovalRule> rules, ToolTraits tool, JsonElement arguments)
    {
        var own = rules.Where(rule => rule.IsAbout(tool)).ToArray();
        if (own.Length == 0)
        {
            return tool.Effect == Effect.None ? [] : [Otherwise(tool)];
        }

        var applying = own.Where(rule => rule.Applies(arguments)).ToArray();
        var holding = applying.Where(rule => rule.Ask is not null).ToArray();
        var passes = applying.Length > 0 || own.Any(rule => rule.Ask is not null);
        return holding.Length > 0 ? holding : passes ? [] : [Otherwise(tool)];
    }

    /// <summary>What a policy that is in force beside the agents asks for a call: it can only ask for more.</summary>
    public static IReadOnlyList<ApprovalRule> AskedBeside(IReadOnlyList<ApprovalRule> policies, ToolTraits tool, JsonElement arguments) =>
        [.. policies.Where(rule => rule.Ask is not null && rule.IsAbout(tool) && rule.Applies(arguments))];

    /// <summary>What all of these ask for together; null when there is none.</summary>
    public static ApprovalTerms? Terms(IReadOnlyList<ApprovalRule> own, IReadOnlyList<ApprovalRule> beside) =>
        own.Count + beside.Count == 0 ? null : ApprovalTerms.Of([.. own.Select(rule => rule.Ask!)], [.. beside.Select(rule => rule.Ask!)]);

    private static ApprovalRule Otherwise(ToolTraits tool) => new(tool.Name, [], new ApprovalAsk());
}
