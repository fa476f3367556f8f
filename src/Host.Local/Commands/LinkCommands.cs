using System.Globalization;
using Holdfast.Agents.Links;

namespace Holdfast.Host.Local.Commands;

/// <summary>The personal links that people were sent, for the operator.</summary>
internal static class LinkCommands
{
    public static IReadOnlyList<Command> All { get; } =
    [
        new("links list", "--person ID --tenant TENANT", "Shows the links that a person was sent, the newest first; never the links themselves.",
            async (store, given, _) => List(given.Get("person"), await new IssuedLinks(store).ListAsync(given.Get("tenant"), given.Get("person")))),
        new("links revoke", "ID", "Ends a link at once, everywhere.",
            async (store, given, _) => new(0, "", $"Link {(await new IssuedLinks(store).RevokeAsync(given.Word, Environment.UserName)).Id} is revoked.")),
        new("links revoke-of", "--person ID --tenant TENANT", "Ends every link that a person was sent until now.",
            async (store, given, _) => new(0, "", $"Links ended by this: {await new IssuedLinks(store).RevokeOfAsync(given.Get("tenant"), given.Get("person"), Environment.UserName)}. Later ones are good: who is to be asked no more has to leave the people.")),
        new("links revoke-key", "KEY", "Ends all that a link key has signed, everywhere: links, open pages, sessions. A host says the ids of its keys when it starts. Give the hosts another first.",
            async (store, given, _) => Ended(given.Word, await new IssuedLinks(store).RevokeKeyAsync(given.Word, Environment.UserName))),
    ];

    private static CommandAnswer Ended(string key, bool was) => new(0, "",
        was ? $"Link key {key} is revoked. A host that signs with it starts no more until it has another." : $"Link key {key} was revoked before.");

    private static CommandAnswer List(string person, (IReadOnlyList<Link> Links, DateTimeOffset Now) found)
    {
        if (found.Links.Count == 0)
        {
            return new(0, "", $"'{person}' was sent no link.");
        }

        List<string[]> rows = [["ID", "APPROVAL", "CREATED", "EXPIRES", "STATE"]];
        rows.AddRange(found.Links.Select(link => new[] { link.Id, link.Approval, Show(link.CreatedAt), Show(link.ExpiresAt), State(link, found.Now) }));
        return new(0, Table.Of(rows), found.Links.Count < IssuedLinks.Listed ? "" : $"These are the newest {IssuedLinks.Listed}.");
    }

    private static string State(Link link, DateTimeOffset now) => link.RevokedAt is { } at ? $"revoked {Show(at)} by {link.RevokedBy}" : link.ExpiresAt <= now ? "expired"
        : link.TriesLeft == 0 ? "shows only: too many wrong codes" : "good";

    private static string Show(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);
}
