namespace Holdfast.Durable.Testing;

/// <summary>
/// Bounds what a test waits for. Real time, and far longer than anything takes: a promise that is broken shows as an error and not as a test
/// run that hangs.
/// </summary>
public static class Patience
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    public static Task<T> Patiently<T>(this Task<T> task) => task.WaitAsync(Bound);

    public static Task Patiently(this Task task) => task.WaitAsync(Bound);

    /// <summary>Looks again and again until it is so: for what nothing tells of.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var since = TimeProvider.System.GetTimestamp(); !await isSo();)
        {
            if (TimeProvider.System.GetElapsedTime(since) > Bound)
            {
                throw new TimeoutException($"What was looked for was not there within {Bound.TotalSeconds} s.");
            }

            await Task.Yield();
        }
    }
}
