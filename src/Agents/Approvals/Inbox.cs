using System.Globalization;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Approvals;

/// <summary>How the approvals that wait for somebody are put in order.</summary>
public enum InboxOrder
{
    /// <summary>The oldest first.</summary>
    Age,

    /// <summary>What changes the world outside first; of one risk the newest first.</summary>
    Risk,

    /// <summary>The largest first; of one amount the newest first.</summary>
    Amount,
}

/// <param name="Agent">Of one agent only; null for of all.</param>
/// <param name="After">Where the page before ended, as <see cref="InboxList.Next"/> has it.</param>
public sealed record InboxFilter(InboxOrder Order, string? Agent, string? After, int Limit);

/// <param name="Next">Where the next page goes on; null when this was the last.</param>
public sealed record InboxList(IReadOnlyList<ApprovalView> Items, string? Next);

/// <summary>
/// What waits for one person. Every selector that means them has its own order of waiting approvals in the store; the page is merged from the heads of
/// these, so that its cost does not depend on how many wait.
/// </summary>
internal sealed class Inbox(AgentParts parts, StoreTransaction tx, Principal principal)
{
    private const int MostRounds = 20;

    public async Task<InboxList> ListAsync(InboxFilter filter)
    {
        var people = (await parts.Rules.ReadAsync(tx)).People;
        var selectors = Selectors(people);
        var queries = new ApprovalQueries(parts, tx, principal.Tenant);
        var voice = new Voice(principal.Id, principal.Roles, Ways.Api);
        List<ApprovalView> items = [];
        var after = filter.After is null ? null : Place.Parse(filter.After);
        for (var round = 0; round < MostRounds; round++)
        {
            var heads = await HeadsAsync(selectors, filter, after);
            foreach (var (head, view) in heads.Zip(await queries.MayDecideAsync([.. heads.Select(head => head.Approval)], filter.Agent, voice)))
            {
                if (view is not null)
                {
                    if (items.Count == filter.Limit)
                    {
                        return new(items, after!.ToString());
                    }

                    items.Add(view);
                }

                after = head;
            }

            if (heads.Count < filter.Limit + 1)
            {
                return new(items, null);
            }
        }

        return new(items, after?.ToString()); // much waits that is not theirs to decide: the next page looks on
    }

    private async Task<IReadOnlyList<Place>> HeadsAsync(IReadOnlyList<string> selectors, InboxFilter filter, Place? after)
    {
        var (column, order, compare) = filter.Order switch
        {
            InboxOrder.Risk => ("risk", "risk DESC, approval DESC", "(risk, approval) < (@Value, @Approval)"),
            InboxOrder.Amount => ("amount", "amount DESC, approval DESC", "(amount, approval) < (@Value, @Approval)"),
            _ => ("0", "approval", "approval > @Approval"),
        };
        List<Place> heads = [];
        foreach (var who in selectors)
        {
            heads.AddRange(await tx.ListAsync<Place>($"""
                SELECT {column} AS value, approval FROM waits WHERE tenant = @Tenant AND who = @who{(after is null ? "" : $" AND {compare}")} ORDER BY {order} LIMIT @most
                """, new { principal.Tenant, who, after?.Value, after?.Approval, most = filter.Limit + 1 }));
        }

        var merged = heads.DistinctBy(head => head.Approval);
        merged = filter.Order == InboxOrder.Age ? merged.OrderBy(head => head.Approval, StringComparer.Ordinal)
            : merged.OrderByDescending(head => head.Value).ThenByDescending(head => head.Approval, StringComparer.Ordinal);
        return [.. merged.Take(filter.Limit + 1)];
    }

    private List<string> Selectors(People people)
    {
        var person = people.Find(principal.Tenant, principal.Id);
        List<string> selectors = [$"user:{person?.Id ?? principal.Id}"];
        if (people.Of(principal.Tenant).Count == 0)
        {
            selectors.AddRange(principal.Roles.Select(role => $"role:{role}"));
        }
        else if (person is not null)
        {
            selectors.AddRange([.. person.Roles.Select(role => $"role:{role}"), .. person.Groups.Select(group => $"group:{group}")]);
        }

        return selectors;
    }

    /// <summary>A place in an order.</summary>
    private sealed class Place
    {
        public long Value { get; init; }

        public string Approval { get; init; } = "";

        public static Place Parse(string text) => text.Split(' ') is [var value, var approval] && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? new() { Value = number, Approval = approval }
            : throw new RefusedException(Refusal.Invalid, "The cursor was not made by this list. Take the one of the page before, or leave it out.", "cursor");

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value} {Approval}");
    }
}
