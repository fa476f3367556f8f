using Holdfast.Durable.Testing;

namespace Holdfast.Agents.Tests.Storage;

/// <summary>Holds the transaction that comes to a statement, once.</summary>
internal sealed class HeldStatement(string beginning) : IDisposable
{
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim released = new();
    private int armed;
    private int times;

    /// <summary>How often it was seen: a transaction that the database has undone is run again.</summary>
    public int Times => Volatile.Read(ref times);

    public Task Reached => reached.Task.Patiently();

    public void Arm() => armed = 1;

    public void Release() => released.Set();

    public void Dispose() => released.Dispose();

    public void Seen(string sql, object? args)
    {
        if (!sql.StartsWith(beginning, StringComparison.Ordinal))
        {
            return;
        }

        Interlocked.Increment(ref times);
        if (Interlocked.Exchange(ref armed, 0) == 1)
        {
            reached.SetResult();
            released.Wait();
        }
    }
}
