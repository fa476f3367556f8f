using System.Text.Json;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Holdfast.Agents.Models;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Microsoft.Extensions.AI;

namespace Holdfast.Agents.Runs;

/// <summary>A call that a model asks for, judged.</summary>
/// <param name="Tool">Null if the agent has none of that name.</param>
internal sealed record Proposal(ReplyPart Asked, Tool? Tool, ToolArguments Arguments)
{
    public static List<Proposal> Of(StoredReply reply, List<Tool> tools) => [.. reply.Calls.Select(asked =>
        tools.Find(tool => tool.Name == asked.Tool) is { } tool
            ? new Proposal(asked, tool, ToolArguments.Read(asked.Text, tool))
            : new Proposal(asked, null, new(null, $"There is no tool '{asked.Tool}'. Tools: {string.Join(", ", tools.Select(one => one.Name))}.")))];
}

/// <summary>What follows from a reply: its calls, what each needs, or the end of the run. Made in the transaction that stores the reply.</summary>
internal sealed class TurnPlan(AgentParts parts, StoreTransaction tx, LockedRun run, int turn)
{
    public async Task MakeAsync(StoredReply reply, AgentDefinition agent, List<Proposal> proposals, string cutBy)
    {
        if (reply.Finish == ChatFinishReason.Length.Value)
        {
            // Cut off: a call may lack its end, and an answer is not the answer.
            await run.EndAsync(new Outcome(OutcomeKinds.LimitReached) { Limit = cutBy, Text = reply.Text });
        }
        else if (proposals.Count == 0)
        {
            await run.EndAsync(new Outcome(OutcomeKinds.Completed) { Text = reply.Text });
        }
        else
        {
            await ProposeAsync(agent, proposals);
        }
    }

    /// <summary>The plan as the loop needs it, from the store: the same however often it is asked for.</summary>
    public static async Task<StepAnswer> ReadAsync(StoreTransaction tx, LockedRun run, int turn)
    {
        var calls = await tx.ListAsync<CallRow>("SELECT idx, effect, state FROM calls WHERE run = @Run AND turn = @turn ORDER BY idx", new { run.Row.Run, turn });
        var open = (await tx.ListAsync<ApprovalRow>(
            "SELECT * FROM approvals WHERE run = @Run AND turn = @turn AND state = 'pending'", new { run.Row.Run, turn }))
            .ToDictionary(asking => asking.Idx, Askings.Reference);
        return StepAnswer.Go with
        {
            Calls = [.. calls.Where(call => !call.IsSettled).Select(call => new PlannedCall(call.Idx, call.HasEffect, open.GetValueOrDefault(call.Idx)))],
        };
    }

    private async Task ProposeAsync(AgentDefinition agent, List<Proposal> proposals)
    {
        await tx.ExecuteAsync("UPDATE runs SET tool_calls = tool_calls + @Count WHERE run = @Run", new { run.Row.Run, proposals.Count });
        var within = run.Row.ToolCalls + proposals.Count <= agent.Limits.ToolCalls;
        for (var index = 0; index < proposals.Count; index++)
        {
            await ProposeAsync(proposals[index], index, within);
        }

        if (!within)
        {
            await run.EndAsync(new Outcome(OutcomeKinds.LimitReached) { Limit = "toolCalls" });
        }
    }

    private async Task ProposeAsync(Proposal proposal, int index, bool within)
    {
        var (asked, tool, arguments) = proposal;
        var call = new CallRow
        {
            Run = run.Row.Run, Turn = turn, Idx = index, Attempt = 1, Tool = asked.Tool ?? "", CallId = asked.CallId ?? $"call_{turn}_{index}", Arguments = arguments.Canonical,
            Effect = (int)(tool?.Effect ?? Effect.None), Idempotent = tool?.Idempotent ?? true,
            State = arguments.Error is null ? CallStates.Proposed : CallStates.Refused,
            Result = arguments.Error is { } error ? ToolResults.Error("invalid", error) : null,
            EndedAt = arguments.Error is null ? null : run.Now,
        };
        await tx.ExecuteAsync("""
            INSERT INTO calls (run, turn, idx, tool, call_id, arguments, effect, idempotent, state, result, ended_at)
            VALUES (@Run, @Turn, @Idx, @Tool, @CallId, @Arguments, @Effect, @idempotent, @State, @Result, @EndedAt)
            """, new
        {
            call.Run, call.Turn, call.Idx, call.Tool, call.CallId, call.Arguments, call.Effect, idempotent = call.Idempotent ? 1 : 0, call.State, call.Result, call.EndedAt,
        });
        if (!within || arguments.Canonical is null)
        {
            return;
        }

        var kind = Askings.KindOf(call);
        var terms = await new CallPolicy(parts, tx, run).AskAsync(call) ?? (kind == ApprovalKinds.Question ? AskedTerms.Otherwise : null);
        if (terms is not null)
        {
            await new Askings(parts, tx, run).OpenAsync(call, kind, terms);
        }
    }
}
