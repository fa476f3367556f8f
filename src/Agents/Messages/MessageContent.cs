using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Links;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Messages;

/// <summary>What a message says, by what the store holds when it is sent.</summary>
internal sealed class MessageContent(AgentParts parts, StoreTransaction tx, RunRow run)
{
    /// <returns>Null when nothing is left to tell: it is decided, or who would be told is not asked any more.</returns>
    public async Task<Message?> OfAsync(MessageRow row)
    {
        var people = await PeopleAsync();
        var kind = Enum.Parse<MessageKind>(row.Kind, ignoreCase: true);
        var to = row.Recipients.Select(id => people.Find(run.Tenant, id)).OfType<Person>().OrderBy(person => person.Name, StringComparer.Ordinal).ToList();
        List<ApprovalRow> about = [];
        foreach (var approval in await tx.ListAsync<ApprovalRow>("SELECT a.* FROM message_approvals m JOIN approvals a ON a.id = m.approval WHERE m.message = @Id ORDER BY a.idx, a.id", new { row.Id }))
        {
            if (kind == MessageKind.Outcome || await IsStillAskedAsync(approval, row, to))
            {
                about.Add(approval);
            }
        }

        if (about.Count == 0 || (row.Person is not null && to.Count == 0))
        {
            return null;
        }

        List<MessageItem> items = [];
        foreach (var approval in about)
        {
            items.Add(await ItemAsync(approval, kind));
        }

        var (link, code) = await WayAsync(row, about);
        return new Message(row.Id, kind, to, link, kind == MessageKind.Outcome ? null : code, items) { At = Times.Of(row.CreatedAt) };
    }

    private async Task<bool> IsStillAskedAsync(ApprovalRow approval, MessageRow row, IReadOnlyList<Person> to)
    {
        if (!approval.IsPending)
        {
            return false;
        }

        var terms = Askings.TermsOf(approval);
        var electorate = new Electorate(await PeopleAsync(), terms, run, approval.Escalations);
        var asked = electorate.Asked(terms.Stages[approval.Stage], await Askings.VotesAsync(tx, approval.Id));
        return row.Recipients.Count == 0 || to.Any(person => asked.Any(one => one.Is(person.Id)));
    }

    private async Task<MessageItem> ItemAsync(ApprovalRow approval, MessageKind kind)
    {
        var agent = await parts.Agents.OfAsync(tx, run.Version);
        var terms = Askings.TermsOf(approval);
        return new MessageItem(approval.Id, approval.Kind, run.Agent, approval.Tool, agent.Describe.GetValueOrDefault(approval.Tool), CanonicalJson.Parse(approval.Arguments))
        {
            RequestedBy = run.RequestedBy,
            Requester = await NameAsync(run.RequestedBy),
            ExpiresAt = Times.Of(approval.ExpiresAt),
            Stage = Math.Min(approval.Stage, terms.Stages.Count - 1) + 1,
            Stages = terms.Stages.Count,
            Outcome = kind == MessageKind.Outcome ? await OutcomeAsync(approval) : null,
        };
    }

    private async Task<string> OutcomeAsync(ApprovalRow approval) => approval switch
    {
        { State: ApprovalStates.Void } => $"Not needed any more. {approval.Note}",
        { State: ApprovalStates.Expired } => "Nobody decided in time. Nothing was run.",
        { State: ApprovalStates.Superseded, Decision: Decisions.Edit } => $"{await NameAsync(approval.DecidedBy!)} changed it. {await AnewAsync(approval)}",
        { State: ApprovalStates.Superseded } => $"What it needs has changed. {await AnewAsync(approval)}",
        { Decision: { } word } => $"{await NameAsync(approval.DecidedBy!)} {Decisions.Said(word)}.",
        _ => $"It is {approval.State}.",
    };

    private async Task<string> AnewAsync(ApprovalRow superseded)
    {
        var next = (await tx.FirstAsync<ApprovalRow>("SELECT * FROM approvals WHERE id = @SupersededBy", new { superseded.SupersededBy }))!;
        return next.IsPending ? "It is asked anew." : await OutcomeAsync(next);
    }

    private async Task<string> NameAsync(string id) => (await PeopleAsync()).Find(run.Tenant, id)?.Name ?? id;

    private async Task<People> PeopleAsync() => (await parts.Rules.ReadAsync(tx)).People;

    /// <summary>The person's own link, and the digits for it; the plain address where others can read the message, or the link would decide nothing.</summary>
    private async Task<(Uri Link, string? Code)> WayAsync(MessageRow row, IReadOnlyList<ApprovalRow> about)
    {
        var terms = about.Select(Askings.TermsOf).ToList();
        if (row.Link is null || parts.Options.LinkKeys is not { } keys || terms.All(one => one.Identity == LinkIdentity.SignedIn))
        {
            return (new Uri(parts.Options.Address, $"/approvals/{about[0].Id}"), null);
        }

        var link = (await LinkStore.FindAsync(tx, row.Link))!;
        var needsCode = terms.Any(one => one is { Identity: LinkIdentity.Link, Confirm: LinkConfirm.Code });
        return (new Uri(parts.Options.Address, $"/a?t={LinkToken.Write(keys, link.Claims)}"), needsCode ? LinkCodes.Of(keys, link.Id) : null);
    }
}
