using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;

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

    /// <summary>approval or inDoubt.</summary>
    public required string Kind { get; init; }

    /// <summary>pending, approved, rejected, answered, expired, void or superseded.</summary>
    public required string Status { get; init; }

    public required string RunId { get; init; }

    public required string Agent { get; init; }

    public required string Tool { get; init; }

    /// <summary>Exactly what will be run.</summary>
    public required JsonElement Arguments { get; init; }

    /// <summary>SHA-256 over everything that a yes says yes to.</summary>
    public required string Digest { get; init; }

    public required int Turn { get; init; }

    public required int Index { get; init; }

    public required int Round { get; init; }

    /// <summary>Who may decide.</summary>
    public required ApprovalStageView Stage { get; init; }

    /// <summary>The decisions that can be made.</summary>
    public required IReadOnlyList<string> Decisions { get; init; }

    public required string RequestedBy { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

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
}

/// <param name="By">Any one of these: role:NAME or user:ID.</param>
/// <param name="Of">How many of them have to agree.</param>
/// <param name="Requester">allowed or denied: whether the person who asked for the run may decide.</param>
public sealed record ApprovalStageView(IReadOnlyList<string> By, int Of, string Requester);

/// <summary>Reads approvals of one tenant.</summary>
internal sealed class ApprovalQueries(StoreTransaction tx, string tenant)
{
    private const string Select = """
        SELECT a.*, r.id AS run_id, r.agent, r.requested_by, c.failure AS doubt FROM approvals a
        JOIN runs r ON r.run = a.run LEFT JOIN calls c ON c.run = a.run AND c.turn = a.turn AND c.idx = a.idx
        """;

    public async Task<ApprovalView?> FindAsync(string id) =>
        await tx.FirstAsync<Row>($"{Select} WHERE a.id = @id AND a.tenant = @tenant", new { id, tenant }) is { } row ? View(row) : null;

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<ApprovalView>> ListAsync(string? status, string? runId, string? before, int limit) =>
        [.. (await tx.ListAsync<Row>($"""
            {Select} WHERE a.tenant = @tenant
              {(status is null ? "" : "AND a.state = @status")}
              {(runId is null ? "" : "AND a.run = (SELECT run FROM runs WHERE id = @runId)")}
              {(before is null ? "" : "AND a.id < @before")}
            ORDER BY a.id DESC LIMIT @limit
            """, new { tenant, status, runId, before, limit })).Select(View)];

    private static ApprovalView View(Row row)
    {
        var ask = JsonSerializer.Deserialize(row.Ask, AgentsJson.Default.ApprovalTerms)!;
        var open = row.State == ApprovalStates.Pending;
        var inDoubt = row.Kind == ApprovalKinds.InDoubt;
        return new ApprovalView
        {
            Id = row.Id,
            Kind = row.Kind,
            Status = row.State,
            RunId = row.RunId,
            Agent = row.Agent,
            Tool = row.Tool,
            Arguments = CanonicalJson.Parse(row.Arguments),
            Digest = row.Digest,
            Turn = row.Turn,
            Index = row.Idx,
            Round = row.Round,
            Stage = new ApprovalStageView(ask.Stages[0].By, ask.Stages[0].Of, ask.RequesterMayDecide ? "allowed" : "denied"),
            Decisions = !open ? [] : inDoubt ? Approvals.Decisions.OfDoubt : Approvals.Decisions.OfApproval,
            RequestedBy = row.RequestedBy,
            RequestedAt = Times.Of(row.RequestedAt),
            ExpiresAt = Times.Of(row.ExpiresAt),
            Decision = row.Decision,
            DecidedBy = row.DecidedBy,
            DecidedAt = Times.Of(row.DecidedAt),
            Reason = row.Reason,
            Result = row.Result is null ? null : CanonicalJson.Parse(row.Result),
            ConsumedAt = Times.Of(row.ConsumedAt),
            SupersededBy = row.SupersededBy,
            Note = row.Note ?? (inDoubt && open ? $"Whether this happened is not known: {row.Doubt}" : null),
        };
    }

    private sealed class Row : ApprovalRow
    {
        public string RunId { get; init; } = "";

        public string Agent { get; init; } = "";

        public string RequestedBy { get; init; } = "";

        public string? Doubt { get; init; }
    }
}
