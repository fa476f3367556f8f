using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Wording;

namespace Holdfast.Agents.Approvals;

/// <summary>The rounds in which people are asked about a call.</summary>
internal sealed class Askings(AgentParts parts, StoreTransaction tx, LockedRun run)
{
    /// <summary>How often a call is asked about anew before the run pauses; a person's retry grants as many again.</summary>
    private const int MostReasks = 3;

    public static Asking Reference(ApprovalRow row) => new(row.Id, Times.Utc(Timetable.Next(row, TermsOf(row))));

    /// <summary>What a call is asked about as: a question is never run.</summary>
    public static string KindOf(CallRow call) => call.Tool == Question.ToolName ? ApprovalKinds.Question : ApprovalKinds.Approval;

    public static ApprovalTerms TermsOf(ApprovalRow row) => JsonSerializer.Deserialize(row.Ask, AgentsJson.Default.ApprovalTerms)!;

    public Task<ApprovalRow?> FindAsync(string id) => tx.FirstAsync<ApprovalRow>("SELECT * FROM approvals WHERE id = @id", new { id });

    public Task<IReadOnlyList<VoteRow>> VotesAsync(string id) => VotesAsync(tx, id);

    /// <summary>What people have said in a round, in its order.</summary>
    public static Task<IReadOnlyList<VoteRow>> VotesAsync(StoreTransaction tx, string id) => tx.ListAsync<VoteRow>("SELECT * FROM votes WHERE approval = @id ORDER BY seq", new { id });

    /// <summary>The newest round about a call's present attempt; null when it was never asked about.</summary>
    public Task<ApprovalRow?> NewestAsync(CallRow call, string kind, int attempt) => tx.FirstAsync<ApprovalRow>(
        "SELECT * FROM approvals WHERE run = @Run AND turn = @Turn AND idx = @Idx AND kind = @kind AND attempt = @attempt ORDER BY round DESC LIMIT 1",
        new { call.Run, call.Turn, call.Idx, kind, attempt });

    /// <summary>Opens the next round and tells whom it asks; the one before it, if any, is superseded by it.</summary>
    /// <param name="byPerson">Whether a person's act has brought it about: such a round is no reason to pause.</param>
    /// <returns>The round, or null when the run was paused because it was asked too often.</returns>
    public async Task<ApprovalRow?> OpenAsync(CallRow call, string kind, AskedTerms asked, bool byPerson = false)
    {
        var before = await tx.FirstAsync<ApprovalRow>(
            "SELECT * FROM approvals WHERE run = @Run AND turn = @Turn AND idx = @Idx AND kind = @kind ORDER BY round DESC LIMIT 1",
            new { call.Run, call.Turn, call.Idx, kind });
        var round = (before?.Round ?? 0) + 1;
        if (kind == ApprovalKinds.Approval && before?.Attempt == call.Attempt && !byPerson)
        {
            if (call.Reasks >= MostReasks)
            {
                await run.PauseAsync("rounds", $"The approval of {call.Tool} (turn {call.Turn}) was asked for {round - 1} times because its rule changed after each. Settle the rule, then retry the run.");
                return null;
            }

            await tx.ExecuteAsync("UPDATE calls SET reasks = reasks + 1 WHERE run = @Run AND turn = @Turn AND idx = @Idx", new { call.Run, call.Turn, call.Idx });
        }

        var row = new ApprovalRow
        {
            Id = Ids.New("apr", tx.Now), Tenant = run.Row.Tenant, Run = call.Run, Turn = call.Turn, Idx = call.Idx, Kind = kind, Round = round, Attempt = call.Attempt,
            Tool = call.Tool, Arguments = call.Arguments!, Proposed = call.Proposed, Digest = DigestOf(call), Ask = JsonSerializer.Serialize(asked.Terms, AgentsJson.Default.ApprovalTerms),
            Policy = asked.Policy, State = ApprovalStates.Pending, RequestedAt = run.Now, StageSince = run.Now, Risk = call.Effect, Amount = await AmountAsync(call),
            ExpiresAt = kind == ApprovalKinds.InDoubt ? null : (tx.Now + asked.Terms.Expires).UtcTicks,
        };
        await tx.ExecuteAsync("""
            INSERT INTO approvals (id, tenant, run, turn, idx, kind, round, attempt, tool, arguments, proposed, digest, ask, policy, state, requested_at, stage_since, risk, amount, expires_at)
            VALUES (@Id, @Tenant, @Run, @Turn, @Idx, @Kind, @Round, @Attempt, @Tool, @Arguments, @Proposed, @Digest, @Ask, @Policy, @State, @RequestedAt, @StageSince, @Risk, @Amount, @ExpiresAt)
            """, row);
        if (before is { State: ApprovalStates.Pending or ApprovalStates.Approved, ConsumedAt: null } && before.Attempt == call.Attempt)
        {
            await tx.ExecuteAsync("UPDATE approvals SET state = 'superseded', superseded_by = @Id WHERE id = @before", new { row.Id, before = before.Id });
            await Waits.CloseAsync(tx, run);
            await new Telling(parts, tx, run).EndedAsync(before);
        }

        await run.EventAsync(RunEvents.ApprovalRequested, new EventData { Turn = call.Turn, Index = call.Idx, Tool = call.Tool, Approval = row.Id });
        if (asked.Terms.Stages.Count > 0)
        {
            await Waits.OpenAsync(tx, row, (await ElectorateAsync(row, asked.Terms)).Selectors(asked.Terms.Stages[0]));
            await new Telling(parts, tx, run).AskAsync(row, asked.Terms, MessageKind.Request);
        }

        await run.RefreshAsync();
        return row;
    }

    public async Task<Electorate> ElectorateAsync(ApprovalRow row, ApprovalTerms terms) =>
        new((await parts.Rules.ReadAsync(tx)).People, terms, run.Row, row.Escalations);

    /// <summary>
    /// Whether what people have said suffices for what is asked now: by those who could say it when it was decided, in the way that is asked, and not too long ago.
    /// </summary>
    public async Task<bool> CoversAsync(ApprovalRow decided, ApprovalTerms asked)
    {
        if (decided.Kind == ApprovalKinds.Approval && asked.ValidFor is { } span && decided.DecidedAt + span.Ticks <= run.Now)
        {
            return false;
        }

        var yes = (await VotesAsync(decided.Id)).Where(vote => vote.Decision is Decisions.Approve or Decisions.RunAgain
            && (asked.Identity == LinkIdentity.Link || vote.Way != Ways.Link)).ToList();
        var electorate = new Electorate((await parts.Rules.ReadAsync(tx)).People, asked, run.Row, Timetable.Escalated(decided, asked));
        return Quorum.Current(asked.Stages, electorate.Count(yes)) == asked.Stages.Count;
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

    /// <summary>What it is worth, in ten thousandths: lists sort by it, nothing decides by it.</summary>
    private async Task<long> AmountAsync(CallRow call)
    {
        var agent = await parts.Agents.OfAsync(tx, run.Row.Version);
        if (Template.ParseOrNull(agent.Describe.GetValueOrDefault(call.Tool))?.Amount is not { } amount)
        {
            return 0;
        }

        const decimal Most = long.MaxValue / 10_000m;
        return CanonicalJson.Parse(call.Arguments!).At(amount.Path) is not { } value || Argument.NumberIn(value) is not { } literal ? 0
            : decimal.TryParse(literal, NumberStyles.Float, CultureInfo.InvariantCulture, out var worth) ? (long)(Math.Clamp(worth, -Most, Most) * 10_000m)
            : literal.StartsWith('-') ? -long.MaxValue
            : long.MaxValue;
    }
}
