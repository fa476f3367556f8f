namespace Holdfast.Durable;

/// <summary>A failure as it is kept in history: the exception's type and message, never the exception itself.</summary>
/// <param name="ErrorType">The full name of the exception's type.</param>
/// <param name="StackTrace">For the operator; null when it never was thrown.</param>
public sealed record FailureDetails(string ErrorType, string ErrorMessage, string? StackTrace = null, FailureDetails? InnerFailure = null)
{
    public static FailureDetails FromException(Exception exception) =>
        new(exception.GetType().FullName!, exception.Message, exception.StackTrace,
            exception.InnerException is { } inner ? FromException(inner) : null);

    /// <summary>True if the failed code threw a <typeparamref name="T"/> or a type derived from it.</summary>
    public bool IsCausedBy<T>()
        where T : Exception =>
        ErrorType == typeof(T).FullName
        || AppDomain.CurrentDomain.GetAssemblies().Select(a => a.GetType(ErrorType)).FirstOrDefault(t => t is not null) is { } type
            && typeof(T).IsAssignableFrom(type);

    public override string ToString() => $"{ErrorType}: {ErrorMessage}";
}

/// <summary>An activity or sub-orchestration failed, its retries included. Thrown where the orchestrator awaits it.</summary>
/// <param name="taskId">The step's number.</param>
public sealed class TaskFailedException(string taskName, long taskId, FailureDetails failureDetails)
    : Exception($"Step {taskId} '{taskName}' failed: {failureDetails.ErrorMessage}")
{
    public string TaskName { get; } = taskName;

    public long TaskId { get; } = taskId;

    public FailureDetails FailureDetails { get; } = failureDetails;
}

/// <summary>No instance has this id.</summary>
public sealed class InstanceNotFoundException(string instanceId)
    : Exception($"There is no orchestration instance '{instanceId}'. Start it first, or check the id.")
{
    public string InstanceId { get; } = instanceId;
}

/// <summary>The instance has ended, so nothing can reach it any more.</summary>
public sealed class InstanceEndedException(string instanceId, OrchestrationRuntimeStatus status)
    : Exception($"Orchestration instance '{instanceId}' has ended ({status}). What is sent to it now would reach nobody.")
{
    public string InstanceId { get; } = instanceId;

    public OrchestrationRuntimeStatus Status { get; } = status;
}

/// <summary>An input, result or event is larger than the engine carries.</summary>
/// <param name="size">Its size as UTF-8 JSON, in bytes.</param>
/// <param name="limit">The largest that is taken, in bytes.</param>
public sealed class PayloadTooLargeException(string what, long size, long limit)
    : Exception($"{what} is {size} bytes of JSON; the limit is {limit}. Store it elsewhere and pass a reference.")
{
    public long Size { get; } = size;

    public long Limit { get; } = limit;
}

/// <summary>The engine cannot take new work now, for want of disk space or because it is stopping. Nothing was accepted; try again.</summary>
public sealed class EngineUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
