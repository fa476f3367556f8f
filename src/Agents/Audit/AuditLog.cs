using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Audit;

/// <summary>
/// What was tried and what came of it: a chain for each tenant, in which every entry is bound to all before it by a hash. Who can write the database
/// can write a whole chain anew; a head that is kept elsewhere shows that.
/// </summary>
public sealed class AuditLog(AgentStore store)
{
    /// <summary>The chain of what concerns the hosts and no tenant. No tenant can be called that.</summary>
    public const string OfHosts = "*";

    private const int Page = 1000;

    /// <summary>The last entry of a tenant's chain; null where it has none.</summary>
    public Task<AuditHead?> HeadAsync(string tenant) => store.ReadAsync(tx => HeadAsync(tx, tenant));

    /// <summary>Whose chains there are, or parts of one.</summary>
    public Task<IReadOnlyList<string>> TenantsAsync() => store.ReadAsync(tx => tx.ListAsync<string>("SELECT tenant FROM audit_heads UNION SELECT tenant FROM audit ORDER BY tenant"));

    /// <summary>Walks a chain from its beginning, up to the first entry that is wrong. What is appended meanwhile is no fault.</summary>
    /// <param name="kept">A head that was kept elsewhere; null for none.</param>
    public async Task<AuditReport> VerifyAsync(string tenant, AuditHead? kept = null)
    {
        var walk = new AuditWalk(tenant, kept);
        while (true)
        {
            // The head with the entries: at the last page it is the one that they led to.
            var (rows, head) = await store.ReadAsync(async tx => (await tx.ListAsync<AuditRow>(
                "SELECT * FROM audit WHERE tenant = @tenant AND seq > @After ORDER BY seq LIMIT @Page", new { tenant, walk.After, Page }), await HeadAsync(tx, tenant)));
            foreach (var row in rows)
            {
                if (walk.Step(row, head) is { } fault)
                {
                    return fault;
                }
            }

            if (rows.Count < Page)
            {
                return walk.End(head);
            }
        }
    }

    /// <summary>
    /// Adds an entry. It locks the chain's head until the transaction ends: whoever locks anything else does it before. The time is that of the
    /// transaction's clock, which has been read.
    /// </summary>
    internal static async Task<AuditHead> AppendAsync(StoreTransaction tx, string tenant, AuditEntry entry)
    {
        var json = entry.ToJson();
        if (await LockAsync(tx, tenant) is not { } head)
        {
            await tx.ExecuteAsync("INSERT INTO audit_heads (tenant, seq, hash) VALUES (@tenant, 0, @hash) ON CONFLICT (tenant) DO NOTHING", new { tenant, hash = AuditChain.Beginning(tenant) });
            head = (await LockAsync(tx, tenant))!;
        }

        var (seq, at) = (head.Seq + 1, tx.Now.UtcTicks);
        var hash = AuditChain.Next(head.Hash, seq, at, json)!;
        await tx.ExecuteAsync("""
            INSERT INTO audit (tenant, seq, at, entry, hash) VALUES (@tenant, @seq, @at, @json, @hash);
            UPDATE audit_heads SET seq = @seq, hash = @hash WHERE tenant = @tenant
            """, new { tenant, seq, at, json, hash });
        return new AuditHead(seq, hash);
    }

    private static async Task<AuditHead?> HeadAsync(StoreTransaction tx, string tenant) =>
        await tx.FirstAsync<AuditHeadRow>("SELECT seq, hash FROM audit_heads WHERE tenant = @tenant", new { tenant }) is { } row ? new AuditHead(row.Seq, row.Hash) : null;

    private static Task<AuditHeadRow?> LockAsync(StoreTransaction tx, string tenant) =>
        tx.FirstAsync<AuditHeadRow>($"SELECT seq, hash FROM audit_heads WHERE tenant = @tenant{tx.ForUpdate}", new { tenant });
}

/// <summary>Where a chain ends: its last entry's number, from 1, and hash.</summary>
public sealed record AuditHead(long Seq, string Hash);

internal sealed class AuditHeadRow
{
    public long Seq { get; init; }

    public string Hash { get; init; } = "";
}

/// <summary>A row of audit.</summary>
internal sealed class AuditRow
{
    public long Seq { get; init; }

    /// <summary>UTC ticks.</summary>
    public long At { get; init; }

    public string Entry { get; init; } = "";

    public string Hash { get; init; } = "";
}
