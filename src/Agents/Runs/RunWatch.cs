namespace Holdfast.Agents.Runs;

/// <summary>Wakes those who watch a run in this process when something about it was committed. They read the store for what it was.</summary>
public sealed class RunWatch
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, TaskCompletionSource> watched = new(StringComparer.Ordinal);

    /// <summary>Completes at the next change after this call, or after <paramref name="atLatest"/>: another process may have made a change.</summary>
    public async Task NextAsync(string run, TimeSpan atLatest, CancellationToken cancellation)
    {
        Task change;
        lock (gate)
        {
            if (!watched.TryGetValue(run, out var source))
            {
                watched.Add(run, source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            change = source.Task;
        }

        try
        {
            await change.WaitAsync(atLatest, TimeProvider.System, cancellation);
        }
        catch (TimeoutException)
        {
        }
    }

    internal void Changed(string run)
    {
        TaskCompletionSource? source;
        lock (gate)
        {
            watched.Remove(run, out source);
        }

        source?.SetResult();
    }
}
