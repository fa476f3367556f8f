using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Links;

/// <summary>The rows of links, and of the keys that sign no more. Whoever locks a run locks it before these.</summary>
internal static class LinkStore
{
    /// <summary>How long a link is good whose approval can be decided without end.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>Makes a link; another for each message, also of one person and approval. It is good for as long as something of its message can be decided.</summary>
    public static async Task<Link> InsertAsync(StoreTransaction tx, ApprovalRow approval, string person)
    {
        var row = new LinkRow
        {
            Id = Ids.New("lnk", tx.Now), Tenant = approval.Tenant, Approval = approval.Id, Person = person, Digest = approval.Digest,
            CreatedAt = tx.Now.UtcTicks, ExpiresAt = Until(tx, approval),
        };
        await tx.ExecuteAsync("""
            INSERT INTO links (id, tenant, approval, person, digest, created_at, expires_at)
            VALUES (@Id, @Tenant, @Approval, @Person, @Digest, @CreatedAt, @ExpiresAt)
            """, row);
        return Link.Of(row);
    }

    /// <summary>A link whose message is about another approval, too, is good until the last of them ends.</summary>
    public static Task<int> ExtendAsync(StoreTransaction tx, string id, ApprovalRow approval) =>
        tx.ExecuteAsync("UPDATE links SET expires_at = @until WHERE id = @id AND expires_at < @until", new { id, until = Until(tx, approval) });

    /// <summary>What a link's message is about: all that it shows and decides. The approval that the link names comes first; empty where that is gone.</summary>
    public static async Task<IReadOnlyList<ApprovalRow>> AboutAsync(StoreTransaction tx, Link link) =>
        await tx.FirstAsync<ApprovalRow>("SELECT * FROM approvals WHERE id = @Approval AND tenant = @Tenant", new { link.Approval, link.Tenant }) is not { } named ? [] :
        [
            named,
            .. await tx.ListAsync<ApprovalRow>("""
                SELECT a.* FROM message_approvals own JOIN messages m ON m.id = own.message JOIN message_approvals others ON others.message = m.id JOIN approvals a ON a.id = others.approval
                WHERE own.approval = @Approval AND m.link = @Id AND a.id <> @Approval ORDER BY a.idx, a.id
                """, new { link.Approval, link.Id }),
        ];

    public static async Task<Link?> FindAsync(StoreTransaction tx, string id) =>
        await tx.FirstAsync<LinkRow>("SELECT * FROM links WHERE id = @id", new { id }) is { } row ? Link.Of(row) : null;

    /// <summary>Newest first.</summary>
    public static async Task<IReadOnlyList<Link>> OfPersonAsync(StoreTransaction tx, string tenant, string person, int limit) =>
        [.. (await tx.ListAsync<LinkRow>("SELECT * FROM links WHERE tenant = @tenant AND person = @person ORDER BY id DESC LIMIT @limit", new { tenant, person, limit })).Select(Link.Of)];

    /// <summary>Locks a link's row, so that of many who try its digits at once each is counted before it hears whether they were right.</summary>
    public static async Task<Link?> LockAsync(StoreTransaction tx, string id) =>
        await tx.FirstAsync<LinkRow>($"SELECT * FROM links WHERE id = @id{tx.ForUpdate}", new { id }) is { } row ? Link.Of(row) : null;

    /// <summary>Counts a wrong try.</summary>
    /// <returns>How many are left.</returns>
    public static async Task<int> CountTryAsync(StoreTransaction tx, Link locked)
    {
        await tx.ExecuteAsync("UPDATE links SET tries = tries + 1 WHERE id = @Id", new { locked.Id });
        return (locked with { Tries = locked.Tries + 1 }).TriesLeft;
    }

    /// <returns>Whether it was good until now.</returns>
    public static async Task<bool> RevokeAsync(StoreTransaction tx, string id, string by) =>
        await tx.ExecuteAsync("UPDATE links SET revoked_at = @Now, revoked_by = @by WHERE id = @id AND revoked_at IS NULL", new { id, by, Now = tx.Now.UtcTicks }) > 0;

    /// <returns>How many were good until now.</returns>
    public static Task<int> RevokeOfPersonAsync(StoreTransaction tx, string tenant, string person, string by) => tx.ExecuteAsync(
        "UPDATE links SET revoked_at = @Now, revoked_by = @by WHERE tenant = @tenant AND person = @person AND revoked_at IS NULL", new { tenant, person, by, Now = tx.Now.UtcTicks });

    /// <returns>Whether it was good until now.</returns>
    public static async Task<bool> RevokeKeyAsync(StoreTransaction tx, string key, string by) => await tx.ExecuteAsync(
        "INSERT INTO link_keys (id, revoked_at, revoked_by) VALUES (@key, @Now, @by) ON CONFLICT (id) DO NOTHING", new { key, by, Now = tx.Now.UtcTicks }) > 0;

    public static async Task<bool> IsKeyRevokedAsync(StoreTransaction tx, string key) => await tx.FirstAsync<string>("SELECT id FROM link_keys WHERE id = @key", new { key }) is not null;

    private static long Until(StoreTransaction tx, ApprovalRow approval) => approval.ExpiresAt ?? (tx.Now + Longest).UtcTicks;
}
