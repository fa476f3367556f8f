using Holdfast.Agents.Approvals;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Wording;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>
/// Where a personal link leads. To open it decides nothing, however often and whoever opens it: a scanner of mail, or one that presses what it finds.
/// </summary>
internal static class LinkPages
{
    public const string Over = "The time of this link is over. Sign in to decide.";

    private const string AskedAnew = "This was asked anew since your link was sent. Here is what became of it.";

    public static RequestDelegate Get(ApiContext api) => async http =>
    {
        if (await OpenAsync(api, http) is { } opened)
        {
            var filling = Filling(api, opened.Link, opened.Key, opened.Dossier, opened.Reader);
            await (opened.IsAskedAnew ? api.Pages.WriteAsync(http, filling.Page(null, null, new Notice(NoticeKind.Error, AskedAnew)), StatusCodes.Status409Conflict) : api.Pages.WriteAsync(http, filling.Page(null)));
        }
    };

    public static RequestDelegate Post(ApiContext api) => http => PostAsync(api, http);

    private static async Task PostAsync(ApiContext api, HttpContext http)
    {
        if (await OpenAsync(api, http) is not var (link, key, dossier, reader, _))
        {
            return;
        }

        var form = await Forms.ReadAsync(http, api.Options.BodyLimit);
        var filling = Filling(api, link, key, dossier, reader);
        var left = link.TriesLeft;
        await new Deciding(api, http, form, dossier, reader, filling, null).DecideAsync(
            PageReader.Of(link.Id),
            (approval, decision) => DecideAsync(api, link, key, approval, decision),
            async () => (await api.System.Queries.DossierAsync(link))!,
            now => Filling(api, link with { Tries = Link.MostTries - left }, key, now, reader),
            async one =>
            {
                (var wrong, left) = await ConfirmAsync(api, link, key, filling, one, form["code"].ToString().Trim());
                return wrong;
            });
    }

    private static async Task DecideAsync(ApiContext api, Link link, string key, string approval, Decision decision) => await api.System.Decisions.DecideAsync(link, key, approval, decision);

    /// <returns>What is wrong, or null; and how many wrong digits the link still takes.</returns>
    private static async Task<(string? Wrong, int Left)> ConfirmAsync(ApiContext api, Link link, string key, ApprovalFilling filling, DossierCase one, string code)
    {
        if (one.Terms.Identity == Definitions.LinkIdentity.SignedIn)
        {
            return ("For this decision the link alone is not enough: sign in as the person who was asked.", link.TriesLeft);
        }

        if (one.View.Status != "pending")
        {
            return (null, link.TriesLeft);
        }

        if (key.Length == 0)
        {
            return (Over, link.TriesLeft);
        }

        if (!filling.NeedsCode(one))
        {
            return (null, link.TriesLeft);
        }

        var tried = await api.System.Links!.TryCodeAsync(link.Id, key, code);
        return (tried.IsRight ? null : tried.Left == 0 ? "These are not the digits of the message, and there are no tries left. Sign in to decide, or wait for the next message."
            : $"These are not the digits of the message. {tried.Left} {(tried.Left == 1 ? "try is" : "tries are")} left.", tried.Left);
    }

    private static ApprovalFilling Filling(ApiContext api, Link link, string key, Dossier dossier, Reader reader) =>
        new(dossier, reader, new Standing(PageReader.Of(link.Id), IsLink: true, MaySeeRun: false, link.TriesLeft, IsOver: key.Length == 0), api.System.LinkKeys!);

    /// <summary>Looks where the link leads, and says so where that is nowhere.</summary>
    private static async Task<Opened?> OpenAsync(ApiContext api, HttpContext http)
    {
        var now = await api.System.Queries.NowAsync();
        var opening = http.Request.Query["t"] is [{ Length: > 0 } token] && http.Request.Query.Count == 1 ? await api.System.Links!.OpenAsync(token) : new LinkOpening.Bad(LinkFault.Malformed);
        var (link, key) = opening switch
        {
            LinkOpening.Fine fine => (fine.Link, fine.Key),
            LinkOpening.Expired expired => (expired.Link, ""),
            LinkOpening.Superseded superseded => (superseded.Link, superseded.Key),
            LinkOpening.Void none => (none.Link, ""),
            _ => (null, ""),
        };
        var dossier = link is null ? null : await api.System.Queries.DossierAsync(link);
        if (link is null || dossier is null)
        {
            await api.Pages.WriteAsync(http, opening is LinkOpening.NotFound ? Refused.NotFound(Reader.Neutral, now) : Refused.BadLink(Reader.Neutral, now));
            return null;
        }

        var reader = dossier.Reader is { } person ? Reader.Of(person) : Reader.Neutral;
        var page = opening switch
        {
            _ when dossier.Cases[0].View is { Status: "approved" or "rejected" or "answered" } => null, // what became of it, also for whom it came too late
            LinkOpening.Expired => Refused.Expired(reader, now, dossier.Cases[0].View.ExpiresAt ?? link.ExpiresAt),
            LinkOpening.Superseded when dossier.Cases[0].IsReplaced => null, // by what is decided, or what they have decided
            LinkOpening.Superseded { Next: var next } => Refused.Superseded(reader, now, next is null ? null : $"/approvals/{next}"),
            LinkOpening.Void none => Refused.Void(reader, now, none.Note ?? "The run has ended."),
            _ when dossier.Cases.All(one => one.Terms.Identity == Definitions.LinkIdentity.SignedIn) =>
                Refused.SignInNeeded(reader, now, $"/approvals/{link.Approval}"), // what it is about is for who signs in
            _ => null,
        };
        if (page is null)
        {
            return new(link, key, dossier, reader, opening is LinkOpening.Superseded);
        }

        await api.Pages.WriteAsync(http, page);
        return null;
    }

    /// <param name="Key">The id of the key that has signed the link; empty where it decides nothing any more.</param>
    /// <param name="IsAskedAnew">Whether nothing is left of what it was sent for.</param>
    private sealed record Opened(Link Link, string Key, Dossier Dossier, Reader Reader, bool IsAskedAnew);
}
