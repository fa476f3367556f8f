namespace Holdfast.Durable;

/// <summary>Reaches orchestration instances from outside. Every method that changes something has stored the change when it returns.</summary>
public interface IOrchestrationClient
{
    /// <summary>Starts an instance. The same id again, also when it has ended, is the same instance: nothing happens.</summary>
    /// <returns>The instance's id.</returns>
    /// <exception cref="EngineUnavailableException">Not accepted: no disk space, or the engine is stopping.</exception>
    Task<string> ScheduleNewOrchestrationInstanceAsync(
        string orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default);

    /// <summary>Sends an event to an instance; it is delivered at least once, also if nobody waits for it yet.</summary>
    /// <exception cref="InstanceNotFoundException">No such instance.</exception>
    /// <exception cref="InstanceEndedException">It has ended.</exception>
    /// <exception cref="EngineUnavailableException">Not accepted.</exception>
    Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default);

    /// <summary>Waits until the instance has left <see cref="OrchestrationRuntimeStatus.Pending"/>.</summary>
    /// <exception cref="InstanceNotFoundException">No such instance.</exception>
    Task<OrchestrationMetadata> WaitForInstanceStartAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default);

    /// <summary>Waits until the instance has ended.</summary>
    /// <exception cref="InstanceNotFoundException">No such instance.</exception>
    Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default);

    /// <summary>The instance, or null when there is none of this id.</summary>
    Task<OrchestrationMetadata?> GetInstanceAsync(string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default);

    /// <summary>All instances that match, oldest first.</summary>
    IAsyncEnumerable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? query = null, CancellationToken cancellation = default);

    /// <summary>Ends an instance without asking its code. Its activities in flight are not undone.</summary>
    /// <exception cref="InstanceNotFoundException">No such instance.</exception>
    Task TerminateInstanceAsync(string instanceId, object? output = null, CancellationToken cancellation = default);

    /// <summary>Lets no further step of the instance begin until it is resumed. What arrives meanwhile waits.</summary>
    /// <exception cref="InstanceNotFoundException">No such instance.</exception>
    /// <exception cref="InstanceEndedException">It has ended.</exception>
    Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default);

    /// <summary>Ends a suspension.</summary>
    /// <exception cref="InstanceNotFoundException">No such instance.</exception>
    /// <exception cref="InstanceEndedException">It has ended.</exception>
    Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default);

    /// <summary>Deletes an ended instance and its history.</summary>
    /// <returns>Whether there was one to delete.</returns>
    Task<bool> PurgeInstanceAsync(string instanceId, CancellationToken cancellation = default);
}

/// <param name="InstanceId">The id; null for a new one.</param>
/// <param name="StartAt">Not before this time; null for at once.</param>
public sealed record StartOrchestrationOptions(string? InstanceId = null, DateTimeOffset? StartAt = null)
{
    /// <summary>Handed to the orchestrator as <see cref="OrchestrationContext.Version"/>.</summary>
    public string? Version { get; init; }
}

/// <param name="Statuses">Only these; null for all.</param>
/// <param name="InstanceIdPrefix">Only ids that begin with this.</param>
public sealed record OrchestrationQuery(IReadOnlyCollection<OrchestrationRuntimeStatus>? Statuses = null, string? InstanceIdPrefix = null);

public enum OrchestrationRuntimeStatus
{
    /// <summary>Accepted, not begun.</summary>
    Pending,
    Running,
    Completed,
    Failed,
    Terminated,
    Suspended,

    /// <summary>
    /// A fault needs a person: its code no longer matches its history, or its work killed the process again and again. Everything is
    /// kept. Only the embedded engine pauses; others end such an instance as <see cref="Failed"/> or deliver without limit.
    /// </summary>
    Paused,
}

/// <summary>An instance as a client sees it.</summary>
public sealed record OrchestrationMetadata(string Name, string InstanceId, OrchestrationRuntimeStatus RuntimeStatus)
{
    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset LastUpdatedAt { get; init; }

    /// <summary>JSON; null unless inputs and outputs were asked for.</summary>
    public string? SerializedInput { get; init; }

    /// <summary>JSON; null unless inputs and outputs were asked for and the instance has ended with an output.</summary>
    public string? SerializedOutput { get; init; }

    public string? SerializedCustomStatus { get; init; }

    /// <summary>Why it failed or is paused.</summary>
    public FailureDetails? FailureDetails { get; init; }

    public bool IsCompleted => RuntimeStatus.IsEnded();
}

public static class OrchestrationRuntimeStatuses
{
    /// <summary>Whether an instance of this status has ended: nothing can reach it any more.</summary>
    public static bool IsEnded(this OrchestrationRuntimeStatus status) =>
        status is OrchestrationRuntimeStatus.Completed or OrchestrationRuntimeStatus.Failed or OrchestrationRuntimeStatus.Terminated;
}
