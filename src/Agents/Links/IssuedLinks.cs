using Holdfast.Agents.Audit;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Links;

/// <summary>The links of a store, as who administers them sees them.</summary>
public sealed class IssuedLinks(AgentStore store)
{
    /// <summary>How many of a person's links are shown.</summary>
    public const int Listed = 200;

    private const string Way = "command";

    /// <summary>A person's newest links, the last one first, and the store's time.</summary>
    public Task<(IReadOnlyList<Link> Links, DateTimeOffset Now)> ListAsync(string tenant, string person) => store.ReadAsync(async tx =>
    {
        await tx.ReadClockAsync();
        return (await LinkStore.OfPersonAsync(tx, tenant, person, Listed), tx.Now);
    });

    /// <summary>Ends one link at once, everywhere. A second time changes nothing.</summary>
    /// <exception cref="RefusedException">No such link.</exception>
    public Task<Link> RevokeAsync(string id, string by) => store.WriteAsync(async tx =>
    {
        var link = await LinkStore.LockAsync(tx, id)
            ?? throw new RefusedException(Refusal.NotFound, $"There is no link '{id}'. 'links list --person ID --tenant TENANT' shows a person's.", "link");
        await tx.ReadClockAsync();
        var was = await LinkStore.RevokeAsync(tx, id, by);
        await AuditLog.AppendAsync(tx, link.Tenant, Entry(AuditKinds.LinkRevoked, by, id, was));
        return (await LinkStore.FindAsync(tx, id))!;
    }, refusable: true);

    /// <summary>Ends every link that a person has. Links that are made for them later are good: who is to be asked no more has to leave the people.</summary>
    /// <returns>How many were good until now.</returns>
    /// <exception cref="RefusedException">The person never had a link.</exception>
    public Task<int> RevokeOfAsync(string tenant, string person, string by) => store.WriteAsync(async tx =>
    {
        if ((await LinkStore.OfPersonAsync(tx, tenant, person, limit: 1)).Count == 0)
        {
            throw new RefusedException(Refusal.NotFound, $"No link was ever made for '{person}' of tenant '{tenant}'. Ids are taken as they are written.", "person");
        }

        await tx.ReadClockAsync();
        var count = await LinkStore.RevokeOfPersonAsync(tx, tenant, person, by);
        await AuditLog.AppendAsync(tx, tenant, Entry(AuditKinds.LinksOfPersonRevoked, by, person, count > 0));
        return count;
    }, refusable: true);

    /// <summary>Ends all that a key has signed or will sign, at every host of the store: links, forms of pages, sessions. A second time changes nothing.</summary>
    /// <param name="key">Its id: hosts say it when they start, and do not need to have the key any more.</param>
    /// <returns>Whether it was good until now.</returns>
    /// <exception cref="RefusedException">No key has such an id.</exception>
    public Task<bool> RevokeKeyAsync(string key, string by) => key.Length == 8 && key.All(char.IsAsciiHexDigitLower) ? store.WriteAsync(async tx =>
    {
        await tx.ReadClockAsync();
        var was = await LinkStore.RevokeKeyAsync(tx, key, by);
        await AuditLog.AppendAsync(tx, AuditLog.OfHosts, Entry(AuditKinds.LinkKeyRevoked, by, key, was));
        return was;
    }, refusable: true)
        : throw new RefusedException(Refusal.Invalid, $"'{key}' is no id of a link key: 8 hexadecimal digits, in small letters. A host says those of its keys when it starts.", "key");

    private static AuditEntry Entry(string kind, string by, string subject, bool changed) =>
        new(kind, by, subject, changed ? AuditResults.Accepted : AuditResults.Same) { Way = Way };
}
