namespace Holdfast.Agents.Http;

/// <summary>An answer that is asked for anew when it is older than a while, and once however many want it then.</summary>
internal sealed class Remembered<T>(Func<Task<T>> ask, TimeSpan good, TimeProvider time)
{
    private readonly Lock gate = new();
    private Task<T>? answer;
    private long since;

    public Task<T> GetAsync()
    {
        lock (gate)
        {
            if (answer is null || answer.IsFaulted || answer.IsCanceled || (answer.IsCompleted && time.GetElapsedTime(since) >= good))
            {
                since = time.GetTimestamp();
                answer = Task.Run(ask);
            }

            return answer;
        }
    }
}
