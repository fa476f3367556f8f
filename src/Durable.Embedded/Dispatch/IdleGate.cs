namespace Holdfast.Durable.Embedded.Dispatch;

/// <summary>Counts what is under way, so that a test or a stop can wait until nothing is.</summary>
internal sealed class IdleGate
{
    private readonly Lock gate = new();
    private TaskCompletionSource? idle;
    private long busy;

    public void Enter() => Interlocked.Increment(ref busy);

    public void Leave()
    {
        if (Interlocked.Decrement(ref busy) > 0)
        {
            return;
        }

        lock (gate)
        {
            if (Interlocked.Read(ref busy) == 0)
            {
                idle?.TrySetResult();
                idle = null;
            }
        }
    }

    public Task WhenIdleAsync()
    {
        lock (gate)
        {
            if (Interlocked.Read(ref busy) == 0)
            {
                return Task.CompletedTask;
            }

            return (idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
