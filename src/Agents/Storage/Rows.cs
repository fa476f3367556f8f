using System.Text.Json;
using Holdfast.Agents.Approvals;

namespace Holdfast.Agents.Storage;

/// <summary>A row of runs. Times are UTC ticks.</summary>
internal class RunRow
{
    /// <summary>The store's clock when the row was locked, where the database says it.</summary>
    public long StoreTicks { get; init; }

    /// <summary>When the run's engine was last seen, as it was when the row was locked; null where the row was only read.</summary>
    public long? EngineHeartbeat { get; init; }

    public long Run { get; init; }

    public string Id { get; init; } = "";

    public string Tenant { get; init; } = "";

    public string Agent { get; init; } = "";

    public string Version { get; init; } = "";

    public string Model { get; init; } = "";

    public string Input { get; init; } = "";

    public string? Metadata { get; init; }

    public string RequestedBy { get; init; } = "";

    /// <summary>Whose key the submission came with; another than <see cref="RequestedBy"/> where a delegate named somebody.</summary>
    public string CreatedBy { get; init; } = "";

    public string? RequestHash { get; init; }

    /// <summary>Who has a hand in asking for it: the person that it was asked for, and who sent it.</summary>
    public IReadOnlyList<string> Requesters => RequestedBy == CreatedBy ? [RequestedBy] : [RequestedBy, CreatedBy];

    public long CreatedAt { get; init; }

    public long? EndedAt { get; init; }

    public string Engine { get; init; } = "";

    public int Generation { get; init; }

    public string Status { get; init; } = "";

    public long? WaitsUntil { get; init; }

    public long Active { get; init; }

    public long? ActiveSince { get; init; }

    public long? CancelledAt { get; init; }

    public long? SuspendedAt { get; init; }

    public string? SuspendedBy { get; init; }

    public string? Fault { get; init; }

    public string? Ending { get; init; }

    public string? Outcome { get; init; }

    public int Turn { get; init; }

    public int ToolCalls { get; init; }

    public long InputTokens { get; init; }

    public long OutputTokens { get; init; }

    public long CachedTokens { get; init; }

    public long ReasoningTokens { get; init; }

    public long HeldTokens { get; init; }

    public bool HasEnded => EndedAt is not null;

    /// <summary>Whether nothing new may begin, because its end is decided.</summary>
    public bool IsEnding => HasEnded || CancelledAt is not null || Ending is not null;

    public long ActiveAt(long now) => Active + (ActiveSince is { } since ? Math.Max(0, now - since) : 0);
}

internal sealed class TurnRow
{
    public int Turn { get; init; }

    public int Begins { get; init; }

    public int Failures { get; init; }

    public long? RetryAt { get; init; }

    public int Attempts { get; init; }

    /// <summary>Since when no process had what it needs.</summary>
    public long? LackingSince { get; init; }

    public string? Reply { get; init; }

    public long? RepliedAt { get; init; }
}

internal sealed class CallRow
{
    public long Run { get; init; }

    public int Turn { get; init; }

    public int Idx { get; init; }

    public string Tool { get; init; } = "";

    public string CallId { get; init; } = "";

    /// <summary>Canonical; null when the model's were not valid.</summary>
    public string? Arguments { get; init; }

    /// <summary>The model's, where a person has edited them.</summary>
    public string? Proposed { get; init; }

    public int Effect { get; init; }

    public bool Idempotent { get; init; }

    public string State { get; init; } = "";

    public int Attempt { get; init; }

    public int Begins { get; init; }

    public int Failures { get; init; }

    /// <summary>How often its approval was asked for anew since a person last retried the run.</summary>
    public int Reasks { get; init; }

    public long? RetryAt { get; init; }

    /// <summary>Since when no process had its tool.</summary>
    public long? LackingSince { get; init; }

    public string? Failure { get; init; }

    public string? Token { get; init; }

    public string? Holder { get; init; }

    public long? Lease { get; init; }

    public string? Result { get; init; }

    public long? EndedAt { get; init; }

    public bool HasEffect => Effect != 0;

    public bool IsSettled => CallStates.IsSettled(State);
}

internal class ApprovalRow
{
    public string Id { get; init; } = "";

    public string Tenant { get; init; } = "";

    public long Run { get; init; }

    public int Turn { get; init; }

    public int Idx { get; init; }

    public string Kind { get; init; } = "";

    public int Round { get; init; }

    public int Attempt { get; init; }

    public string Tool { get; init; } = "";

    public string Arguments { get; init; } = "";

    public string Digest { get; init; } = "";

    public string Ask { get; init; } = "";

    public string State { get; init; } = "";

    public long RequestedAt { get; init; }

    public long? ExpiresAt { get; init; }

    public string? Decision { get; init; }

    public string? DecidedBy { get; init; }

    public string? DecidedRoles { get; init; }

    public long? DecidedAt { get; init; }

    public string? Reason { get; init; }

    public string? Result { get; init; }

    public long? ConsumedAt { get; init; }

    public string? SupersededBy { get; init; }

    public string? Note { get; init; }

    /// <summary>The first that is not full, from 0.</summary>
    public int Stage { get; init; }

    public long StageSince { get; init; }

    /// <summary>How many reminders of this stage are sent.</summary>
    public int Reminders { get; init; }

    /// <summary>How many of the escalations have been, in their order.</summary>
    public int Escalations { get; init; }

    public long? EscalatedAt { get; init; }

    public int Risk { get; init; }

    public long Amount { get; init; }

    /// <summary>The arguments that the model asked for, where a person has edited them.</summary>
    public string? Proposed { get; init; }

    /// <summary>The digest of all rules that asked.</summary>
    public string? Policy { get; init; }

    /// <summary>Until when a yes is good.</summary>
    public long? ValidUntil { get; init; }

    public bool IsPending => State == ApprovalStates.Pending;
}

/// <summary>What one person has said in a round.</summary>
internal sealed class VoteRow
{
    public string Approval { get; init; } = "";

    public string Voter { get; init; } = "";

    /// <summary>From 1, in the order in which the round's votes came.</summary>
    public int Seq { get; init; }

    public string Decision { get; init; } = "";

    /// <summary>Of the principal, as JSON.</summary>
    public string Roles { get; init; } = "[]";

    /// <summary>Whether it counts because its voter administers, where nobody else could decide.</summary>
    public bool IsAdmin { get; init; }

    public long At { get; init; }

    public string Way { get; init; } = "";

    public string? Reason { get; init; }

    /// <summary>With an answer or what happened, the value; with an edit, the new arguments.</summary>
    public string? Result { get; init; }

    /// <summary>The digest of what was shown.</summary>
    public string? Seen { get; init; }

    public string? People { get; init; }

    public string? Policies { get; init; }

    public Voice Voice => new(Voter, JsonSerializer.Deserialize(Roles, AgentsJson.Default.ListString)!, Way);
}

/// <summary>Where a tool call stands.</summary>
internal static class CallStates
{
    /// <summary>The model asked for it; nothing has begun.</summary>
    public const string Proposed = "proposed";

    /// <summary>An attempt has passed the gate; its effect may be out.</summary>
    public const string Started = "started";

    /// <summary>Nobody knows whether it happened; a person is asked.</summary>
    public const string InDoubt = "inDoubt";

    /// <summary>It happened.</summary>
    public const string Done = "done";

    /// <summary>The tool declared that nothing happened, or a call without effect failed for good: the model is told.</summary>
    public const string NotDone = "notDone";

    /// <summary>The model's fault: no such tool, or arguments that do not fit. Nothing began.</summary>
    public const string Refused = "refused";

    public const string Rejected = "rejected";

    public const string Expired = "expired";

    /// <summary>A person gave it up.</summary>
    public const string GivenUp = "givenUp";

    public static bool IsSettled(string state) => state is Done or NotDone or Refused or Rejected or Expired or GivenUp;
}

/// <summary>Where an asking stands.</summary>
internal static class ApprovalStates
{
    public const string Pending = "pending";
    public const string Approved = "approved";
    public const string Rejected = "rejected";
    public const string Expired = "expired";

    /// <summary>An in-doubt question that a person has answered.</summary>
    public const string Answered = "answered";

    /// <summary>The run ended or was cancelled before it was decided or executed.</summary>
    public const string Void = "void";

    /// <summary>Asked anew: <see cref="ApprovalRow.SupersededBy"/> names the round in force.</summary>
    public const string Superseded = "superseded";
}

internal static class ApprovalKinds
{
    public const string Approval = "approval";
    public const string InDoubt = "inDoubt";

    /// <summary>Something that an agent asks a person.</summary>
    public const string Question = "question";
}
