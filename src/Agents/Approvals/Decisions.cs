using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Approvals;

/// <summary>A person's word on an asking.</summary>
/// <param name="Decision">approve or reject; for a call in doubt happened, runAgain or giveUp.</param>
/// <param name="Reason">Told to the model on a rejection; kept on every decision.</param>
/// <param name="Result">With happened: what the tool would have returned, as JSON; null for nothing known.</param>
public sealed record Decision(string Kind, string? Reason = null, JsonElement? Result = null);

/// <summary>Takes decisions: each is in the store, with everything that follows from it, before the engine hears of it.</summary>
public sealed class Decisions
{
    public const string Approve = "approve";
    public const string Reject = "reject";
    public const string Happened = "happened";
    public const string RunAgain = "runAgain";
    public const string GiveUp = "giveUp";

    private readonly AgentParts parts;

    internal Decisions(AgentParts parts) => this.parts = parts;

    public static IReadOnlyList<string> OfApproval { get; } = [Approve, Reject];

    public static IReadOnlyList<string> OfDoubt { get; } = [Happened, RunAgain, GiveUp];

    /// <summary>Stores the decision. The same person's same decision again changes nothing and is the same record.</summary>
    /// <exception cref="RefusedException">Not found, not entitled, decided otherwise, void, superseded, expired, or not a decision on this kind.</exception>
    public async Task<ApprovalView> DecideAsync(Principal principal, string approval, Decision decision)
    {
        var result = Canonical(decision);
        var (late, view) = await parts.Store.WriteAsync(async tx =>
        {
            var owner = await tx.FirstAsync<long?>("SELECT run FROM approvals WHERE id = @approval AND tenant = @Tenant", new { approval, principal.Tenant })
                ?? throw new RefusedException(Refusal.NotFound, $"There is no approval '{approval}'.");
            var run = await LockedRun.TakeAsync(tx, owner);
            var row = (await tx.FirstAsync<ApprovalRow>("SELECT * FROM approvals WHERE id = @approval", new { approval }))!;
            var late = await DecideAsync(tx, run, row, principal, decision, result);
            return (late, (await new ApprovalQueries(tx, principal.Tenant).FindAsync(approval))!); // with it, or a store that goes away in between would hide that it was stored
        }, refusable: true);
        return late is null ? view : throw late;
    }

    /// <returns>A refusal that is to be stored with what it found, rather than undo it; null when the decision stands.</returns>
    private static async Task<RefusedException?> DecideAsync(StoreTransaction tx, LockedRun run, ApprovalRow row, Principal principal, Decision decision, string? result)
    {
        var ask = JsonSerializer.Deserialize(row.Ask, AgentsJson.Default.ApprovalTerms)!;
        CheckKind(row, decision);
        if (row.State == ApprovalStates.Superseded)
        {
            throw new RefusedException(Refusal.Conflict, $"This was asked anew as {row.SupersededBy}. Decide on that one.");
        }

        if (IsSame(row, principal, decision))
        {
            return null;
        }

        if (Entitlement.Refuse(principal, ask, run.Row) is { } refusal)
        {
            throw new RefusedException(Refusal.Forbidden, refusal);
        }

        CheckOpen(run, row, decision);
        if (row.ExpiresAt <= run.Now)
        {
            await SettleAsking.ExpireAsync(tx, run, row);
            await run.WakeAskingAsync(row.Id);
            return Expired(row);
        }

        await tx.ExecuteAsync("""
            UPDATE approvals SET state = @state, decision = @Kind, decided_by = @By, decided_roles = @roles, decided_at = @Now, reason = @Reason, result = @result
            WHERE id = @Id
            """, new
        {
            row.Id, decision.Kind, By = principal.Id, run.Now, decision.Reason,
            state = decision.Kind == Approve ? ApprovalStates.Approved : decision.Kind == Reject ? ApprovalStates.Rejected : ApprovalStates.Answered,
            roles = JsonSerializer.Serialize([.. principal.Roles], AgentsJson.Default.ListString),
            result = decision.Result?.GetRawText(),
        });
        await run.EventAsync(RunEvents.ApprovalDecided, new EventData
        {
            Turn = row.Turn, Index = row.Idx, Tool = row.Tool, Approval = row.Id, Decision = decision.Kind, By = principal.Id,
        });
        await FollowAsync(tx, run, row, ask, principal, decision, result);
        await run.WakeAskingAsync(row.Id);
        await run.RefreshAsync();
        return null;
    }

    private static RefusedException Expired(ApprovalRow row) =>
        new(Refusal.Gone, $"The time to decide ended at {Times.Show(row.ExpiresAt!.Value)}. Nothing was run.");

    private static void CheckKind(ApprovalRow row, Decision decision)
    {
        var allowed = row.Kind == ApprovalKinds.InDoubt ? OfDoubt : OfApproval;
        if (!allowed.Contains(decision.Kind, StringComparer.Ordinal))
        {
            throw new RefusedException(Refusal.Invalid,
                $"'{decision.Kind}' is not a decision on {(row.Kind == ApprovalKinds.InDoubt ? "a call in doubt" : "an approval")}. Decide one of: {string.Join(", ", allowed)}.", "decision");
        }

        if (decision.Result is not null && decision.Kind != Happened)
        {
            throw new RefusedException(Refusal.Invalid, "A result goes with 'happened' only. Leave it out.", "result");
        }
    }

    private static string? Canonical(Decision decision)
    {
        try
        {
            return decision.Result is { } result ? CanonicalJson.Write(result) : null;
        }
        catch (JsonRefusedException e)
        {
            throw new RefusedException(Refusal.Invalid, e.Message, "result");
        }
    }

    private static bool IsSame(ApprovalRow row, Principal principal, Decision decision) =>
        row.DecidedBy == principal.Id && row.Decision == decision.Kind && row.Reason == decision.Reason && row.Result == decision.Result?.GetRawText();

    private static void CheckOpen(LockedRun run, ApprovalRow row, Decision decision)
    {
        if (row.Decision is { } word)
        {
            throw new RefusedException(Refusal.Conflict, $"{row.DecidedBy} decided '{word}' at {Times.Show(row.DecidedAt!.Value)}. A decision is not changed.");
        }

        if (row.State == ApprovalStates.Void)
        {
            throw new RefusedException(Refusal.Conflict, $"This is void. {row.Note}");
        }

        if (row.State == ApprovalStates.Expired)
        {
            throw Expired(row);
        }

        if (run.Row.IsEnding && decision.Kind == RunAgain)
        {
            throw new RefusedException(Refusal.Conflict, "The run has ended, so nothing is run again. Decide 'happened' or 'giveUp' to set the record straight.");
        }
    }

    private static async Task FollowAsync(StoreTransaction tx, LockedRun run, ApprovalRow row, ApprovalTerms ask, Principal principal, Decision decision, string? result)
    {
        var call = await Calls.ReadAsync(tx, row.Run, row.Turn, row.Idx);
        switch (decision.Kind)
        {
            case Reject:
                await Calls.SettleAsync(tx, run, call, CallStates.Rejected,
                    ToolResults.Error("rejected", decision.Reason is { Length: > 0 } reason ? $"A person rejected this call: {reason}" : "A person rejected this call."));
                if (ask.OnReject == OnReject.End)
                {
                    await run.EndAsync(new Outcome(OutcomeKinds.Rejected) { Cause = $"{principal.Id} rejected {row.Tool}.{(decision.Reason is { } why ? $" {why}" : "")}" });
                    await run.WakeAsync();
                }

                break;

            case Happened:
                await Calls.SettleAsync(tx, run, call, CallStates.Done, result ?? "null");
                break;

            case RunAgain:
                await tx.ExecuteAsync("""
                    UPDATE calls SET state = 'proposed', attempt = attempt + 1, begins = 0, failures = 0, reasks = 0, retry_at = NULL, lacking_since = NULL, token = NULL, lease = NULL
                    WHERE run = @Run AND turn = @Turn AND idx = @Idx
                    """, new { call.Run, call.Turn, call.Idx });
                break;

            case GiveUp:
                await Calls.SettleAsync(tx, run, call, CallStates.GivenUp, ToolResults.Error("givenUp", "Whether this happened is not known; a person gave it up."));
                await run.EndAsync(new Outcome(OutcomeKinds.Failed) { Cause = $"inDoubt: {principal.Id} gave up {row.Tool}, of which nobody knows whether it happened." });
                await run.WakeAsync();
                break;
        }
    }
}
