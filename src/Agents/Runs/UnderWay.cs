namespace Holdfast.Agents.Runs;

/// <summary>Knows what is under way outside any step of the engine, so that a test or a stop can wait for it.</summary>
internal sealed class UnderWay
{
    private readonly Lock gate = new();
    private readonly HashSet<TaskCompletionSource> open = [];

    public Leaving Enter()
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            open.Add(end);
        }

        return new Leaving(this, end);
    }

    /// <summary>Completes when all that is under way now has ended; what begins meanwhile is not waited for, or a busy process would wait for ever.</summary>
    /// <param name="longest">When to wait no longer.</param>
    public async Task WhenOverAsync(TimeSpan longest, TimeProvider time)
    {
        Task over;
        lock (gate)
        {
            over = Task.WhenAll(open.Select(end => end.Task));
        }

        await over.WaitAsync(longest, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Leave(TaskCompletionSource end)
    {
        lock (gate)
        {
            open.Remove(end);
        }

        end.SetResult();
    }

    public readonly struct Leaving(UnderWay underWay, TaskCompletionSource end) : IDisposable
    {
        public void Dispose() => underWay.Leave(end);
    }
}
