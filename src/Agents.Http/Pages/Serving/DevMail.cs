using Holdfast.Agents.Identity;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>How the mail about an approval looks to who is asked; only where a host offers it.</summary>
internal static class DevMail
{
    public static RequestDelegate Get(ApiContext api) => async http =>
    {
        if (api.Options.MailOf is not { } mailOf)
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status404NotFound, "There is nothing at this path."));
        }

        var visitor = await Visitor.AdmitAsync(api, http, Roles.Admin);
        var id = RequestQuery.Id(http, "apr");
        var message = await api.System.Queries.MessageAsync(visitor.Principal, id) ?? throw new RefusedException(Refusal.NotFound, $"There is no mail about an approval '{id}': nobody was told, or it is decided.");
        var (subject, text, html) = mailOf(message);
        await api.Pages.WriteAsync(http, new DevMailPage
        {
            Reader = visitor.Reader, Now = visitor.Now, SignedIn = visitor.SignedIn(api, http), Html = html, Text = text,
            Headers = [("To", string.Join(", ", message.To.Select(person => $"{person.Name} <{person.Email ?? "no address"}>"))), ("Subject", subject), ("Message", message.Id)],
        });
    };
}
