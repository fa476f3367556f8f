namespace Holdfast.Durable.Testing;

/// <summary>What an engine under test can be made to do. A scenario that needs more is skipped, and says so.</summary>
[Flags]
public enum Capabilities
{
    None = 0,

    /// <summary>It can be stopped abruptly and started again over the same storage.</summary>
    Restart = 1,

    /// <summary>Its clock can be moved.</summary>
    Advance = 2,

    /// <summary>It refuses events to unknown and ended instances.</summary>
    UnknownInstance = 4,

    /// <summary>An event takes effect once, and in the order of acceptance, also across continue-as-new.</summary>
    EventsOnce = 8,

    /// <summary>It suspends, resumes, terminates and purges as soon as the client's call returns.</summary>
    Control = 16,

    /// <summary>It hands over what orchestrators logged.</summary>
    Logs = 32,

    /// <summary>An instance ends when its code does, whatever steps it leaves open.</summary>
    LeaveOpen = 64,

    /// <summary>Events raised side by side arrive in the order of the calls.</summary>
    CallOrder = 128,

    /// <summary>A parent is told of a child that was terminated.</summary>
    TellParent = 256,
}

/// <summary>One engine under test, with storage of its own.</summary>
public abstract class EngineFixture : IAsyncDisposable
{
    public abstract Capabilities Capabilities { get; }

    /// <summary>Of the running engine; another one after a restart.</summary>
    public abstract IOrchestrationClient Client { get; }

    /// <summary>The engine's clock.</summary>
    public abstract DateTimeOffset Now { get; }

    /// <summary>Messages that orchestrators have logged.</summary>
    public virtual IReadOnlyCollection<string> Logged => throw new NotSupportedException("This fixture keeps no logs.");

    public abstract Task StartAsync(DurableRegistry registry);

    /// <summary>Stops the engine as a killed process would and starts it again over the same storage.</summary>
    /// <param name="registry">The code from now on; null for the same code.</param>
    public virtual Task RestartAsync(DurableRegistry? registry = null) => throw new NotSupportedException("This fixture cannot restart its engine.");

    /// <summary>Moves the clock timer by timer, and lets the engine settle after each.</summary>
    public virtual Task AdvanceAsync(TimeSpan by) => throw new NotSupportedException("This fixture cannot move its engine's clock.");

    /// <summary>Completes when nothing is under way: what remains waits for a timer or an event.</summary>
    public abstract Task SettleAsync();

    public abstract ValueTask DisposeAsync();
}
