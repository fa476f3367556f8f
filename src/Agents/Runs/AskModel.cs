using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Models;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Holdfast.Durable;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Runs;

/// <summary>
/// One turn's model call. Its first transaction looks at everything that may stop the run and holds tokens for the call; its last writes the
/// reply. The first reply stored wins and is never bought again: whoever comes later reads it.
/// </summary>
internal sealed class AskModel(AgentParts parts) : IActivity<RunRef, StepAnswer>
{
    public const string Name = nameof(AskModel);

    private static readonly UsageDetails Free = new() { InputTokenCount = 0, OutputTokenCount = 0 };

    public async Task<StepAnswer> RunAsync(ActivityContext context, RunRef turn)
    {
        var begun = await OurFault.PausesAsync(parts, turn.Run, async () =>
        {
            var said = await parts.Store.ReadAsync(async tx =>
                await tx.FirstAsync<RunRow>("SELECT run, input FROM runs WHERE id = @Run", new { turn.Run }) is { } run
                    ? await parts.Conversations.BeforeAsync(tx, run, turn.Turn) : null, refusable: false);
            return await parts.Store.WriteAsync(tx => BeginAsync(tx, turn, said));
        }, instead => new Begun(instead));
        if (begun is not { Call: { } call })
        {
            return begun.Answer;
        }

        parts.Options.CrashPoint(AgentCrashPoints.ModelReserved);
        StoredReply reply;
        UsageDetails? usage;
        try
        {
            var response = await call.Model.Client.GetResponseAsync(call.Conversation.Messages, call.Options, context.CancellationToken);
            (reply, usage) = (StoredReply.From(response, call.Model.Label), response.Usage);
        }
        catch (ModelException failure)
        {
            return await parts.Store.WriteAsync(tx => FailAsync(tx, turn, call, failure));
        }
        catch (Exception e) when (!context.CancellationToken.IsCancellationRequested)
        {
            // A failure that its provider has not sorted may quote what was said, so only its type goes further than the log.
            parts.Logger.LogError(e, "Run {Run}: the client of model {Model} threw.", turn.Run, call.Model.Label);
            var unsorted = new ModelException(ModelFault.Retry, $"The client of model {call.Model.Label} threw {e.GetType().Name}; the log has the rest.", inner: e);
            return await parts.Store.WriteAsync(tx => FailAsync(tx, turn, call, unsorted));
        }

        if (reply.Finish == ChatFinishReason.ContentFilter.Value)
        {
            var withheld = new ModelException(ModelFault.GiveUp, "The model's provider withheld the reply (content filter).");
            return await parts.Store.WriteAsync(tx => FailAsync(tx, turn, call, withheld, usage));
        }

        parts.Options.CrashPoint(AgentCrashPoints.ModelReplied);
        var proposals = Proposal.Of(reply, call.Tools); // reads arguments with the tools' own types: not while every other run waits for the writer
        var answer = await parts.Store.WriteAsync(tx => RecordAsync(tx, turn, call, reply, proposals, usage));
        parts.Options.CrashPoint(AgentCrashPoints.ModelRecorded);
        return answer;
    }

    private async Task<Begun> BeginAsync(StoreTransaction tx, RunRef step, Conversation? conversation)
    {
        await parts.Engine.CheckAsync(tx, step.Run);
        var locked = await LockedRun.TakeAsync(tx, step.Run);
        await tx.LookedAsync(Instances.OfRun(step.Run, step.Generation));
        if (locked is not { } run || run.Row.IsEnding || run.Row.Generation != step.Generation)
        {
            return new(StepAnswer.Close);
        }

        if (run.Row.SuspendedAt is not null || run.Row.Fault is not null)
        {
            return new(StepAnswer.WaitFor());
        }

        var agent = await parts.Agents.OfAsync(tx, run.Row.Version);
        var turn = (await tx.FirstAsync<TurnRow>("""
            INSERT INTO turns (run, turn) VALUES (@Run, @Turn) ON CONFLICT (run, turn) DO NOTHING;
            SELECT * FROM turns WHERE run = @Run AND turn = @Turn
            """, new { run.Row.Run, step.Turn }))!;
        if (turn.Reply is not null)
        {
            return new(await TurnPlan.ReadAsync(tx, run, step.Turn));
        }

        if (turn.RetryAt > run.Now)
        {
            return new(StepAnswer.WaitFor(turn.RetryAt));
        }

        await SettleLostAttemptsAsync(tx, run, step.Turn);
        if (Limit(agent.Limits, run, step.Turn) is { } limit)
        {
            await run.EndAsync(new Outcome(OutcomeKinds.LimitReached) { Limit = limit });
            return new(StepAnswer.Close);
        }

        if (parts.Models.Find(agent) is not { } model)
        {
            return await LackAsync(tx, run, turn, "model",
                $"This host has no model '{agent.Model}', which agent '{agent.Name}' names. It has: {string.Join(", ", parts.Models.Names)}.", "Configure it, then retry the run.");
        }

        List<Tool> tools = [];
        foreach (var name in agent.Tools)
        {
            if (!parts.Tools.TryFind(name, out var tool))
            {
                return await LackAsync(tx, run, turn, "tool", $"Tool '{name}' of agent '{agent.Name}' is not registered.", "Bring it back, then retry the run.");
            }

            tools.Add(tool);
        }

        if (turn.Begins >= LockedRun.MostBegins)
        {
            await run.PauseForBeginsAsync($"The model call of turn {step.Turn}", turn.Begins);
            return new(StepAnswer.WaitFor());
        }

        return await HoldAsync(tx, run, agent, tools, model, turn, conversation!);
    }

    private async Task<Begun> LackAsync(StoreTransaction tx, LockedRun run, TurnRow turn, string code, string fact, string remedy)
    {
        var retryAt = Lack.TryAgainAt(parts.Engine, run.Now, turn.LackingSince);
        await tx.ExecuteAsync("""
            UPDATE turns SET retry_at = @retryAt, lacking_since = COALESCE(lacking_since, @Now), failure = @fact WHERE run = @Run AND turn = @Turn;
            UPDATE runs SET turn = @Turn WHERE run = @Run
            """, new { run.Row.Run, turn.Turn, retryAt, run.Now, fact });
        await run.RefreshAsync();
        if (retryAt is null)
        {
            await run.PauseAsync(code, $"{fact} {remedy}");
        }

        return new(StepAnswer.WaitFor(retryAt));
    }

    private static async Task<Begun> HoldAsync(
        StoreTransaction tx, LockedRun run, AgentDefinition agent, List<Tool> tools, Model model, TurnRow row, Conversation conversation)
    {
        var turn = row.Turn;
        var prompt = 1 + ((conversation.Characters + agent.Instructions.Length + tools.Sum(tool => tool.SchemaLength)) / 4);
        var left = agent.Limits.Tokens - run.Row.InputTokens - run.Row.OutputTokens - run.Row.HeldTokens;
        var output = (int)Math.Min(model.MaxOutputTokens, left - prompt);
        if (output < 1)
        {
            await run.EndAsync(new Outcome(OutcomeKinds.LimitReached) { Limit = "tokens" });
            return new(StepAnswer.Close);
        }

        var held = prompt + output;
        var attempt = row.Attempts + 1;
        await tx.ExecuteAsync("""
            UPDATE turns SET begins = begins + 1, attempts = @attempt, retry_at = NULL, lacking_since = NULL WHERE run = @Run AND turn = @turn;
            INSERT INTO model_attempts (run, turn, attempt, state, held) VALUES (@Run, @turn, @attempt, 'held', @held);
            UPDATE runs SET held_tokens = held_tokens + @held, turn = @turn WHERE run = @Run
            """, new { run.Row.Run, turn, attempt, held });
        await run.RefreshAsync();
        var options = new ChatOptions { Instructions = agent.Instructions, MaxOutputTokens = output, Tools = tools.Count == 0 ? null : [.. tools.Select(tool => tool.Declaration)] };
        return new(StepAnswer.Go, new ModelCall(agent, tools, model, conversation, options, attempt, held, output == model.MaxOutputTokens ? "outputTokens" : "tokens"));
    }

    private async Task<StepAnswer> RecordAsync(StoreTransaction tx, RunRef step, ModelCall call, StoredReply reply, List<Proposal> proposals, UsageDetails? usage)
    {
        var run = (await LockedRun.TakeAsync(tx, step.Run))!;
        await SettleAsync(tx, run, step.Turn, call, usage);
        var turn = await TurnAsync(tx, run.Row.Run, step.Turn);
        if (turn.Reply is null && !run.Row.HasEnded)
        {
            await tx.ExecuteAsync("UPDATE turns SET reply = @json, replied_at = @Now, begins = 0, failure = NULL WHERE run = @Run AND turn = @Turn",
                new { run.Row.Run, step.Turn, json = JsonSerializer.Serialize(reply, AgentsJson.Default.StoredReply), run.Now });
            await run.EventAsync(RunEvents.ModelReplied, new EventData { Turn = step.Turn });
            if (!run.Row.IsEnding)
            {
                await new TurnPlan(parts, tx, run, step.Turn).MakeAsync(reply, call.Agent, proposals, call.CutBy);
            }
        }

        await run.RefreshAsync();
        return run.Row.IsEnding || run.Row.Generation != step.Generation ? StepAnswer.Close : await TurnPlan.ReadAsync(tx, run, step.Turn);
    }

    private async Task<StepAnswer> FailAsync(StoreTransaction tx, RunRef step, ModelCall call, ModelException failure, UsageDetails? usage = null)
    {
        failure = new ModelException(failure.Fault, parts.Options.Redact(failure.Message), failure.RetryAfter, failure);
        var run = (await LockedRun.TakeAsync(tx, step.Run))!;
        var turn = await TurnAsync(tx, run.Row.Run, step.Turn);
        var failures = turn.Failures + 1;
        parts.Logger.LogWarning("Run {Run}: model call of turn {Turn} failed: {Message}", step.Run, step.Turn, failure.Message);

        // A call that gave no reply may still be on the provider's bill: only one that it refused outright is known to cost nothing.
        var isRefused = failure.Fault != ModelFault.Retry || failure.RetryAfter is not null;
        await SettleAsync(tx, run, step.Turn, call, usage ?? (isRefused ? Free : null));
        if (run.Row.IsEnding || run.Row.Generation != step.Generation)
        {
            return StepAnswer.Close;
        }

        if (turn.Reply is not null)
        {
            return await TurnPlan.ReadAsync(tx, run, step.Turn);
        }

        await run.EventAsync(RunEvents.ModelFailed, new EventData { Turn = step.Turn, Message = failure.Message });
        if (failure.Fault != ModelFault.Retry || failures > parts.Options.ModelRetries)
        {
            await tx.ExecuteAsync("UPDATE turns SET failures = @failures, begins = 0, failure = @Message WHERE run = @Run AND turn = @Turn",
                new { run.Row.Run, step.Turn, failures, failure.Message });
            var tried = failures > 1 ? $" It was tried {failures} times." : "";
            await run.PauseAsync("model", $"{failure.Message}{tried} Mend it, then retry the run.");
            return StepAnswer.WaitFor();
        }

        var wait = failure.RetryAfter is { } asked && asked > parts.Options.RetryWait(failures) ? asked : parts.Options.RetryWait(failures);
        var retryAt = (tx.Now + wait).UtcTicks;
        await tx.ExecuteAsync("UPDATE turns SET failures = @failures, begins = 0, failure = @Message, retry_at = @retryAt WHERE run = @Run AND turn = @Turn",
            new { run.Row.Run, step.Turn, failures, failure.Message, retryAt });
        await run.RefreshAsync();
        return StepAnswer.WaitFor(retryAt);
    }

    private static Task<TurnRow> TurnAsync(StoreTransaction tx, long run, int turn) =>
        tx.FirstAsync<TurnRow>("SELECT * FROM turns WHERE run = @run AND turn = @turn", new { run, turn })!;

    /// <summary>
    /// Books what an attempt has used, also when its reply came too late to be the one. Where nobody says what it has used, what was held
    /// for it stays charged.
    /// </summary>
    private static async Task SettleAsync(StoreTransaction tx, LockedRun run, int turn, ModelCall call, UsageDetails? usage)
    {
        if (usage is not { InputTokenCount: { } input, OutputTokenCount: { } output })
        {
            await tx.ExecuteAsync("UPDATE model_attempts SET state = 'unsettled' WHERE run = @Run AND turn = @turn AND attempt = @Attempt",
                new { run.Row.Run, turn, call.Attempt });
            return;
        }

        await tx.ExecuteAsync("""
            UPDATE model_attempts SET state = 'settled', input = @input, output = @output WHERE run = @Run AND turn = @turn AND attempt = @Attempt;
            UPDATE runs SET held_tokens = held_tokens - @Held, input_tokens = input_tokens + @input, output_tokens = output_tokens + @output,
              cached_tokens = cached_tokens + @cached, reasoning_tokens = reasoning_tokens + @reasoning WHERE run = @Run
            """, new
        {
            run.Row.Run, turn, call.Attempt, call.Held, input, output, cached = usage.CachedInputTokenCount ?? 0, reasoning = usage.ReasoningTokenCount ?? 0,
        });
    }

    private static Task<int> SettleLostAttemptsAsync(StoreTransaction tx, LockedRun run, int turn) =>
        tx.ExecuteAsync("UPDATE model_attempts SET state = 'unsettled' WHERE run = @Run AND turn = @turn AND state = 'held'", new { run.Row.Run, turn });

    private static string? Limit(RunLimits limits, LockedRun run, int turn)
    {
        if (turn > limits.Turns)
        {
            return "turns";
        }

        return run.Row.ActiveAt(run.Now) > limits.Time.Ticks ? "time" : null;
    }

    private sealed record Begun(StepAnswer Answer, ModelCall? Call = null);

    /// <param name="Held">Tokens held for this attempt until its usage is known.</param>
    /// <param name="CutBy">The limit that a reply of full length would have met.</param>
    private sealed record ModelCall(AgentDefinition Agent, List<Tool> Tools, Model Model, Conversation Conversation, ChatOptions Options, int Attempt, long Held, string CutBy);
}
