namespace Holdfast.Durable.Testing;

/// <summary>Skips time as an engine would live through it.</summary>
public static class TimeSkipping
{
    /// <summary>Moves the clock from timer to timer, and waits at each until what it woke has settled.</summary>
    public static async Task SkipAsync(this VirtualTime time, TimeSpan by, Func<Task> settle)
    {
        var target = time.GetUtcNow() + by;
        await settle();
        while (time.NextTimer is { } next && next <= target)
        {
            time.Advance(next > time.GetUtcNow() ? next - time.GetUtcNow() : TimeSpan.Zero);
            await settle();
        }

        time.Advance(target > time.GetUtcNow() ? target - time.GetUtcNow() : TimeSpan.Zero);
        await settle();
    }
}
