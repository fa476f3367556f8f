using System.Text.Json;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Definitions;

/// <summary>Which approval a call needs. Where rules say nothing or disagree, the stricter answer holds.</summary>
public static class ApprovalPolicy
{
    /// <summary>
    /// The approval that the call needs, or null if it may run. Rules that hold it come first, all that apply combined; then a
    /// <c>none</c> rule that applies lets it pass, and so does a rule that would hold it but does not apply. A tool that only has
    /// <c>none</c> rules, none of which applies, needs an approval on the default terms, and so does a tool with an effect and no rule.
    /// </summary>
    /// <param name="arguments">Canonical arguments, defaults filled in.</param>
    public static ApprovalAsk? Ask(IReadOnlyList<ApprovalRule> rules, string tool, Effect effect, JsonElement arguments)
    {
        var own = rules.Where(rule => rule.Tool == tool).ToArray();
        if (own.Length == 0)
        {
            return effect == Effect.None ? null : ApprovalAsk.Default;
        }

        var applying = own.Where(rule => rule.Applies(arguments)).ToArray();
        var asked = applying.Select(rule => rule.Ask).Aggregate((ApprovalAsk?)null, Stricter);
        var passes = applying.Length > 0 || own.Any(rule => rule.Ask is not null);
        return asked ?? (passes ? null : ApprovalAsk.Default);
    }

    /// <summary>
    /// Both at once: who both name, the requester only if both allow it, the shorter time, an end if either ends. Used for several rules,
    /// and for the rule when a call was proposed together with the rule when it is to run.
    /// </summary>
    public static ApprovalAsk? Stricter(ApprovalAsk? one, ApprovalAsk? other)
    {
        if (one is null || other is null)
        {
            return one ?? other;
        }

        return new(
            [.. one.By.Intersect(other.By, StringComparer.Ordinal)],
            one.RequesterMayDecide && other.RequesterMayDecide,
            one.Expires < other.Expires ? one.Expires : other.Expires,
            one.OnExpire == OnExpire.End ? OnExpire.End : other.OnExpire,
            one.OnReject == OnReject.End ? OnReject.End : other.OnReject);
    }
}
