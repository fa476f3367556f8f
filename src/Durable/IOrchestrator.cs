namespace Holdfast.Durable;

/// <summary>
/// Code that decides and waits, and does nothing else. It is replayed from history, so it must be deterministic: no clock, no
/// random number, no I/O, no thread of its own; all of those come from the <see cref="OrchestrationContext"/>.
/// </summary>
public interface IOrchestrator<in TInput, TOutput>
{
    /// <summary>Runs the orchestration from its beginning; called again, on a new object, at every replay.</summary>
    Task<TOutput> RunAsync(OrchestrationContext context, TInput input);
}

/// <summary>
/// Code that touches the world. It may run more than once for one step, always with the same
/// <see cref="ActivityContext.IdempotencyKey"/>; its first recorded result is the result.
/// </summary>
public interface IActivity<in TInput, TOutput>
{
    /// <summary>Does the work. An exception is a failed attempt, retried if the caller's <see cref="RetryPolicy"/> says so.</summary>
    Task<TOutput> RunAsync(ActivityContext context, TInput input);
}

/// <summary>What an activity knows about the step that it carries out.</summary>
/// <param name="InstanceId">The orchestration instance that asked for the step.</param>
/// <param name="Name">The activity's registered name.</param>
/// <param name="Step">The step's number in its instance, from 1; it goes on across continue-as-new.</param>
/// <param name="CancellationToken">Cancelled when the host stops or the instance has ended meanwhile: the result will not be used.</param>
public sealed record ActivityContext(string InstanceId, string Name, long Step, CancellationToken CancellationToken)
{
    /// <summary>The same for every execution of this step, different for every other step: what to hand to the far side.</summary>
    public string IdempotencyKey
    {
        get => field ??= StepKey.Of(InstanceId, Step);
        init;
    }
}
