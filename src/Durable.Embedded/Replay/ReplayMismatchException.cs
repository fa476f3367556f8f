using Holdfast.Durable.Embedded.Storage;

namespace Holdfast.Durable.Embedded.Replay;

/// <summary>The code no longer does what history says it did. The instance is paused with this; nothing of it is lost.</summary>
internal sealed class ReplayMismatchException(string instanceId, string orchestrator, string fact) : Exception(
    $"Orchestrator '{orchestrator}' no longer matches the history of instance '{instanceId}': {fact} "
    + "Bring the old code back under this name, or give the new code another name for new instances; then retry the instance.")
{
    public static string Describe(in HistoryRow row) => row.Kind switch
    {
        RowKind.ActivityScheduled => $"activity '{row.Name}' (step {row.Step})",
        RowKind.SubOrchestrationScheduled => $"sub-orchestration '{row.Name}' (step {row.Step})",
        RowKind.TimerCreated => $"a timer (step {row.Step})",
        RowKind.EventSent => $"event '{row.Name}' sent (step {row.Step})",
        RowKind.ContinuedAsNew => $"continue-as-new (step {row.Step})",
        RowKind.Completed => "the end",
        RowKind.Failed => "the end by a failure",
        RowKind.EventRaised => $"event '{row.Name}' received",
        RowKind.TimerFired => $"the timer of step {row.Step} fired",
        _ => $"the result of step {row.Step}",
    };
}
