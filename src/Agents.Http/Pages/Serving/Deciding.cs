using Holdfast.Agents.Approvals;
using Holdfast.Agents.Links;
using Holdfast.Agents.Wording;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>What a form's POST does, for whoever has sent it: looks that it is ours, takes the decision, and shows what became of it.</summary>
internal sealed class Deciding(ApiContext api, HttpContext http, IFormCollection form, Dossier dossier, Reader reader, ApprovalFilling filling, SignedIn? signedIn)
{
    /// <param name="take">Takes it.</param>
    /// <param name="again">Reads everything anew.</param>
    /// <param name="refilled">The page of what was read anew.</param>
    /// <param name="confirm">Looks at the digits of the message; what is wrong with them, or null.</param>
    public async Task DecideAsync(
        PageReader who, Func<string, Decision, Task> take, Func<Task<Dossier>> again, Func<Dossier, ApprovalFilling> refilled, Func<DossierCase, Task<string?>>? confirm = null)
    {
        var id = form["approval"].ToString();
        if (dossier.Cases.FirstOrDefault(one => one.View.Id == id) is not { } chosen)
        {
            throw new RefusedException(Refusal.NotFound, "What was decided about is not on this page. Open it again.");
        }

        if (PageNonce.Verify(api.System.LinkKeys!, form["nonce"].ToString(), who, id, chosen.View.Digest, dossier.Now) is not { } seen
            || await api.System.Links!.IsKeyRevokedAsync(seen.Key))
        {
            await api.Pages.WriteAsync(http, Refused.NotFromOurPage(reader, dossier.Now));
            return;
        }

        var reading = new DecisionReading(form, chosen, filling, reader);
        var decision = reading.Read() with { Seen = seen.Digest };
        if (reading.Errors.Count > 0)
        {
            await ReturnAsync(dossier, filling, reading.Errors, StatusCodes.Status400BadRequest);
            return;
        }

        if (confirm is not null && await confirm(chosen) is { } wrong)
        {
            await ReturnAsync(await again(), null, new Dictionary<string, string> { ["code"] = wrong }, StatusCodes.Status403Forbidden);
            return;
        }

        try
        {
            await take(id, decision);
        }
        catch (RefusedException e) when (e.Refusal == Refusal.Invalid)
        {
            await ReturnAsync(await again(), null, new Dictionary<string, string> { [InputOf(e.Field, decision.Kind)] = e.Message }, StatusCodes.Status400BadRequest);
            return;
        }
        catch (RefusedException e)
        {
            var status = Problem.Of(e).Status;
            await api.Pages.WriteAsync(http, refilled(await again()).Page(signedIn, null, new Notice(NoticeKind.Error, e.Message)), status);
            return;
        }

        await api.Pages.WriteAsync(http, refilled(await again()).Page(signedIn, null, new Notice(NoticeKind.Good, "Your decision is stored.")));

        Task ReturnAsync(Dossier now, ApprovalFilling? with, IReadOnlyDictionary<string, string> errors, int status) =>
            api.Pages.WriteAsync(http, (with ?? refilled(now)).Page(signedIn, new Returned(id, reading.Typed, errors), new Notice(NoticeKind.Error, "Nothing was decided. Look at what is marked.")), status);
    }

    private static string InputOf(string? field, string kind) => field switch
    {
        { } path when path.StartsWith("arguments.", StringComparison.Ordinal) => $"arg.{path["arguments.".Length..].Split('.', '[')[0]}",
        "result" when kind == Decisions.Answer => "answer",
        { } other => other,
        null => "reason",
    };
}
