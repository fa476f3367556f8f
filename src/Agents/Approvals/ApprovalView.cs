using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Approvals;

/// <summary>An approval, or a question about a call in doubt, as its deciders see it.</summary>
public sealed record ApprovalView
{
    /// <summary>What <see cref="Status"/> can be.</summary>
    public static readonly IReadOnlyList<string> Statuses =
    [
        ApprovalStates.Pending, ApprovalStates.Approved, ApprovalStates.Rejected, ApprovalStates.Answered, ApprovalStates.Expired,
        ApprovalStates.Void, ApprovalStates.Superseded,
    ];

    public required string Id { get; init; }

    /// <summary>approval, question or inDoubt.</summary>
    public required string Kind { get; init; }

    /// <summary>pending, approved, rejected, answered, expired, void or superseded.</summary>
    public required string Status { get; init; }

    public required string RunId { get; init; }

    public required string Agent { get; init; }

    /// <summary>Which version of the agent asks.</summary>
    public required string AgentVersion { get; init; }

    public required string Tool { get; init; }

    /// <summary>What the tool changes.</summary>
    public required Effect Risk { get; init; }

    /// <summary>Exactly what will be run.</summary>
    public required JsonElement Arguments { get; init; }

    /// <summary>SHA-256 over everything that a yes says yes to.</summary>
    public required string Digest { get; init; }

    public required int Turn { get; init; }

    public required int Index { get; init; }

    public required int Round { get; init; }

    /// <summary>Who may decide now.</summary>
    public required ApprovalStageView Stage { get; init; }

    /// <summary>Every stage in its order, with how many have said yes.</summary>
    public required IReadOnlyList<StageProgress> Stages { get; init; }

    /// <summary>What people have said in this round, in its order.</summary>
    public required IReadOnlyList<VoteView> Votes { get; init; }

    /// <summary>The decisions that can be made.</summary>
    public required IReadOnlyList<string> Decisions { get; init; }

    /// <summary>Which arguments may be edited; empty for none.</summary>
    public required IReadOnlyList<string> Editable { get; init; }

    /// <summary>What the model asked for, where a person has edited it.</summary>
    public JsonElement? Proposed { get; init; }

    public required string RequestedBy { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Since when others may decide, too.</summary>
    public DateTimeOffset? EscalatedAt { get; init; }

    /// <summary>Until when the yes is good; null for as long as the run waits.</summary>
    public DateTimeOffset? ValidUntil { get; init; }

    public string? Decision { get; init; }

    public string? DecidedBy { get; init; }

    public DateTimeOffset? DecidedAt { get; init; }

    public string? Reason { get; init; }

    public JsonElement? Result { get; init; }

    /// <summary>When the call that it allows began.</summary>
    public DateTimeOffset? ConsumedAt { get; init; }

    public string? SupersededBy { get; init; }

    /// <summary>What else a person should know: why it is in doubt, why it is void.</summary>
    public string? Note { get; init; }

    /// <summary>How people were told; only where one approval is asked for.</summary>
    public IReadOnlyList<MessageView>? Messages { get; init; }
}

/// <param name="By">Any one of these: role:NAME or user:ID.</param>
/// <param name="Of">How many of them have to agree.</param>
/// <param name="Requester">allowed or denied: whether the person who asked for the run may decide.</param>
public sealed record ApprovalStageView(IReadOnlyList<string> By, int Of, string Requester);

/// <param name="Have">How many of them have.</param>
/// <param name="Who">Whose yes that is.</param>
public sealed record StageProgress(IReadOnlyList<string> By, int Of, int Have, IReadOnlyList<string> Who);

/// <param name="Way">api, page or link.</param>
public sealed record VoteView(string By, string Decision, DateTimeOffset At, string Way, string? Reason);

/// <param name="Kind">request, reminder, escalation or outcome.</param>
/// <param name="To">The ids of who is told by it.</param>
/// <param name="State">queued, sent, failed (the next channel has it) or void.</param>
/// <param name="Error">Why it was not taken the last time.</param>
public sealed record MessageView(string Id, string Kind, string Channel, IReadOnlyList<string> To, string State, int Attempts, DateTimeOffset CreatedAt, DateTimeOffset? SentAt, string? Error);

/// <summary>Reads approvals of one tenant.</summary>
internal sealed class ApprovalQueries(AgentParts parts, StoreTransaction tx, string tenant)
{
    private const string Select = """
        SELECT a.*, r.id AS run_id, r.agent, r.version, r.requested_by, r.created_by, c.failure AS doubt FROM approvals a
        JOIN runs r ON r.run = a.run LEFT JOIN calls c ON c.run = a.run AND c.turn = a.turn AND c.idx = a.idx
        """;

    public async Task<ApprovalView?> FindAsync(string id)
    {
        if (await tx.FirstAsync<Row>($"{Select} WHERE a.id = @id AND a.tenant = @tenant", new { id, tenant }) is not { } row)
        {
            return null;
        }

        var messages = await tx.ListAsync<MessageRow>("SELECT m.* FROM message_approvals a JOIN messages m ON m.id = a.message WHERE a.approval = @id ORDER BY m.id", new { id });
        return (await ViewAsync([row]))[0] with { Messages = messages.Count == 0 ? null : [.. messages.Select(View)] };
    }

    /// <summary>Newest first. Those of a run are found by the run: asked for by their tenant, too, all of the tenant's would be read.</summary>
    public async Task<IReadOnlyList<ApprovalView>> ListAsync(string? status, string? runId, string? before, int limit) =>
        await ViewAsync(await tx.ListAsync<Row>($"""
            {Select} WHERE {(runId is null ? "a.tenant = @tenant" : "r.id = @runId AND r.tenant = @tenant")}
              {(status is null ? "" : "AND a.state = @status")}
              {(before is null ? "" : "AND a.id < @before")}
            ORDER BY a.id DESC LIMIT @limit
            """, new { tenant, status, runId, before, limit }));

    /// <summary>Those of some approvals that somebody may decide now, each at its place; null for the others.</summary>
    /// <param name="agent">Of this agent only; null for of all.</param>
    public async Task<IReadOnlyList<ApprovalView?>> MayDecideAsync(IReadOnlyList<string> ids, string? agent, Voice voice)
    {
        if (ids.Count == 0)
        {
            return [];
        }

        var rows = (await tx.ListAsync<Row>($"{Select} WHERE a.tenant = @tenant AND a.id IN ({Listed(ids)}){(agent is null ? "" : " AND r.agent = @agent")}", new { tenant, agent })).ToDictionary(row => row.Id);
        if (rows.Count == 0)
        {
            return new ApprovalView?[ids.Count];
        }

        var (votes, people) = await WithAsync(rows.Keys);
        return
        [
            .. ids.Select(id => rows.GetValueOrDefault(id) is { IsPending: true } row && !votes[id].Any(vote => vote.Voter.Equals(voice.Id, StringComparison.OrdinalIgnoreCase))
                && row.Electorate(people).Refuse(voice, row.Stage, [.. votes[id]], out _) is null ? View(row, [.. votes[id]], people) : null),
        ];
    }

    /// <summary>Decided and gone by, the newest first.</summary>
    public async Task<IReadOnlyList<ApprovalView>> HistoryAsync((long At, string Id)? before, int limit) => await ViewAsync(await tx.ListAsync<Row>($"""
        {Select} WHERE a.tenant = @tenant AND a.decided_at IS NOT NULL {(before is null ? "" : "AND (a.decided_at, a.id) < (@At, @Id)")}
        ORDER BY a.decided_at DESC, a.id DESC LIMIT @limit
        """, new { tenant, before?.At, before?.Id, limit }));

    private async Task<IReadOnlyList<ApprovalView>> ViewAsync(IReadOnlyList<Row> rows)
    {
        if (rows.Count == 0)
        {
            return [];
        }

        var (votes, people) = await WithAsync(rows.Select(row => row.Id));
        return [.. rows.Select(row => View(row, [.. votes[row.Id]], people))];
    }

    private async Task<(ILookup<string, VoteRow> Votes, People People)> WithAsync(IEnumerable<string> ids) =>
        ((await tx.ListAsync<VoteRow>($"SELECT * FROM votes WHERE approval IN ({Listed(ids)}) ORDER BY approval, seq")).ToLookup(vote => vote.Approval), (await parts.Rules.ReadAsync(tx)).People);

    // Ids of our own making, so they may stand in the text; a list of any length as an argument means something else to each database.
    private static string Listed(IEnumerable<string> ids) => string.Join(", ", ids.Select(id => $"'{id}'"));

    private static ApprovalView View(Row row, IReadOnlyList<VoteRow> votes, People people)
    {
        var terms = Askings.TermsOf(row);
        var electorate = row.Electorate(people);
        var seated = electorate.Seat([.. votes.Where(vote => vote.Decision is Approvals.Decisions.Approve or Approvals.Decisions.RunAgain or Approvals.Decisions.Answer)]);
        var stage = terms.Stages.Count == 0 ? new ApprovalStage([], 0) : terms.Stages[Math.Min(row.Stage, terms.Stages.Count - 1)];
        var inDoubt = row.Kind == ApprovalKinds.InDoubt;
        return new ApprovalView
        {
            Id = row.Id,
            Kind = row.Kind,
            Status = row.State,
            RunId = row.RunId,
            Agent = row.Agent,
            AgentVersion = row.Version,
            Tool = row.Tool,
            Risk = (Effect)row.Risk,
            Arguments = CanonicalJson.Parse(row.Arguments),
            Proposed = row.Proposed is null ? null : CanonicalJson.Parse(row.Proposed),
            Digest = row.Digest,
            Turn = row.Turn,
            Index = row.Idx,
            Round = row.Round,
            Stage = new ApprovalStageView(electorate.Selectors(stage), stage.Of, terms.RequesterMayDecide ? "allowed" : "denied"),
            Stages = [.. terms.Stages.Select((one, at) => new StageProgress(electorate.Selectors(one), one.Of, seated[at].Count, [.. seated[at].Select(vote => vote.Voter)]))],
            Votes = [.. votes.Select(vote => new VoteView(vote.Voter, vote.Decision, Times.Of(vote.At), vote.Way, vote.Reason))],
            Decisions = row.IsPending ? Approvals.Decisions.Of(row.Kind, terms) : [],
            Editable = row.Kind == ApprovalKinds.Approval ? terms.Edit : [],
            RequestedBy = row.RequestedBy,
            RequestedAt = Times.Of(row.RequestedAt),
            ExpiresAt = Times.Of(row.ExpiresAt),
            EscalatedAt = Times.Of(row.EscalatedAt),
            ValidUntil = Times.Of(row.ValidUntil),
            Decision = row.Decision,
            DecidedBy = row.DecidedBy,
            DecidedAt = Times.Of(row.DecidedAt),
            Reason = row.Reason,
            Result = row.Result is null ? null : CanonicalJson.Parse(row.Result),
            ConsumedAt = Times.Of(row.ConsumedAt),
            SupersededBy = row.SupersededBy,
            Note = row.Note ?? (inDoubt && row.IsPending ? $"Whether this happened is not known: {row.Doubt}" : null),
        };
    }

    private static MessageView View(MessageRow row) =>
        new(row.Id, row.Kind, row.Channel, row.Recipients, row.State, row.Attempts, Times.Of(row.CreatedAt), Times.Of(row.SentAt), row.Error);

    private sealed class Row : ApprovalRow
    {
        public string RunId { get; init; } = "";

        public string Agent { get; init; } = "";

        public string Version { get; init; } = "";

        public string RequestedBy { get; init; } = "";

        public string CreatedBy { get; init; } = "";

        public string? Doubt { get; init; }

        public Electorate Electorate(People people) =>
            new(people, Askings.TermsOf(this), new RunRow { Tenant = Tenant, RequestedBy = RequestedBy, CreatedBy = CreatedBy }, Escalations);
    }
}
