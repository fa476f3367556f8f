using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Links;

/// <summary>The way in by a link. Nothing here decides an approval.</summary>
public sealed class LinkAccess(AgentStore store, LinkKeys keys)
{
    /// <summary>Looks where a link leads. Any number of times: it changes nothing.</summary>
    /// <param name="token">What stands in the address.</param>
    /// <param name="tenant">That of who is signed in beside the link; null for nobody.</param>
    public Task<LinkOpening> OpenAsync(string token, string? tenant = null) => store.ReadAsync(async tx =>
    {
        await tx.ReadClockAsync();
        return await OpenAsync(tx, token, tenant);
    });

    /// <summary>As it is within a transaction that has read the clock.</summary>
    internal async Task<LinkOpening> OpenAsync(StoreTransaction tx, string token, string? tenant = null)
    {
        var (claims, key, fault) = LinkToken.Read(keys, token);
        if (claims is null)
        {
            return new LinkOpening.Bad(fault);
        }

        if (await LinkStore.FindAsync(tx, claims.Link) is not { } link || claims with { Tenant = link.Tenant, ExpiresAt = link.ExpiresAt } != link.Claims)
        {
            return new LinkOpening.Bad(LinkFault.NotOurs); // signed by who has the key, and never sent by us
        }

        if (link.RevokedAt is not null || await LinkStore.IsKeyRevokedAsync(tx, key!))
        {
            return new LinkOpening.Revoked(link);
        }

        var about = await LinkStore.AboutAsync(tx, link);
        if (about.Count == 0 || claims.Tenant != link.Tenant || (tenant is not null && tenant != link.Tenant))
        {
            return new LinkOpening.NotFound();
        }

        var isOver = link.ExpiresAt <= tx.Now || claims.ExpiresAt <= tx.Now;
        var good = isOver ? "" : key!;
        var named = about[0];
        var isAnother = named.Digest != link.Digest;
        return named.State switch
        {
            _ when about.Any(row => row.IsPending && !(row.ExpiresAt <= tx.Now.UtcTicks) && !(row == named && isAnother)) => new LinkOpening.Fine(link, good),
            ApprovalStates.Superseded => new LinkOpening.Superseded(link, good, named.SupersededBy),
            ApprovalStates.Void => new LinkOpening.Void(link, named.Note),
            _ when isAnother => new LinkOpening.Superseded(link, good, named.SupersededBy),
            ApprovalStates.Expired => new LinkOpening.Expired(link),
            _ when isOver => new LinkOpening.Expired(link),
            _ => new LinkOpening.Fine(link, good),
        };
    }

    /// <summary>
    /// Tries the digits that came with a link, and counts them if they are wrong, in a transaction of its own: a decision that is refused for them
    /// undoes what it did, and must not undo the count. What is not four digits is a slip, and is not counted.
    /// </summary>
    /// <param name="key">The id of the key that has signed the link.</param>
    public async Task<CodeTry> TryCodeAsync(string link, string key, string code) => await store.WriteAsync(async tx =>
    {
        if (await LinkStore.LockAsync(tx, link) is not { RevokedAt: null, TriesLeft: > 0 and var left } row)
        {
            return new CodeTry(false, 0);
        }

        return LinkCodes.IsRight(keys, key, link, code) ? new CodeTry(true, left)
            : new CodeTry(false, LinkCodes.IsWritten(code) ? await LinkStore.CountTryAsync(tx, row) : left);
    }, refusable: true);

    /// <summary>Whether what this key has signed is to be refused: a page's form or a browser's session says which it was.</summary>
    public Task<bool> IsKeyRevokedAsync(string key) => store.ReadAsync(tx => LinkStore.IsKeyRevokedAsync(tx, key));

    /// <summary>Why no link may be made here, in a sentence; null where one may.</summary>
    public async Task<string?> RefuseAsync() => await IsKeyRevokedAsync(keys.Signing.Id)
        ? $"Link key {keys.Signing.Id}, which would sign, is revoked. Put a new one before it, made with: openssl rand -base64 32" : null;
}

/// <summary>Whether the digits were right.</summary>
/// <param name="Left">How many wrong ones the link still takes; at zero it decides no more by itself.</param>
public sealed record CodeTry(bool IsRight, int Left);
