namespace Holdfast.Durable.Embedded.Replay;

/// <summary>An activity that was asked for and has no recorded result.</summary>
internal sealed class OpenActivity(long step, string name, string? input, RetryPolicy? retry, long scheduledAt, TaskCompletionSource<string?> answer)
{
    public long Step { get; } = step;

    public string Name { get; } = name;

    public string? Input { get; private set; } = input;

    public TaskCompletionSource<string?> Answer { get; } = answer;

    public int FailedAttempts { get; private set; }

    /// <summary>UTC ticks before which it is not tried again.</summary>
    public long NotBefore { get; private set; }

    /// <summary>When the next attempt is due after a failure at <paramref name="now"/>; null when there is none.</summary>
    public long? NextAttempt(long now, double jitter)
    {
        if (retry?.NextInterval(FailedAttempts + 1, TimeSpan.FromTicks(now - scheduledAt)) is not { } wait)
        {
            return null;
        }

        return now + wait.Ticks + (long)(wait.Ticks * jitter / 10);
    }

    /// <summary>History decides what the step was asked to do, whatever the code would ask for today.</summary>
    public void Recorded(string? input) => Input = input;

    public void Failed(long notBefore)
    {
        FailedAttempts++;
        NotBefore = notBefore;
    }
}
