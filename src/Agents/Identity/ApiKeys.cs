using System.Buffers;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Identity;

/// <summary>The API keys of a store, as who administers them sees them.</summary>
public sealed class ApiKeys(AgentStore store)
{
    /// <summary>The longest name of a key or a tenant, in characters.</summary>
    public const int LongestName = 100;

    /// <summary>How long a key may still be taken after it was revoked, by every process alike.</summary>
    public static readonly TimeSpan RevokedWithin = TimeSpan.FromSeconds(5);

    private static readonly SearchValues<char> NameLetters =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._@-");

    /// <summary>Makes a key. It is shown by what is returned here, and never again.</summary>
    /// <exception cref="RefusedException">The name is taken in its tenant, or it, the tenant or a role is not well formed.</exception>
    public Task<IssuedApiKey> AddAsync(NewApiKey key)
    {
        CheckName(key.Name, "name");
        CheckName(key.Tenant, "tenant");
        CheckRoles(key.Roles);
        var text = ApiKeyText.New();
        return store.WriteAsync(async tx =>
        {
            if (await tx.FirstAsync<ApiKeyRow>($"{OfName}{tx.ForUpdate}", new { key.Tenant, key.Name }) is { } other)
            {
                throw new RefusedException(Refusal.Conflict,
                    $"Key {other.Prefix} has the name '{key.Name}' in tenant '{key.Tenant}'. Rotate that one, revoke it first, or take another name.", "name");
            }

            await tx.ReadClockAsync();
            return await InsertAsync(tx, text, key.Name, key.Tenant, string.Join(',', Roles.All.Where(key.Roles.Contains)), key.Lifetime?.Ticks);
        }, refusable: true);
    }

    /// <summary>All there are and were, in the order of their tenants, names and times.</summary>
    public Task<IReadOnlyList<ApiKey>> ListAsync() => store.ReadAsync(async tx => (IReadOnlyList<ApiKey>)
        [.. (await tx.ListAsync<ApiKeyRow>("SELECT * FROM api_keys ORDER BY tenant, name, created_at, prefix")).Select(ApiKey.Of)]);

    /// <summary>Whether there is one that is neither revoked nor expired.</summary>
    public Task<bool> AnyUsableAsync() => store.ReadAsync(async tx =>
    {
        await tx.ReadClockAsync();
        return await tx.FirstAsync<string>(
            "SELECT prefix FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @Now) LIMIT 1", new { Now = tx.Now.UtcTicks }) is not null;
    });

    /// <summary>Makes another key with the same name, tenant, roles and lifetime, and lets the old one expire.</summary>
    /// <param name="overlap">How long both are good; zero ends the old one as a revocation does.</param>
    /// <exception cref="RefusedException">No such key, revoked, or already rotated.</exception>
    public Task<IssuedApiKey> RotateAsync(string prefix, TimeSpan overlap)
    {
        var text = ApiKeyText.New();
        return store.WriteAsync(async tx =>
        {
            var old = await TakeAsync(tx, prefix);
            if (old.RevokedAt is not null)
            {
                throw new RefusedException(Refusal.Conflict, $"Key {prefix} is revoked. Add a new one.");
            }

            if (old.ReplacedBy is { } next)
            {
                throw new RefusedException(Refusal.Conflict, $"Key {prefix} was rotated to {next}. Rotate that one.");
            }

            var ends = (tx.Now + overlap).UtcTicks;
            await tx.ExecuteAsync("UPDATE api_keys SET replaced_by = @next, expires_at = @ends WHERE prefix = @prefix",
                new { prefix, next = text.Prefix, ends = Math.Min(ends, old.ExpiresAt ?? long.MaxValue) });
            return await InsertAsync(tx, text, old.Name, old.Tenant, old.Roles, old.ExpiresAt - old.CreatedAt);
        }, refusable: true);
    }

    /// <summary>
    /// Ends a key, and with it those that it has replaced: the name is free after this, and nobody may go on under it. Every process refuses
    /// them within <see cref="RevokedWithin"/>. A second time changes nothing.
    /// </summary>
    /// <exception cref="RefusedException">No such key.</exception>
    public Task<ApiKey> RevokeAsync(string prefix) => store.WriteAsync(async tx =>
    {
        await TakeAsync(tx, prefix);
        await tx.ExecuteAsync("""
            WITH RECURSIVE ended (prefix) AS (
              SELECT prefix FROM api_keys WHERE prefix = @prefix
              UNION SELECT k.prefix FROM api_keys k JOIN ended ON k.replaced_by = ended.prefix)
            UPDATE api_keys SET revoked_at = @Now
            WHERE prefix IN (SELECT prefix FROM ended) AND revoked_at IS NULL AND (prefix = @prefix OR expires_at IS NULL OR expires_at > @Now)
            """, new { prefix, Now = tx.Now.UtcTicks });
        return ApiKey.Of(await TakeAsync(tx, prefix));
    }, refusable: true);

    private const string OfName = "SELECT * FROM api_keys WHERE tenant = @Tenant AND name = @Name AND revoked_at IS NULL AND replaced_by IS NULL";

    private static async Task<ApiKeyRow> TakeAsync(StoreTransaction tx, string prefix)
    {
        var row = await tx.FirstAsync<ApiKeyRow>($"SELECT * FROM api_keys WHERE prefix = @prefix{tx.ForUpdate}", new { prefix })
            ?? throw new RefusedException(Refusal.NotFound, $"There is no key '{prefix}'. A key is named by the {ApiKeyText.PrefixLength} characters behind its hf_; the command 'keys list' shows them.", "prefix");
        await tx.ReadClockAsync();
        return row;
    }

    private static async Task<IssuedApiKey> InsertAsync(StoreTransaction tx, ApiKeyText text, string name, string tenant, string roles, long? lifetime)
    {
        var now = tx.Now.UtcTicks;
        var row = new ApiKeyRow { Prefix = text.Prefix, Hash = text.Hash, Name = name, Tenant = tenant, Roles = roles, CreatedAt = now, ExpiresAt = now + lifetime };
        await tx.ExecuteAsync("""
            INSERT INTO api_keys (prefix, hash, name, tenant, roles, created_at, expires_at)
            VALUES (@Prefix, @Hash, @Name, @Tenant, @Roles, @CreatedAt, @ExpiresAt)
            """, row);
        return new IssuedApiKey(ApiKey.Of(row), text.Reveal());
    }

    private static void CheckName(string name, string field)
    {
        if (name.Length is 0 or > LongestName || name.AsSpan().ContainsAnyExcept(NameLetters))
        {
            throw new RefusedException(Refusal.Invalid, $"{field} '{name}' is not 1 to {LongestName} letters, digits and . _ @ -. Give another.", field);
        }
    }

    private static void CheckRoles(IReadOnlyList<string> roles)
    {
        if (roles.FirstOrDefault(role => !Roles.All.Contains(role, StringComparer.Ordinal)) is { } unknown)
        {
            throw new RefusedException(Refusal.Invalid, $"'{unknown}' is no role.{NearestName.Hint(unknown, Roles.All)} Roles: {string.Join(", ", Roles.All)}.", "roles");
        }

        if (roles.Count == 0)
        {
            throw new RefusedException(Refusal.Invalid, $"A key without a role may do nothing. Roles: {string.Join(", ", Roles.All)}.", "roles");
        }
    }
}
