using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Links;

internal static class LinkStore
{
    public static Task InsertAsync(StoreTransaction tx, LinkRow row) => tx.ExecuteAsync("""
        INSERT INTO links (id, tenant, approval, person, digest, created_at, expires_at) VALUES (@Id, @Tenant, @Approval, @Person, @Digest, @CreatedAt, @ExpiresAt)
        """, row);
}

internal sealed class LinkRow
{
    public string Id { get; init; } = "";

    public string Tenant { get; init; } = "";

    public string Approval { get; init; } = "";

    public string Person { get; init; } = "";

    public string Digest { get; init; } = "";

    public long CreatedAt { get; init; }

    public long ExpiresAt { get; init; }
}

public sealed class LinkKeys;
