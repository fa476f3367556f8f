namespace Holdfast.Durable.Adapting;

/// <summary>An instance's status by the names that Durable Task has for it.</summary>
public static class ForeignStatuses
{
    /// <summary>Every status that Durable Task knows, so that an id that was started stays one instance whatever became of it.</summary>
    public static IReadOnlyList<string> All { get; } = ["Pending", "Running", "Completed", "Failed", "Terminated", "Canceled", "Suspended"];

    /// <exception cref="ArgumentException">A status of a newer Durable Task.</exception>
    public static OrchestrationRuntimeStatus Ours(string theirs) => theirs switch
    {
        "ContinuedAsNew" => OrchestrationRuntimeStatus.Running,
        "Canceled" => OrchestrationRuntimeStatus.Terminated,
        _ when Enum.TryParse<OrchestrationRuntimeStatus>(theirs, out var status) => status,
        _ => throw new ArgumentException($"The engine says that an instance is {theirs}, which this Holdfast does not know. Run a newer one."),
    };

    /// <summary>Their names of one of ours; none for <see cref="OrchestrationRuntimeStatus.Paused"/>, which they never are.</summary>
    public static IReadOnlyList<string> Theirs(OrchestrationRuntimeStatus ours) => ours switch
    {
        OrchestrationRuntimeStatus.Running => ["Running", "ContinuedAsNew"],
        OrchestrationRuntimeStatus.Terminated => ["Terminated", "Canceled"],
        OrchestrationRuntimeStatus.Paused => [],
        _ => [ours.ToString()],
    };
}
