namespace Holdfast.Durable.Embedded.Replay;

/// <summary>
/// Keeps an orchestrator's continuations on the one thread that feeds it, in order. A continuation that comes from anywhere else means
/// that the code awaited something that is not in its history.
/// </summary>
internal sealed class EpisodeThread(Action strayed) : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Call, object? State)> queue = [];
    private int inside;

    public bool IsInside => inside == Environment.CurrentManagedThreadId;

    public void Run(Action feed)
    {
        var before = Current;
        SetSynchronizationContext(this);
        inside = Environment.CurrentManagedThreadId;
        try
        {
            feed();
            while (queue.TryDequeue(out var next))
            {
                next.Call(next.State);
            }
        }
        finally
        {
            inside = 0;
            SetSynchronizationContext(before);
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (IsInside)
        {
            queue.Enqueue((d, state));
        }
        else
        {
            strayed();
        }
    }

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("An orchestrator cannot be called synchronously from another thread.");

    public override SynchronizationContext CreateCopy() => this;
}
