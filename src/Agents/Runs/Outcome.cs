using System.Text.Json.Serialization;

namespace Holdfast.Agents.Runs;

/// <summary>How a run ended: a value, with what was done until then and what nobody knows.</summary>
/// <param name="Kind">One of <see cref="OutcomeKinds"/>.</param>
public sealed record Outcome(string Kind)
{
    /// <summary>Which limit was reached: turns, toolCalls, tokens, time or outputTokens.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Limit { get; init; }

    /// <summary>Why, for a person.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Cause { get; init; }

    /// <summary>The agent's last words, where it came to speak them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }

    /// <summary>Effects that happened.</summary>
    public IReadOnlyList<CallRef> Done { get; init; } = [];

    /// <summary>Effects that may have happened: nobody knows.</summary>
    public IReadOnlyList<CallRef> Unknown { get; init; } = [];
}

/// <summary>A tool call of a run.</summary>
/// <param name="Turn">From 1.</param>
/// <param name="Index">Its place in the turn, from 0.</param>
public sealed record CallRef(string Tool, int Turn, int Index);

public static class OutcomeKinds
{
    public const string Completed = "completed";
    public const string Rejected = "rejected";
    public const string Expired = "expired";
    public const string Cancelled = "cancelled";
    public const string LimitReached = "limitReached";
    public const string Failed = "failed";
}

/// <summary>Why a run cannot go on until a person acts; nothing of it is lost.</summary>
/// <param name="Code">A short word for programs: model, tool, engine, begins, rounds.</param>
/// <param name="Message">The fact and the remedy, for a person.</param>
public sealed record Fault(string Code, string Message, DateTimeOffset At);

public static class RunStatuses
{
    public const string Queued = "queued";
    public const string Running = "running";

    /// <summary>On a person, an event or a timer.</summary>
    public const string Waiting = "waiting";

    /// <summary>A person stopped it for a while.</summary>
    public const string Suspended = "suspended";

    /// <summary>A fault needs a person.</summary>
    public const string Paused = "paused";
    public const string Ended = "ended";

    public static readonly IReadOnlyList<string> All = [Queued, Running, Waiting, Suspended, Paused, Ended];
}

/// <summary>The closed list of what a run's watchers are shown.</summary>
public static class RunEvents
{
    public const string Created = "run.created";
    public const string ModelReplied = "model.replied";
    public const string ModelFailed = "model.failed";
    public const string ToolStarted = "tool.started";
    public const string ToolFinished = "tool.finished";
    public const string ToolFailed = "tool.failed";
    public const string ToolInDoubt = "tool.inDoubt";
    public const string ApprovalRequested = "approval.requested";
    public const string ApprovalVoted = "approval.voted";
    public const string ApprovalEdited = "approval.edited";
    public const string ApprovalEscalated = "approval.escalated";
    public const string ApprovalDecided = "approval.decided";
    public const string Suspended = "run.suspended";
    public const string Resumed = "run.resumed";
    public const string Paused = "run.paused";
    public const string Retried = "run.retried";
    public const string CancelRequested = "run.cancelRequested";
    public const string Ended = "run.ended";

    public static readonly IReadOnlyList<string> All =
    [
        Created, ModelReplied, ModelFailed, ToolStarted, ToolFinished, ToolFailed, ToolInDoubt, ApprovalRequested, ApprovalVoted, ApprovalEdited, ApprovalEscalated, ApprovalDecided,
        Suspended, Resumed, Paused, Retried, CancelRequested, Ended,
    ];
}
