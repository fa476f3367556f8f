using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Approvals;

/// <summary>Who may decide.</summary>
internal static class Entitlement
{
    /// <summary>Why a principal may not decide; null if it may. A delegate that names another has asked all the same.</summary>
    public static string? Refuse(Principal principal, ApprovalTerms ask, RunRow run)
    {
        // However it is written: a delegate that types an id of the directory in capitals means the same person.
        if (run.Requesters.Contains(principal.Id, StringComparer.OrdinalIgnoreCase) && !ask.RequesterMayDecide)
        {
            return $"{principal.Id} asked for this run and may not decide on it. Somebody else has to: {Approvers(ask)}.";
        }

        return ask.Stages.All(stage => principal.IsAnyOf(stage.By)) || principal.Has(Roles.Admin)
            ? null
            : $"{principal.Id} may not decide on this. Who may: {Approvers(ask)}.";
    }

    public static string Approvers(ApprovalTerms ask) => string.Join(" or ", ask.Stages[0].By);
}
