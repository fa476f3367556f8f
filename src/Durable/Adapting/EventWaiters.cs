namespace Holdfast.Durable.Adapting;

/// <summary>
/// The port's waits over an engine whose own lose events. There is at most one of the engine's waiters on a name and it is never cancelled; what
/// it brings when nobody of ours waits is held for whoever waits next. To be used on the orchestrator's own turn only.
/// </summary>
/// <param name="instanceId">For what is said.</param>
/// <param name="listen">The engine's own next event of a name.</param>
/// <param name="held">What earlier generations held, oldest first.</param>
public sealed class EventWaiters(string instanceId, Func<string, Task<RawJson>> listen, IEnumerable<HeldEvent>? held)
{
    private readonly List<HeldEvent> unread = [.. held ?? []];
    private readonly HashSet<string> listening = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, TaskCompletionSource<string?>> waiting = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Events that came and that nobody has read, oldest first; the engine itself keeps any further ones of the same name.</summary>
    public IReadOnlyList<HeldEvent> Unread => unread;

    /// <summary>The payload of the next unread event of a name, which ignores case.</summary>
    /// <exception cref="InvalidOperationException">A waiter on this name is open.</exception>
    public Task<string?> WaitAsync(string name, CancellationToken cancellation)
    {
        var early = unread.FindIndex(one => string.Equals(one.Name, name, StringComparison.OrdinalIgnoreCase));
        if (early >= 0)
        {
            var payload = unread[early].Payload.Text;
            unread.RemoveAt(early);
            return Task.FromResult(payload);
        }

        var answer = new TaskCompletionSource<string?>();
        if (!waiting.TryAdd(name, answer))
        {
            throw new InvalidOperationException(
                $"Instance '{instanceId}' waits for event '{name}' already. Keep that waiter and race it against a timer; engines differ on who of two would get the event.");
        }

        if (listening.Add(name))
        {
            _ = ListenAsync(name);
        }

        // Cancelling lets go of our waiter only: the engine's stays, and what it brings is held.
        cancellation.UnsafeRegister(_ =>
        {
            if (waiting.TryGetValue(name, out var open) && open == answer)
            {
                waiting.Remove(name);
                answer.SetCanceled(cancellation);
            }
        }, null);
        return answer.Task;
    }

    private async Task ListenAsync(string name)
    {
        var payload = await listen(name);
        listening.Remove(name);
        if (waiting.Remove(name, out var waiter))
        {
            waiter.SetResult(payload.Text);
        }
        else
        {
            unread.Add(new HeldEvent(name, payload));
        }
    }
}
