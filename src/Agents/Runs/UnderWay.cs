namespace Holdfast.Agents.Runs;

/// <summary>Counts what is under way outside any step of the engine, so that a test or a stop can wait until nothing is.</summary>
internal sealed class UnderWay
{
    private readonly Lock gate = new();
    private TaskCompletionSource? quiet;
    private int count;

    public Leaving Enter()
    {
        lock (gate)
        {
            count++;
        }

        return new Leaving(this);
    }

    public Task WhenQuietAsync()
    {
        lock (gate)
        {
            return count == 0 ? Task.CompletedTask : (quiet ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private void Leave()
    {
        lock (gate)
        {
            if (--count == 0)
            {
                quiet?.SetResult();
                quiet = null;
            }
        }
    }

    public readonly struct Leaving(UnderWay underWay) : IDisposable
    {
        public void Dispose() => underWay.Leave();
    }
}
