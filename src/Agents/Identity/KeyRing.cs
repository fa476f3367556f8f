using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Agents.Storage;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Identity;

/// <summary>Tells whose a key is. What the store said of a key is remembered for seconds, so that a busy client costs no read a request.</summary>
/// <remarks>Only keys that are good are remembered, until the store refuses them: at most what the store has.</remarks>
internal sealed class KeyRing(Func<AgentStore> store, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan NoteEvery = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Known> known = new(StringComparer.Ordinal);

    /// <summary>The last note of a use, for whoever must not look before it is written.</summary>
    public Task Noted { get; private set; } = Task.CompletedTask;

    /// <summary>Whose it is, if the store has said so a moment ago.</summary>
    public Principal? Recall(KeyProof key) => known.TryGetValue(key.Hash, out var one) && time.GetElapsedTime(one.Since) < one.For ? one.Principal : null;

    /// <summary>Whether the store has said that it is good and has not taken that back, however long ago: who sends it does not guess.</summary>
    public bool HasKnown(KeyProof key) => known.ContainsKey(key.Hash);

    /// <summary>Asks the store.</summary>
    /// <returns>Whose it is, or why it is not good.</returns>
    public async Task<(Principal? Principal, string? Refusal)> LookUpAsync(KeyProof key)
    {
        var since = time.GetTimestamp(); // before the store is asked: what it says may be old by as much as this takes
        var (row, now) = await store().ReadAsync(async tx =>
        {
            await tx.ReadClockAsync();
            return (await tx.FirstAsync<ApiKeyRow>("SELECT * FROM api_keys WHERE prefix = @Prefix", new { key.Prefix }), tx.Now);
        });
        if (Refuse(key, row, now) is { } refusal)
        {
            known.TryRemove(key.Hash, out _);
            return (null, refusal);
        }

        var left = row!.ExpiresAt is { } ends ? TimeSpan.FromTicks(ends - now.UtcTicks) : ApiKeys.RevokedWithin;
        var principal = ApiKey.Of(row).Principal;
        known[key.Hash] = new Known(principal, since, left < ApiKeys.RevokedWithin ? left : ApiKeys.RevokedWithin);
        if (row.LastUsedAt is null || row.LastUsedAt < (now - NoteEvery).UtcTicks)
        {
            Noted = NoteAsync(row.Prefix);
        }

        return (principal, null);
    }

    // A key that never was, one that is somebody else's and one that is revoked are answered alike: a stolen key does not tell its thief that
    // it was good once, or that the theft was noticed. That it has expired is told to who holds all of it, so that the owner renews it.
    private string? Refuse(KeyProof key, ApiKeyRow? row, DateTimeOffset now)
    {
        const string NotGood = "The key is not known here, or is revoked. Send another; 'keys list' on the host shows which are good.";
        if (row is null)
        {
            return NotGood;
        }

        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(row.Hash), Encoding.ASCII.GetBytes(key.Hash)))
        {
            logger.LogWarning("Somebody sent a key that begins like {Prefix} and is not it.", row.Prefix);
            return NotGood;
        }

        if (row.RevokedAt is not null)
        {
            logger.LogWarning("Somebody sent key {Prefix}, '{Name}' of tenant '{Tenant}', which is revoked.", row.Prefix, row.Name, row.Tenant);
            return NotGood;
        }

        return row.ExpiresAt <= now.UtcTicks
            ? $"The key {row.Prefix} has expired at {Times.Show(row.ExpiresAt!.Value)}. Send {(row.ReplacedBy is { } next ? $"{next}, which has replaced it" : "another")}." : null;
    }

    // No request waits for it. Lost at a kill or on a full disk, it is noted at the next use.
    private async Task NoteAsync(string prefix)
    {
        try
        {
            await store().WriteAsync(async tx =>
            {
                await tx.ReadClockAsync();
                return await tx.ExecuteAsync("UPDATE api_keys SET last_used_at = @Now WHERE prefix = @prefix AND (last_used_at IS NULL OR last_used_at < @Before)",
                    new { prefix, Now = tx.Now.UtcTicks, Before = (tx.Now - NoteEvery).UtcTicks });
            }, refusable: true);
        }
        catch (Exception e) when (store().Caused(e))
        {
            logger.LogDebug(e, "The use of key {Prefix} was not noted.", prefix);
        }
    }

    private sealed record Known(Principal Principal, long Since, TimeSpan For);
}
