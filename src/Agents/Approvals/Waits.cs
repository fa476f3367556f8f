using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Approvals;

/// <summary>
/// Whom each open approval waits for, by the selectors of its stage: the inbox of one person is the rows of the selectors that mean them, whoever
/// is known when they look.
/// </summary>
internal static class Waits
{
    private const int Page = 500;

    /// <summary>Sets whom an approval waits for.</summary>
    public static async Task OpenAsync(StoreTransaction tx, ApprovalRow row, IReadOnlyList<string> selectors)
    {
        await tx.ExecuteAsync("DELETE FROM waits WHERE approval = @Id", new { row.Id });
        foreach (var who in selectors.Distinct(StringComparer.Ordinal))
        {
            await tx.ExecuteAsync("""
                INSERT INTO waits (tenant, who, approval, run, requested_at, risk, amount) VALUES (@Tenant, @who, @Id, @Run, @RequestedAt, @Risk, @Amount)
                """, new { row.Tenant, who, row.Id, row.Run, row.RequestedAt, row.Risk, row.Amount });
        }
    }

    /// <summary>Takes away what approvals of a run wait for that are not open any more.</summary>
    public static Task CloseAsync(StoreTransaction tx, LockedRun run) => tx.ExecuteAsync(
        "DELETE FROM waits WHERE approval IN (SELECT id FROM approvals WHERE run = @Run AND state <> 'pending')", new { run.Row.Run });

    /// <summary>Fills in what an earlier release did not write.</summary>
    public static async Task CompleteAsync(AgentStore store)
    {
        while (await store.WriteAsync(async tx =>
        {
            var unknown = await tx.ListAsync<string>("SELECT approval FROM waits WHERE who = '' AND approval > '' LIMIT @Page", new { Page });
            foreach (var id in unknown)
            {
                var row = (await tx.FirstAsync<ApprovalRow>("SELECT * FROM approvals WHERE id = @id", new { id }))!;
                await OpenAsync(tx, row, row.IsPending ? Askings.TermsOf(row).Stages[row.Stage].By : []);
            }

            return unknown.Count == Page;
        }))
        {
        }
    }
}
