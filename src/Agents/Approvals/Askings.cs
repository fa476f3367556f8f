using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Approvals;

/// <summary>The rounds in which a person is asked about a call.</summary>
internal sealed class Askings(StoreTransaction tx, LockedRun run)
{
    /// <summary>How often a call is asked about anew before the run pauses; a person's retry grants as many again.</summary>
    private const int MostReasks = 3;

    public static Asking Reference(ApprovalRow row) =>
        new(row.Id, Times.Utc(row.ExpiresAt));

    /// <summary>The newest round about a call's present attempt; null when it was never asked about.</summary>
    public Task<ApprovalRow?> NewestAsync(CallRow call, string kind, int attempt) => tx.FirstAsync<ApprovalRow>(
        "SELECT * FROM approvals WHERE run = @Run AND turn = @Turn AND idx = @Idx AND kind = @kind AND attempt = @attempt ORDER BY round DESC LIMIT 1",
        new { call.Run, call.Turn, call.Idx, kind, attempt });

    /// <summary>Opens the next round; the one before it, if any, is superseded by it.</summary>
    /// <returns>The round, or null when the run was paused because it was asked too often.</returns>
    public async Task<Asking?> OpenAsync(CallRow call, string kind, ApprovalTerms ask)
    {
        var before = await tx.FirstAsync<ApprovalRow>(
            "SELECT * FROM approvals WHERE run = @Run AND turn = @Turn AND idx = @Idx AND kind = @kind ORDER BY round DESC LIMIT 1",
            new { call.Run, call.Turn, call.Idx, kind });
        var round = (before?.Round ?? 0) + 1;
        if (kind == ApprovalKinds.Approval && before?.Attempt == call.Attempt)
        {
            if (call.Reasks >= MostReasks)
            {
                await run.PauseAsync("rounds", $"The approval of {call.Tool} (turn {call.Turn}) was asked for {round - 1} times because its rule changed after each. Settle the rule, then retry the run.");
                return null;
            }

            await tx.ExecuteAsync("UPDATE calls SET reasks = reasks + 1 WHERE run = @Run AND turn = @Turn AND idx = @Idx", new { call.Run, call.Turn, call.Idx });
        }

        var id = Ids.New("apr", tx.Now);
        var expires = kind == ApprovalKinds.Approval ? (tx.Now + ask.Expires).UtcTicks : (long?)null;
        await tx.ExecuteAsync("""
            INSERT INTO approvals (id, tenant, run, turn, idx, kind, round, attempt, tool, arguments, digest, ask, state, requested_at, expires_at)
            VALUES (@id, @Tenant, @Run, @Turn, @Idx, @kind, @round, @Attempt, @Tool, @Arguments, @digest, @ask, 'pending', @Now, @expires)
            """, new
        {
            id, run.Row.Tenant, call.Run, call.Turn, call.Idx, kind, round, call.Attempt, call.Tool, call.Arguments, run.Now, expires,
            digest = DigestOf(call), ask = JsonSerializer.Serialize(ask, AgentsJson.Default.ApprovalTerms),
        });
        if (before is { State: ApprovalStates.Pending or ApprovalStates.Approved, ConsumedAt: null } && before.Attempt == call.Attempt)
        {
            await tx.ExecuteAsync("UPDATE approvals SET state = 'superseded', superseded_by = @id WHERE id = @before", new { id, before = before.Id });
        }

        await run.EventAsync(RunEvents.ApprovalRequested, new EventData { Turn = call.Turn, Index = call.Idx, Tool = call.Tool, Approval = id });
        await run.RefreshAsync();
        return new Asking(id, Times.Utc(expires));
    }

    /// <summary>What a person says yes to, and nothing else: tool, arguments, place, attempt, agent version.</summary>
    public string DigestOf(CallRow call) => Digest.OfJson(new JsonObject
    {
        ["tool"] = call.Tool,
        ["arguments"] = JsonNode.Parse(call.Arguments!),
        ["run"] = run.Row.Id,
        ["turn"] = call.Turn,
        ["index"] = call.Idx,
        ["attempt"] = call.Attempt,
        ["version"] = run.Row.Version,
    });
}
