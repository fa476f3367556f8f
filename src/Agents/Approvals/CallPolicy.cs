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
    public async Task<ApprovalAsk?> AskAsync(CallRow call)
    {
        var arguments = CanonicalJson.Parse(call.Arguments!);
        var effect = (Effect)call.Effect;
        var then = await parts.Agents.OfAsync(tx, run.Row.Version);
        var now = await parts.Agents.InForceAsync(tx, run.Row.Agent);
        var askedThen = ApprovalPolicy.Ask(then.Approvals, call.Tool, effect, arguments);
        return ReferenceEquals(now, then)
            ? askedThen
            : ApprovalPolicy.Stricter(askedThen, ApprovalPolicy.Ask(now.Approvals, call.Tool, effect, arguments));
    }

    /// <summary>Whether a decision that was given still suffices for what is asked now.</summary>
    public static bool Covers(ApprovalRow decided, ApprovalAsk ask, RunRow run)
    {
        var roles = decided.DecidedRoles is { } json ? JsonSerializer.Deserialize(json, AgentsJson.Default.ListString)! : [];
        var approver = new Identity.Principal(decided.DecidedBy!, decided.Tenant, roles);
        return Entitlement.Refuse(approver, ask, run) is null;
    }
}
