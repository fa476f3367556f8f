namespace Holdfast.Durable.Embedded;

/// <summary>How the embedded engine runs.</summary>
public sealed record EngineOptions
{
    /// <summary>Where engine.db stands; created if missing; owned by one process at a time.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Activities that run at once; 1 or more, default 256. The rest wait in the order in which they were asked for.</summary>
    public int MaxConcurrentActivities { get; init; } = 256;

    /// <summary>How long an instance that only waits stays in memory; default 5 s.</summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a stop waits for activities in flight before it hands them back to the next start; default 20 s.</summary>
    public TimeSpan ShutdownGrace { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How often work may be in flight at an unclean end of the process before its instance is paused; default 5.</summary>
    public int MaxUncleanEnds { get; init; } = 5;

    /// <summary>The most pages of 4 KiB that engine.db may have; null for no bound.</summary>
    public long? MaxDatabasePages { get; init; }

    /// <summary>The clock of timers and retries.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Spreads retries: each wait is lengthened by up to a tenth of itself.</summary>
    public Random Jitter { get; init; } = Random.Shared;

    /// <summary>Called with a name from <see cref="EngineCrashPoints"/> as each is passed. For tests, which kill the process there.</summary>
    public Action<string> CrashPoint { get; init; } = static _ => { };
}

/// <summary>The places between two durable steps of the engine, where a kill must lose nothing.</summary>
public static class EngineCrashPoints
{
    /// <summary>A start is on disk; its code has not begun.</summary>
    public const string StartAccepted = "engine.start-accepted";

    /// <summary>An event is on disk; the instance has not met it.</summary>
    public const string EventAccepted = "engine.event-accepted";

    /// <summary>The code has decided; nothing of it is on disk.</summary>
    public const string Decided = "engine.decided";

    /// <summary>Inputs and decisions are on disk; nothing of them has begun.</summary>
    public const string Committed = "engine.committed";

    /// <summary>An activity is about to act.</summary>
    public const string ActivityBegins = "engine.activity-begins";

    /// <summary>An activity has acted; its result is not on disk.</summary>
    public const string ActivityReturned = "engine.activity-returned";

    /// <summary>A timer is due; nothing says so on disk.</summary>
    public const string TimerDue = "engine.timer-due";

    /// <summary>A child has ended and its result waits in the parent's inbox.</summary>
    public const string ChildEnded = "engine.child-ended";

    /// <summary>A generation has ended; the next has not begun.</summary>
    public const string ContinuedAsNew = "engine.continued-as-new";

    public static readonly IReadOnlyList<string> All =
        [StartAccepted, EventAccepted, Decided, Committed, ActivityBegins, ActivityReturned, TimerDue, ChildEnded, ContinuedAsNew];
}
