using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Approvals;

/// <summary>Which approval a call needs: what the run's agent asks, what the agent in force asks, and what the policies in force ask, all at once.</summary>
internal sealed class CallPolicy(AgentParts parts, StoreTransaction tx, LockedRun run)
{
    public async Task<AskedTerms?> AskAsync(CallRow call)
    {
        var arguments = CanonicalJson.Parse(call.Arguments!);
        var tool = new ToolTraits(call.Tool, (Effect)call.Effect, parts.Tools.TryFind(call.Tool, out var known) ? known.Schema : null);
        var then = await parts.Agents.OfAsync(tx, run.Row.Version);
        var now = await parts.Agents.InForceAsync(tx, run.Row.Agent);
        var rules = await parts.Rules.ReadAsync(tx);
        return Ask(then, now, rules.Policies, tool, arguments);
    }

    public static AskedTerms? Ask(AgentDefinition then, AgentDefinition now, Policies policies, ToolTraits tool, JsonElement arguments)
    {
        var asked = ApprovalPolicy.Asked(then.Approvals, tool, arguments).ToList();
        if (!ReferenceEquals(now, then))
        {
            asked.AddRange(ApprovalPolicy.Asked(now.Approvals, tool, arguments));
        }

        var beside = ApprovalPolicy.AskedBeside(policies.Rules, tool, arguments);
        return ApprovalPolicy.Terms(asked, beside) is { } terms ? new(terms, [.. asked, .. beside]) : null;
    }
}

/// <summary>What is asked for a call, and by which rules.</summary>
internal sealed record AskedTerms(ApprovalTerms Terms, IReadOnlyList<ApprovalRule> Rules)
{
    /// <summary>Which rules they are: a digest of all of them.</summary>
    public string Policy => Digest.OfText(JsonSerializer.Serialize(Rules, DefinitionJson.Default.IReadOnlyListApprovalRule));

    /// <summary>What holds where no rule speaks of a call and somebody has to be asked all the same.</summary>
    public static AskedTerms Otherwise { get; } = new(ApprovalTerms.Default with { RequesterMayDecide = true }, []);
}
