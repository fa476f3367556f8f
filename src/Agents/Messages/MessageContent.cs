using Holdfast.Agents.Approvals;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Messages;

/// <summary>What a message says, by what the store holds when it is sent.</summary>
internal sealed class MessageContent(AgentParts parts, StoreTransaction tx, LockedRun run)
{
    /// <returns>Null when nothing is left to tell: it is decided, or who would be told is not asked any more.</returns>
    public async Task<Message?> OfAsync(MessageRow row)
    {
        var people = (await parts.Rules.ReadAsync(tx)).People;
        var kind = Enum.Parse<MessageKind>(row.Kind, ignoreCase: true);
        var to = row.Recipients.Select(id => people.Find(run.Row.Tenant, id)).OfType<Person>().OrderBy(person => person.Name, StringComparer.Ordinal).ToList();
        List<MessageItem> items = [];
        foreach (var approval in await tx.ListAsync<ApprovalRow>("SELECT a.* FROM message_approvals m JOIN approvals a ON a.id = m.approval WHERE m.message = @Id ORDER BY a.idx, a.id", new { row.Id }))
        {
            if (kind == MessageKind.Outcome || await IsStillAskedAsync(approval, row, to))
            {
                items.Add(await ItemAsync(approval, kind));
            }
        }

        return items.Count == 0 || (row.Person is not null && to.Count == 0) ? null
            : new Message(row.Id, kind, to, Address(row, items[0].Approval), Code(row), items) { At = Times.Of(row.CreatedAt) };
    }

    private async Task<bool> IsStillAskedAsync(ApprovalRow approval, MessageRow row, IReadOnlyList<Person> to)
    {
        if (!approval.IsPending)
        {
            return false;
        }

        var askings = new Askings(parts, tx, run);
        var terms = Askings.TermsOf(approval);
        var electorate = await askings.ElectorateAsync(approval, terms);
        var asked = electorate.Asked(terms.Stages[approval.Stage], await askings.VotesAsync(approval.Id));
        return row.Recipients.Count == 0 || to.Any(person => asked.Any(one => one.Is(person.Id)));
    }

    private async Task<MessageItem> ItemAsync(ApprovalRow approval, MessageKind kind)
    {
        var agent = await parts.Agents.OfAsync(tx, run.Row.Version);
        var terms = Askings.TermsOf(approval);
        return new MessageItem(approval.Id, approval.Kind, run.Row.Agent, approval.Tool, agent.Describe.GetValueOrDefault(approval.Tool), CanonicalJson.Parse(approval.Arguments))
        {
            RequestedBy = run.Row.RequestedBy,
            ExpiresAt = Times.Of(approval.ExpiresAt),
            Stage = Math.Min(approval.Stage, terms.Stages.Count - 1) + 1,
            Stages = terms.Stages.Count,
            Outcome = kind == MessageKind.Outcome ? Outcome(approval) : null,
        };
    }

    private static string Outcome(ApprovalRow approval) => approval switch
    {
        { State: ApprovalStates.Void } => $"Void. {approval.Note}",
        { State: ApprovalStates.Expired } => "Nobody decided in time. Nothing was run.",
        { Decision: Decisions.Reject } => $"{approval.DecidedBy} rejected it.",
        { Decision: { } word } => $"{approval.DecidedBy} decided: {word}.",
        _ => $"It is {approval.State}.",
    };

    private Uri Address(MessageRow row, string approval) => new(parts.Options.Address, row.Link is null ? $"/approvals/{approval}" : $"/a?t={row.Link}");

    private static string? Code(MessageRow row) => null;
}
