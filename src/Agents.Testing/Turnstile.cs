using Holdfast.Durable.Testing;

namespace Holdfast.Agents.Testing;

/// <summary>Holds whoever comes first until the test lets them go; whoever comes later passes.</summary>
public sealed class Turnstile
{
    private readonly TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource released = new();
    private int passed;

    /// <summary>Completes when somebody is held.</summary>
    public Task Entered => entered.Task.Patiently();

    /// <summary>As the act of a tool: the first request is held, deaf to its cancellation, and then answers.</summary>
    public async Task<object?> Act(FakeCall call, CancellationToken cancellation)
    {
        await PassAsync();
        return new { ok = true };
    }

    public Task PassAsync()
    {
        if (Interlocked.Exchange(ref passed, 1) != 0)
        {
            return Task.CompletedTask;
        }

        entered.SetResult();
        return released.Task;
    }

    public void Release() => released.TrySetResult();
}
