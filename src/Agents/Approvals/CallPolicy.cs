using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Approvals;

/// <summary>Which approval a call needs: the stricter of the rule that the run began with and the rule in force now.</summary>
internal sealed class CallPolicy(AgentParts parts, StoreTransaction tx, LockedRun run)
{
    public async Task<ApprovalTerms?> AskAsync(CallRow call)
    {
        var arguments = CanonicalJson.Parse(call.Arguments!);
        var tool = new ToolTraits(call.Tool, (Effect)call.Effect, parts.Tools.TryFind(call.Tool, out var known) ? known.Schema : null);
        var then = await parts.Agents.OfAsync(tx, run.Row.Version);
        var now = await parts.Agents.InForceAsync(tx, run.Row.Agent);
        List<ApprovalRule> asked = [.. ApprovalPolicy.Asked(then.Approvals, tool, arguments)];
        if (!ReferenceEquals(now, then))
        {
            asked.AddRange(ApprovalPolicy.Asked(now.Approvals, tool, arguments));
        }

        return ApprovalPolicy.Terms(asked);
    }

    /// <summary>Whether a decision that was given still suffices for what is asked now.</summary>
    public static bool Covers(ApprovalRow decided, ApprovalTerms ask, RunRow run)
    {
        var roles = decided.DecidedRoles is { } json ? JsonSerializer.Deserialize(json, AgentsJson.Default.ListString)! : [];
        var approver = new Identity.Principal(decided.DecidedBy!, decided.Tenant, roles);
        return Entitlement.Refuse(approver, ask, run) is null;
    }
}
