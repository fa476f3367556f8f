namespace Holdfast.Agents.Runs;

/// <summary>Wakes those who watch a run in this process when something about it was committed. They read the store for what it was.</summary>
public sealed class RunWatch
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Watched> watched = new(StringComparer.Ordinal);

    /// <summary>Completes at the next change after this call, or after <paramref name="atLatest"/>: another process may have made a change.</summary>
    public async Task NextAsync(string run, TimeSpan atLatest, CancellationToken cancellation)
    {
        var one = Enter(run);
        try
        {
            await one.Change.Task.WaitAsync(atLatest, TimeProvider.System, cancellation);
        }
        catch (TimeoutException)
        {
        }
        finally
        {
            Leave(run, one);
        }
    }

    internal void Changed(string run)
    {
        Watched? one;
        lock (gate)
        {
            watched.Remove(run, out one);
        }

        one?.Change.SetResult();
    }

    private Watched Enter(string run)
    {
        lock (gate)
        {
            if (!watched.TryGetValue(run, out var one))
            {
                watched.Add(run, one = new Watched());
            }

            one.Watchers++;
            return one;
        }
    }

    private void Leave(string run, Watched one)
    {
        lock (gate)
        {
            if (--one.Watchers == 0 && watched.TryGetValue(run, out var present) && present == one)
            {
                watched.Remove(run);
            }
        }
    }

    private sealed class Watched
    {
        public TaskCompletionSource Change { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Watchers { get; set; }
    }
}
