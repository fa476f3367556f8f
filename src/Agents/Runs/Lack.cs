using Holdfast.Agents.Engines;

namespace Holdfast.Agents.Runs;

/// <summary>
/// A step that is handed to a process without the model or the tool that it needs. Of a shared engine another process may have it: while one
/// release follows another, the engine hands what the next one adds to either. So the step waits, and its run pauses only after longer than any
/// update drains.
/// </summary>
internal static class Lack
{
    /// <summary>A rolling update gives what is in flight 60 minutes at most.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(75);

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);

    /// <param name="since">When the step was first without it; null for now.</param>
    /// <returns>When to try another process; null when none is to be waited for.</returns>
    public static long? TryAgainAt(EngineHold engine, long now, long? since) =>
        engine.IsShared && now - (since ?? now) < Longest.Ticks ? now + LookAgain.Ticks : null;
}
