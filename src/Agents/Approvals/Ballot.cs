using System.Text.Json;
using Holdfast.Agents.Audit;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Approvals;

/// <summary>One approval or question in the transaction that takes a word on it: who has said what, who may, and what follows.</summary>
internal sealed class Ballot
{
    private readonly AgentParts parts;
    private readonly StoreTransaction tx;
    private readonly LockedRun run;
    private readonly ApprovalRow row;
    private readonly ApprovalTerms terms;
    private readonly Rules rules;
    private readonly Electorate electorate;
    private readonly IReadOnlyList<VoteRow> votes;
    private bool hasInstance = true;

    private Ballot(AgentParts parts, StoreTransaction tx, LockedRun run, ApprovalRow row, Rules rules, IReadOnlyList<VoteRow> votes)
    {
        (this.parts, this.tx, this.run, this.row, this.rules, this.votes) = (parts, tx, run, row, rules, votes);
        terms = Askings.TermsOf(row);
        electorate = new Electorate(rules.People, terms, run.Row, row.Escalations);
    }

    public static async Task<Ballot> ReadAsync(AgentParts parts, StoreTransaction tx, LockedRun run, string approval)
    {
        var askings = new Askings(parts, tx, run);
        return new(parts, tx, run, (await askings.FindAsync(approval))!, await parts.Rules.ReadAsync(tx), await askings.VotesAsync(approval));
    }

    /// <exception cref="RefusedException">Not something that can be decided here, whoever decides.</exception>
    public void CheckKind(Decision decision)
    {
        var allowed = Decisions.Of(row.Kind, terms);
        if (!allowed.Contains(decision.Kind, StringComparer.Ordinal))
        {
            var what = row.Kind switch { ApprovalKinds.InDoubt => "a call in doubt", ApprovalKinds.Question => "a question", _ => "an approval" };
            throw new RefusedException(Refusal.Invalid, $"'{decision.Kind}' is not a decision on {what}. Decide one of: {string.Join(", ", allowed)}.", "decision");
        }

        if (decision.Result is not null && decision.Kind is not (Decisions.Happened or Decisions.Answer))
        {
            throw new RefusedException(Refusal.Invalid, "A result goes with 'happened' or 'answer' only. Leave it out.", "result");
        }

        if (decision.Kind == Decisions.Answer && decision.Result is null)
        {
            throw new RefusedException(Refusal.Invalid, "An answer has to be given as result. Give it.", "result");
        }

        if (decision.Arguments is not null != (decision.Kind == Decisions.Edit))
        {
            throw new RefusedException(Refusal.Invalid, decision.Arguments is null ? "An edit says with which arguments the call is to run. Give all of them." : "Arguments go with 'edit' only. Leave them out.", "arguments");
        }
    }

    /// <returns>A refusal that is to be stored with what it found, rather than undo it, or null when the decision stands; and whether it stood before.</returns>
    public async Task<(RefusedException? Refusal, bool IsSame)> TakeAsync(Voice voice, Decision decision)
    {
        voice = electorate.Known(voice);
        var own = votes.FirstOrDefault(vote => vote.Voter.Equals(voice.Id, StringComparison.OrdinalIgnoreCase));
        if (own is not null && IsSame(own, decision) && (row.State != ApprovalStates.Superseded || decision.Kind == Decisions.Edit))
        {
            return (null, true);
        }

        return (Closed(own, voice, decision) ?? await TakeNewAsync(voice, decision), false);
    }

    /// <summary>What the audit keeps of an attempt.</summary>
    public AuditEntry Entry(Voice voice, Decision decision, RefusedException? refusal, bool isSame) => new(
        AuditKinds.ApprovalDecision, voice.Id, row.Id,
        refusal is not null ? AuditResults.Refused(JsonNamingPolicy.CamelCase.ConvertName(refusal.Refusal.ToString())) : isSame ? AuditResults.Same : AuditResults.Accepted)
    {
        Way = voice.Way, Link = voice.Link, Decision = decision.Kind, Digest = row.Digest, Seen = voice.Seen, Policy = row.Policy, People = rules.PeopleHash, Policies = rules.PoliciesHash,
        Reason = decision.Reason is { } reason ? Digest.OfText(reason) : null,
    };

    private async Task<RefusedException?> TakeNewAsync(Voice voice, Decision decision)
    {
        if (row.IsPending && row.ExpiresAt <= run.Now && !Timetable.EscalatesAtExpiry(row, terms))
        {
            await SettleAsking.ExpireAsync(parts, tx, run, row);
            await run.WakeAskingAsync(row.Id);
            return Expired();
        }

        return decision.Kind switch
        {
            Decisions.Reject => await RejectAsync(voice, decision),
            Decisions.Edit => await EditAsync(voice, decision),
            Decisions.Happened or Decisions.GiveUp => await ClearUpAsync(voice, decision),
            _ => await AgreeAsync(voice, decision),
        };
    }

    private bool MayAsAdmin(Voice voice)
    {
        var asAdmin = false;
        _ = row.Stage < terms.Stages.Count ? electorate.Refuse(voice, row.Stage, votes, out asAdmin) : null;
        return asAdmin;
    }

    private static bool IsSame(VoteRow vote, Decision decision) => vote.Decision == decision.Kind && vote.Reason == decision.Reason
        && vote.Result == (decision.Result ?? decision.Arguments)?.GetRawText();

    /// <summary>Why no word is taken from this voice any more; null when one is.</summary>
    private RefusedException? Closed(VoteRow? own, Voice voice, Decision decision)
    {
        if (row.State == ApprovalStates.Superseded)
        {
            return new(Refusal.Conflict, $"This was asked anew as {row.SupersededBy}. Decide on that one.");
        }

        if (own is null && terms.Stages.Count > 0 && electorate.Refuse(voice, Math.Min(row.Stage, terms.Stages.Count - 1), votes, out _) is { } refusal)
        {
            return new(Refusal.Forbidden, refusal);
        }

        if (row.Decision is { } word)
        {
            return new(Refusal.Conflict, $"{row.DecidedBy} decided '{word}' at {Times.Show(row.DecidedAt!.Value)}. A decision is not changed.");
        }

        if (row.State == ApprovalStates.Void)
        {
            return new(Refusal.Conflict, $"This is void. {row.Note}");
        }

        if (row.State == ApprovalStates.Expired)
        {
            return Expired();
        }

        if (own is not null)
        {
            return new(Refusal.Conflict, $"{own.Voter} said '{own.Decision}' at {Times.Show(own.At)}. A decision is not changed.");
        }

        return run.Row.IsEnding && decision.Kind == Decisions.RunAgain
            ? new(Refusal.Conflict, "The run has ended, so nothing is run again. Decide 'happened' or 'giveUp' to set the record straight.") : null;
    }

    private RefusedException Expired() => new(Refusal.Gone, $"The time to decide ended at {Times.Show(row.ExpiresAt!.Value)}. Nothing was run.");

    /// <summary>A yes, to the call, to running it again or to an answer: it counts with those of others until every stage is full.</summary>
    private async Task<RefusedException?> AgreeAsync(Voice voice, Decision decision)
    {
        if (decision.Kind == Decisions.Answer && Misanswer(decision) is { } refusal)
        {
            return refusal;
        }

        await VoteAsync(voice, decision);
        return await CountAsync(voice, decision);
    }

    private RefusedException? Misanswer(Decision decision)
    {
        var answer = decision.Result!.Value;
        if (Question.Of(CanonicalJson.Parse(row.Arguments)).Misfit(answer) is { } misfit)
        {
            return new(Refusal.Invalid, misfit, "result");
        }

        // Where several have to answer, they answer the same.
        return votes.FirstOrDefault(vote => vote.Decision == Decisions.Answer && vote.Result != answer.GetRawText()) is { } other
            ? new(Refusal.Conflict, $"{other.Voter} answered {JsonPlace.Show(CanonicalJson.Parse(other.Result!))}, and all who are asked have to agree. Answer the same, or reject the question.") : null;
    }

    private async Task<RefusedException?> CountAsync(Voice voice, Decision decision)
    {
        var yes = (await new Askings(parts, tx, run).VotesAsync(row.Id)).Where(vote => vote.Decision == decision.Kind).ToList();
        var stage = Quorum.Current(terms.Stages, electorate.Count(yes));
        if (stage == terms.Stages.Count)
        {
            await CloseAsync(voice, decision, decision.Kind == Decisions.Approve ? ApprovalStates.Approved : ApprovalStates.Answered);
            await FollowAsync(voice, decision);
            await WakeAsync();
            return null;
        }

        await run.EventAsync(RunEvents.ApprovalVoted, Data(voice, decision));
        if (stage != row.Stage)
        {
            await tx.ExecuteAsync("UPDATE approvals SET stage = @stage, stage_since = @Now, reminders = 0 WHERE id = @Id", new { row.Id, stage, run.Now });
            var next = (await new Askings(parts, tx, run).FindAsync(row.Id))!;
            await Waits.OpenAsync(tx, next, electorate.Selectors(terms.Stages[stage]));
            await new Telling(parts, tx, run).AskAsync(next, terms, MessageKind.Request);
            await WakeAsync(); // its reminders run anew
        }

        await run.RefreshAsync();
        return null;
    }

    private async Task<RefusedException?> RejectAsync(Voice voice, Decision decision)
    {
        await VoteAsync(voice, decision);
        await CloseAsync(voice, decision, ApprovalStates.Rejected);
        var call = await CallAsync();
        var what = row.Kind == ApprovalKinds.Question ? "A person did not answer this question" : "A person rejected this call";
        await Calls.SettleAsync(tx, run, call, CallStates.Rejected, ToolResults.Error("rejected", decision.Reason is { Length: > 0 } reason ? $"{what}: {reason}" : $"{what}."));
        if (terms.OnReject == OnReject.End)
        {
            await run.EndAsync(new Outcome(OutcomeKinds.Rejected) { Cause = $"{voice.Id} rejected {row.Tool}.{(decision.Reason is { } why ? $" {why}" : "")}" });
            await run.WakeAsync();
        }

        await WakeAsync();
        return null;
    }

    private async Task<RefusedException?> ClearUpAsync(Voice voice, Decision decision)
    {
        await VoteAsync(voice, decision);
        await CloseAsync(voice, decision, ApprovalStates.Answered);
        var call = await CallAsync();
        if (decision.Kind == Decisions.Happened)
        {
            await Calls.SettleAsync(tx, run, call, CallStates.Done, decision.Result?.GetRawText() ?? "null");
        }
        else
        {
            await Calls.SettleAsync(tx, run, call, CallStates.GivenUp, ToolResults.Error("givenUp", "Whether this happened is not known; a person gave it up."));
            await run.EndAsync(new Outcome(OutcomeKinds.Failed) { Cause = $"inDoubt: {voice.Id} gave up {row.Tool}, of which nobody knows whether it happened." });
            await run.WakeAsync();
        }

        await WakeAsync();
        return null;
    }

    /// <summary>
    /// Other arguments than the model's. They are asked about anew: what was said about the old ones is void, and who has edited them has said yes to the new ones.
    /// </summary>
    private async Task<RefusedException?> EditAsync(Voice voice, Decision decision)
    {
        if (!parts.Tools.TryFind(row.Tool, out var tool))
        {
            return new(Refusal.Conflict, $"Tool '{row.Tool}' is not registered on this host, so that new arguments cannot be checked. Approve or reject the call as it is, or bring the tool back.");
        }

        var (arguments, misfit) = Edits.Read(tool, row.Arguments, decision.Arguments!.Value, terms.Edit);
        if (misfit is not null)
        {
            return misfit;
        }

        await VoteAsync(voice, decision);
        await tx.ExecuteAsync("UPDATE calls SET proposed = COALESCE(proposed, arguments), arguments = @arguments WHERE run = @Run AND turn = @Turn AND idx = @Idx", new { row.Run, row.Turn, row.Idx, arguments });
        await tx.ExecuteAsync("UPDATE approvals SET decision = @Kind, decided_by = @By, decided_at = @Now, reason = @Reason WHERE id = @Id",
            new { row.Id, decision.Kind, By = voice.Id, run.Now, decision.Reason });
        await run.EventAsync(RunEvents.ApprovalEdited, Data(voice, decision));
        var askings = new Askings(parts, tx, run);
        var call = await CallAsync();
        var asked = await new CallPolicy(parts, tx, run).AskAsync(call) ?? new AskedTerms(terms with { Stages = [] }, []);
        var round = (await askings.OpenAsync(call, ApprovalKinds.Approval, asked, byPerson: true))!;
        var next = await ReadAsync(parts, tx, run, round.Id);
        next.hasInstance = false; // the loop makes it once it has been to the gate
        await next.VoteAsync(voice, decision with { Kind = Decisions.Approve, Arguments = null });
        await next.CountAsync(voice, decision with { Kind = Decisions.Approve, Arguments = null });
        await WakeAsync(); // the loop goes to the gate, which leads it to the new round
        return null;
    }

    /// <summary>What agreement leads to.</summary>
    private async Task FollowAsync(Voice voice, Decision decision)
    {
        if (decision.Kind == Decisions.RunAgain)
        {
            await tx.ExecuteAsync("""
                UPDATE calls SET state = 'proposed', attempt = attempt + 1, begins = 0, failures = 0, reasks = 0, retry_at = NULL, lacking_since = NULL, token = NULL, lease = NULL
                WHERE run = @Run AND turn = @Turn AND idx = @Idx
                """, new { row.Run, row.Turn, row.Idx });
        }
        else if (decision.Kind == Decisions.Answer)
        {
            await Calls.SettleAsync(tx, run, await CallAsync(), CallStates.Done, decision.Result!.Value.GetRawText());
        }
    }

    private async Task VoteAsync(Voice voice, Decision decision) => await tx.ExecuteAsync("""
        INSERT INTO votes (approval, voter, seq, decision, roles, is_admin, at, way, reason, result, seen, people, policies)
        VALUES (@Id, @Voter, @seq, @Kind, @roles, @admin, @Now, @Way, @Reason, @result, @Seen, @PeopleHash, @PoliciesHash)
        """, new
    {
        row.Id, Voter = voice.Id, seq = votes.Count + 1, decision.Kind, roles = JsonSerializer.Serialize([.. voice.Roles], AgentsJson.Default.ListString), admin = MayAsAdmin(voice) ? 1 : 0, run.Now,
        voice.Way, decision.Reason, result = (decision.Result ?? decision.Arguments)?.GetRawText(), voice.Seen, rules.PeopleHash, rules.PoliciesHash,
    });

    private async Task CloseAsync(Voice voice, Decision decision, string state)
    {
        await tx.ExecuteAsync("""
            UPDATE approvals SET state = @state, decision = @Kind, decided_by = @By, decided_at = @Now, reason = @Reason, result = @result, valid_until = @until WHERE id = @Id
            """, new
        {
            row.Id, state, decision.Kind, By = voice.Id, run.Now, decision.Reason, result = decision.Result?.GetRawText(),
            until = state == ApprovalStates.Approved && terms.ValidFor is { } span ? run.Now + span.Ticks : (long?)null,
        });
        await Waits.CloseAsync(tx, run);
        await run.EventAsync(RunEvents.ApprovalDecided, Data(voice, decision));
        await new Telling(parts, tx, run).EndedAsync(row);
    }

    private async Task WakeAsync()
    {
        if (hasInstance)
        {
            await run.WakeAskingAsync(row.Id);
        }

        await run.RefreshAsync();
    }

    private Task<CallRow> CallAsync() => Calls.ReadAsync(tx, row.Run, row.Turn, row.Idx);

    private EventData Data(Voice voice, Decision decision) =>
        new() { Turn = row.Turn, Index = row.Idx, Tool = row.Tool, Approval = row.Id, Decision = decision.Kind, By = voice.Id };
}
