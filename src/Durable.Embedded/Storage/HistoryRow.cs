namespace Holdfast.Durable.Embedded.Storage;

/// <summary>What a row of history records. The numbers are on disk: never reuse one.</summary>
internal enum RowKind
{
    // Inputs: what reached the instance.
    Started = 1,
    ActivityCompleted = 2,
    ActivityFailed = 3,
    SubOrchestrationCompleted = 4,
    SubOrchestrationFailed = 5,
    TimerFired = 6,
    EventRaised = 7,

    // Decisions: what its code asked for then.
    ActivityScheduled = 20,
    SubOrchestrationScheduled = 21,
    TimerCreated = 22,
    EventSent = 23,
    ContinuedAsNew = 24,
    Completed = 25,
    Failed = 26,

    // Notes: what the engine did about an open step; the code never sees them.
    ActivityRetried = 40,
    Terminated = 41,
}

/// <summary>One row of an instance's history, in the order in which its code met it.</summary>
/// <param name="Step">The step that it belongs to; 0 for none.</param>
/// <param name="At">UTC ticks.</param>
/// <param name="Name">The activity's, orchestrator's or event's name; of a retry, when the next attempt is due.</param>
/// <param name="Payload">JSON, after the id of a child or of a sent event's target; of a timer, when it is due.</param>
internal readonly record struct HistoryRow(RowKind Kind, long Step, long At, string? Name, string? Payload)
{
    public bool IsInput => Kind < RowKind.ActivityScheduled;

    public bool IsNote => Kind >= RowKind.ActivityRetried;
}

/// <summary>An input on its way to an instance.</summary>
/// <param name="Inbox">Its row in the inbox; 0 when it is not stored there because it would come again by itself.</param>
internal readonly record struct Message(RowKind Kind, long Step, string? Name, string? Payload, long Inbox = 0);

internal sealed record InstanceRow(
    long Key,
    string Id,
    string Name,
    string Version,
    OrchestrationRuntimeStatus Status,
    Readiness Readiness,
    long StepsBefore,
    string? CustomStatus);

/// <summary>What a start of the engine has to do about an instance.</summary>
internal enum Readiness
{
    /// <summary>Nothing: it waits for an event, a timer or a child.</summary>
    Idle = 0,

    /// <summary>It has activities that are to be run.</summary>
    Active = 1,

    /// <summary>Its code has not seen its first input.</summary>
    New = 2,

    /// <summary>A person has had it retried: its code, mended, may go on where history ends.</summary>
    Retried = 3,
}
