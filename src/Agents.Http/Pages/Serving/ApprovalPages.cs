using Holdfast.Agents.Approvals;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>An approval's page for who is signed in. It decides nothing; its form's POST does.</summary>
internal static class ApprovalPages
{
    public static RequestDelegate Get(ApiContext api) => async http =>
    {
        var (visitor, dossier) = await FindAsync(api, http);
        await api.Pages.WriteAsync(http, Filling(api, visitor, dossier).Page(visitor.SignedIn(api, http)));
    };

    public static RequestDelegate Post(ApiContext api) => async http =>
    {
        var (visitor, dossier) = await FindAsync(api, http);
        if (!visitor.Principal.Has(Roles.Approve) && !visitor.Principal.Has(Roles.Admin))
        {
            throw new RefusedException(Refusal.Forbidden, $"{visitor.Principal.Id} lacks the role '{Roles.Approve}'. Ask an administrator for it.");
        }

        var form = await Forms.ReadAsync(http, api.Options.BodyLimit);
        var deciding = new Deciding(api, http, form, dossier, visitor.Reader, Filling(api, visitor, dossier), visitor.SignedIn(api, http));
        await deciding.DecideAsync(
            visitor.PageReader,
            (approval, decision) => DecideAsync(api, visitor, approval, decision),
            async () => (await api.System.Queries.DossierAsync(visitor.Principal, dossier.Cases[0].View.Id))!,
            now => Filling(api, visitor, now));
    };

    private static async Task DecideAsync(ApiContext api, Visitor visitor, string approval, Decision decision) => await api.System.Decisions.DecideAsync(visitor.Principal, approval, decision);

    private static ApprovalFilling Filling(ApiContext api, Visitor visitor, Dossier dossier) =>
        new(dossier, visitor.Reader, new Standing(visitor.PageReader, IsLink: false, visitor.Principal.Has(Roles.Read) || visitor.Principal.Has(Roles.Admin)), api.System.LinkKeys!);

    private static async Task<(Visitor, Dossier)> FindAsync(ApiContext api, HttpContext http)
    {
        var visitor = await Visitor.AdmitAsync(api, http, Roles.Approve, Roles.Read);
        var id = RequestQuery.Id(http, "apr");
        return (visitor, await api.System.Queries.DossierAsync(visitor.Principal, id) ?? throw new RefusedException(Refusal.NotFound, $"There is no approval '{id}'."));
    }
}
