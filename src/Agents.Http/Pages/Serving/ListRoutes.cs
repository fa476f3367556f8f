using System.Globalization;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Tools;
using Holdfast.Agents.Wording;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>What waits for who is signed in, and what was decided.</summary>
internal static class ListRoutes
{
    private const int PageSize = 50;

    private static readonly (InboxOrder Order, string Text)[] Orders = [(InboxOrder.Age, "Oldest"), (InboxOrder.Risk, "Risk"), (InboxOrder.Amount, "Amount")];

    public static RequestDelegate Inbox(ApiContext api) => async http =>
    {
        var visitor = await Visitor.AdmitAsync(api, http, Roles.Approve, Roles.Read);
        RequestQuery.Refuse(http, _ => false, "order", "agent", "cursor");
        var order = Chosen(http);
        var agent = http.Request.Query["agent"].ToString();
        var list = await api.System.Queries.InboxAsync(visitor.Principal, new InboxFilter(order, agent.Length == 0 ? null : agent, RequestQuery.Opaque(http), PageSize));
        var describes = await DescribesAsync(api, list.Items);
        var named = await api.System.Queries.NamesAsync(visitor.Principal.Tenant);
        await api.Pages.WriteAsync(http, new InboxPage
        {
            Reader = visitor.Reader,
            Now = visitor.Now,
            SignedIn = visitor.SignedIn(api, http),
            Items = [.. list.Items.Select(view => new InboxItem($"/approvals/{view.Id}", ApprovalFilling.SentenceOf(view, describes(view), visitor.Reader), view.Agent, view.RequestedAt)
            {
                Kind = ApprovalFilling.KindOf(view.Kind), Risk = view.Risk, RequestedBy = named(view.RequestedBy), Until = view.ExpiresAt,
            })],
            Orders = [.. Orders.Select(one => (one.Text, one.Order == order ? null : (string?)Address(one.Order, agent, null)))],
            Filters = [new ListFilter("agent", "Agent", agent, [.. api.System.Agents.Select(name => (name, name))])],
            Previous = http.Request.Query.ContainsKey("cursor") ? Address(order, agent, null) : null,
            Next = list.Next is { } next ? Address(order, agent, RequestQuery.Hide(next)) : null,
        });
    };

    public static RequestDelegate History(ApiContext api) => async http =>
    {
        var visitor = await Visitor.AdmitAsync(api, http, Roles.Read);
        RequestQuery.Refuse(http, _ => false, "cursor");
        var found = await api.System.Queries.HistoryAsync(visitor.Principal, Before(http), PageSize + 1);
        var items = found.Take(PageSize).ToList();
        var describes = await DescribesAsync(api, items);
        var named = await api.System.Queries.NamesAsync(visitor.Principal.Tenant);
        await api.Pages.WriteAsync(http, new HistoryPage
        {
            Reader = visitor.Reader,
            Now = visitor.Now,
            SignedIn = visitor.SignedIn(api, http),
            Items = [.. items.Select(view => new HistoryItem(
                $"/approvals/{view.Id}", ApprovalFilling.SentenceOf(view, describes(view), visitor.Reader), view.Agent, ApprovalFilling.VerdictOf(view, named)!))],
            Previous = http.Request.Query.ContainsKey("cursor") ? "/approvals/history" : null,
            Next = found.Count > PageSize
                ? $"/approvals/history?cursor={RequestQuery.Hide(string.Create(CultureInfo.InvariantCulture, $"{items[^1].DecidedAt!.Value.UtcTicks} {items[^1].Id}"))}" : null,
        });
    };

    private static InboxOrder Chosen(HttpContext http) =>
        RequestQuery.One(http, "order", [.. Orders.Select(one => Word(one.Order))]) is { } word ? Enum.Parse<InboxOrder>(word, ignoreCase: true) : InboxOrder.Age;

    private static string Word(InboxOrder order) => order.ToString().ToLowerInvariant();

    private static string Address(InboxOrder order, string agent, string? cursor)
    {
        List<string> parts = [];
        if (order != InboxOrder.Age)
        {
            parts.Add($"order={Word(order)}");
        }

        if (agent.Length > 0)
        {
            parts.Add($"agent={Uri.EscapeDataString(agent)}");
        }

        if (cursor is not null)
        {
            parts.Add($"cursor={cursor}");
        }

        return parts.Count == 0 ? "/approvals" : $"/approvals?{string.Join('&', parts)}";
    }

    private static (DateTimeOffset, string)? Before(HttpContext http) => RequestQuery.Opaque(http) is not { } cursor ? null
        : cursor.Split(' ') is [var at, var id] && long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks ? (new(ticks, TimeSpan.Zero), id)
        : throw ProblemException.BadField("cursor", "The cursor was not made by this list. Open the list from its beginning.");

    /// <summary>How the tools of some approvals describe themselves: one look at each version of an agent.</summary>
    private static async Task<Func<ApprovalView, string?>> DescribesAsync(ApiContext api, IReadOnlyList<ApprovalView> views)
    {
        Dictionary<string, IReadOnlyDictionary<string, string>> versions = [];
        foreach (var version in views.Select(view => view.AgentVersion).Distinct())
        {
            versions[version] = await api.System.Queries.DescribeAsync(version);
        }

        return view => versions[view.AgentVersion].GetValueOrDefault(view.Tool);
    }
}
