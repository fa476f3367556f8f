namespace Holdfast.Durable;

/// <summary>When a failed activity or sub-orchestration is tried again. Attempts and waits are durable: a restart does not reset them.</summary>
public sealed record RetryPolicy
{
    /// <param name="maxNumberOfAttempts">All attempts, the first included; at least 1.</param>
    /// <param name="firstRetryInterval">The wait after the first failure; zero or more.</param>
    /// <param name="backoffCoefficient">Each wait is the one before times this; at least 1.</param>
    /// <param name="maxRetryInterval">No wait is longer; null for no bound.</param>
    /// <param name="retryTimeout">No attempt begins later than this after the first; null for no bound.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public RetryPolicy(
        int maxNumberOfAttempts,
        TimeSpan firstRetryInterval,
        double backoffCoefficient = 1.0,
        TimeSpan? maxRetryInterval = null,
        TimeSpan? retryTimeout = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxNumberOfAttempts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(firstRetryInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(backoffCoefficient, 1.0);
        MaxNumberOfAttempts = maxNumberOfAttempts;
        FirstRetryInterval = firstRetryInterval;
        BackoffCoefficient = backoffCoefficient;
        MaxRetryInterval = maxRetryInterval;
        RetryTimeout = retryTimeout;
    }

    public int MaxNumberOfAttempts { get; }

    public TimeSpan FirstRetryInterval { get; }

    public double BackoffCoefficient { get; }

    public TimeSpan? MaxRetryInterval { get; }

    public TimeSpan? RetryTimeout { get; }

    /// <summary>The wait before attempt <paramref name="failedAttempts"/> + 1, or null when there shall be none.</summary>
    /// <param name="failedAttempts">Attempts that have failed, from 1.</param>
    /// <param name="sinceFirst">The time since the first attempt began.</param>
    public TimeSpan? NextInterval(int failedAttempts, TimeSpan sinceFirst)
    {
        if (failedAttempts >= MaxNumberOfAttempts)
        {
            return null;
        }

        var ceiling = MaxRetryInterval ?? TimeSpan.FromDays(365);
        var ticks = FirstRetryInterval.Ticks * Math.Pow(BackoffCoefficient, failedAttempts - 1);
        var wait = ticks >= ceiling.Ticks ? ceiling : TimeSpan.FromTicks((long)ticks);
        return RetryTimeout is { } limit && sinceFirst + wait > limit ? null : wait;
    }
}

/// <summary>How a step is called.</summary>
/// <param name="Retry">When it is tried again; null for never.</param>
public record TaskOptions(RetryPolicy? Retry = null)
{
    public static TaskOptions FromRetryPolicy(RetryPolicy policy) => new(policy);

    /// <summary>The same options for a sub-orchestration with an id of the caller's choice.</summary>
    public SubOrchestrationOptions WithInstanceId(string instanceId) => new(Retry, instanceId);
}

/// <summary>How a sub-orchestration is called.</summary>
/// <param name="InstanceId">The child's id; null for one made from the parent's id and the step.</param>
public sealed record SubOrchestrationOptions(RetryPolicy? Retry = null, string? InstanceId = null) : TaskOptions(Retry);
