using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Testing;

/// <summary>Makes a store as it is after years: many runs of some tenants, most of them ended, a tenth waiting for a person.</summary>
internal static class StoreFilling
{
    /// <summary>The tenant that has nine of ten runs.</summary>
    public const string Tenant = "acme";

    private const int Batch = 50_000;
    private static readonly string Numbers = "WITH RECURSIVE n (i) AS (SELECT @from UNION ALL SELECT i + 1 FROM n WHERE i < @to)";

    // Ids sort by their time; every tenth run waits, and of those that wait each has one approval open.
    private static readonly string[] Statements =
    [
        """
        INSERT INTO runs (run, id, tenant, agent, version, model, input, metadata, requested_by, created_by, idempotency_key, request_hash, created_at, ended_at, engine, generation, status, turn, event_seq)
        SELECT 1000000 + i, 'run_' || (100000000000000000 + i), CASE WHEN i % 10 = 3 THEN 'tenant-' || (i % 7) ELSE 'acme' END, 'agent-' || (i % 5), 'version-' || (i % 5), 'model',
          'Please refund order A-' || i || ', it arrived broken.', '{"order":"A-' || i || '","place":"shop-' || (i % 50) || '"}', 'anna', 'anna', 'key-' || i, 'hash', i, CASE WHEN i % 10 = 0 THEN NULL ELSE i + 1 END,
          'engine-' || (i % 2), 1, CASE WHEN i % 10 = 0 THEN 'waiting' ELSE 'ended' END, 1, 2 FROM n
        """,
        "INSERT INTO run_metadata (tenant, name, value, id) SELECT CASE WHEN i % 10 = 3 THEN 'tenant-' || (i % 7) ELSE 'acme' END, 'order', 'A-' || i, 'run_' || (100000000000000000 + i) FROM n",
        "INSERT INTO run_metadata (tenant, name, value, id) SELECT CASE WHEN i % 10 = 3 THEN 'tenant-' || (i % 7) ELSE 'acme' END, 'place', 'shop-' || (i % 50), 'run_' || (100000000000000000 + i) FROM n",
        "INSERT INTO turns (run, turn, begins, reply, replied_at) SELECT 1000000 + i, 1, 0, '{\"parts\":[],\"model\":\"m\",\"finish\":\"stop\"}', i FROM n WHERE i % 10 IN (0, 1)",
        "INSERT INTO model_attempts (run, turn, attempt, state, held) SELECT 1000000 + i, 1, 1, 'settled', 10 FROM n WHERE i % 10 IN (0, 1)",
        "INSERT INTO calls (run, turn, idx, tool, call_id, arguments, effect, idempotent, state) SELECT 1000000 + i, 1, 0, 'refund', 'call', '{}', 2, 1, CASE WHEN i % 10 = 0 THEN 'proposed' ELSE 'done' END FROM n WHERE i % 10 IN (0, 1)",
        """
        INSERT INTO approvals (id, tenant, run, turn, idx, kind, round, attempt, tool, arguments, digest, ask, state, requested_at, expires_at)
        SELECT 'apr_' || (100000000000000000 + i), CASE WHEN i % 10 = 3 THEN 'tenant-' || (i % 7) ELSE 'acme' END, 1000000 + i, 1, 0, 'approval', 1, 1, 'refund', '{}', 'digest',
          @ask, CASE WHEN i % 10 = 0 THEN 'pending' ELSE 'approved' END, i, NULL FROM n WHERE i % 10 IN (0, 1)
        """,
        "INSERT INTO votes (approval, voter, seq, decision, roles, at, way) SELECT 'apr_' || (100000000000000000 + i), 'mia', 1, 'approve', '[]', i, 'api' FROM n WHERE i % 10 = 1",
        "INSERT INTO waits (tenant, who, approval, run, requested_at, risk, amount) SELECT 'acme', CASE WHEN i % 100 = 0 THEN 'role:rare' ELSE 'role:approve' END, 'apr_' || (100000000000000000 + i), 1000000 + i, i, i % 3, i * CAST(10000 AS BIGINT) FROM n WHERE i % 10 = 0",
        "INSERT INTO messages (id, tenant, run, turn, kind, person, channel, rest, people, state, due_at, created_at, sent_at) SELECT 'msg_' || (100000000000000000 + i), 'acme', 1000000 + i, 1, 'request', CASE WHEN i % 20 = 0 THEN NULL ELSE 'mia' END, 'email', '', '[]', 'sent', i, i, i FROM n WHERE i % 10 = 0",
        "INSERT INTO message_approvals (approval, message) SELECT 'apr_' || (100000000000000000 + i), 'msg_' || (100000000000000000 + i) FROM n WHERE i % 10 = 0",
        "INSERT INTO events (run, seq, at, type) SELECT 1000000 + i, 1, i, 'run.created' FROM n WHERE i % 10 IN (0, 1)",
        "INSERT INTO events (run, seq, at, type) SELECT 1000000 + i, 2, i, 'approval.requested' FROM n WHERE i % 10 IN (0, 1)",
        "INSERT INTO wakes (instance, run, engine, kind, sends, sent_at) SELECT 'run_' || (100000000000000000 + i) || '.1', 1000000 + i, 'engine-' || (i % 2), 'look', 0, i FROM n WHERE i % 100 = 0",
    ];

    /// <param name="isCounted">Whether the database knows how much there is: PostgreSQL counts by itself; nobody does so for SQLite, which goes by its indexes alone.</param>
    public static async Task FillAsync(AgentStore store, int runs, bool isCounted)
    {
        var ask = JsonSerializer.Serialize(ApprovalTerms.Default, AgentsJson.Default.ApprovalTerms);
        await store.WriteAsync(tx => tx.ExecuteAsync("INSERT INTO agent_versions (hash, definition) VALUES ('version-0', '{}')"));
        for (var from = 1; from <= runs; from += Batch)
        {
            var to = Math.Min(runs, from + Batch - 1);
            foreach (var statement in Statements)
            {
                await store.WriteAsync(tx => tx.ExecuteAsync(With(statement), new { from, to, ask }));
            }
        }

        if (isCounted)
        {
            await store.WriteAsync(tx => tx.ExecuteAsync("ANALYZE;"));
        }
    }

    private static string With(string statement) =>
        statement.Contains(") SELECT", StringComparison.Ordinal) ? statement.Replace(") SELECT", $") {Numbers} SELECT", StringComparison.Ordinal)
            : statement.Replace(")\nSELECT", $")\n{Numbers}\nSELECT", StringComparison.Ordinal);
}
