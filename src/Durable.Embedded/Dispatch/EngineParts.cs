using Holdfast.Durable.Embedded.Storage;
using Microsoft.Extensions.Logging;

namespace Holdfast.Durable.Embedded.Dispatch;

/// <summary>What an instance needs of its engine.</summary>
internal sealed record EngineParts(EngineOptions Options, DurableRegistry Registry, EngineStore Store, ILoggerFactory Loggers, InFlight InFlight)
{
    public required IdleGate Idle { get; init; }

    public InstanceWatch Watch { get; } = new();

    public EngineLog Log { get; } = new(Loggers.CreateLogger("Holdfast.Engine"));

    public required ActivityRunner Activities { get; init; }

    public required TimerQueue Timers { get; init; }

    /// <summary>Hands an instance to the next free worker.</summary>
    public required Action<Instance> Ready { get; init; }

    /// <summary>The disk has failed.</summary>
    public required Action<Exception> Failed { get; init; }
}

/// <summary>Lets callers wait for a change of an instance.</summary>
internal sealed class InstanceWatch
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Watched> watched = new(StringComparer.Ordinal);
    private bool closed;

    public Watcher Watch(string id)
    {
        lock (gate)
        {
            if (!watched.TryGetValue(id, out var one))
            {
                watched.Add(id, one = new Watched());
            }

            one.Watchers++;
            return new Watcher(this, id, one);
        }
    }

    public void Changed(string id)
    {
        TaskCompletionSource? source = null;
        lock (gate)
        {
            if (watched.TryGetValue(id, out var one))
            {
                (source, one.Change) = (one.Change, Watched.Source());
            }
        }

        source?.SetResult();
    }

    /// <summary>Nothing will change any more in this process: whoever waits is told so.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            foreach (var one in watched.Values)
            {
                one.Change.TrySetException(EngineStore.Stopping());
            }
        }
    }

    /// <summary>One caller's interest in one instance.</summary>
    internal sealed class Watcher(InstanceWatch owner, string id, Watched one) : IDisposable
    {
        /// <summary>Completes at the next change after this call.</summary>
        public Task Next()
        {
            lock (owner.gate)
            {
                return owner.closed ? Task.FromException(EngineStore.Stopping()) : one.Change.Task;
            }
        }

        public void Dispose()
        {
            lock (owner.gate)
            {
                if (--one.Watchers == 0)
                {
                    owner.watched.Remove(id);
                }
            }
        }
    }

    internal sealed class Watched
    {
        public TaskCompletionSource Change { get; set; } = Source();

        public int Watchers { get; set; }

        public static TaskCompletionSource Source() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>What an operator needs to know, one line each.</summary>
internal sealed class EngineLog(ILogger logger)
{
    public void Started(string directory, int instances, int timers) =>
        logger.LogInformation(
            "Engine started on {Directory}. Instances in the middle of a step: {Instances}; timers set: {Timers}; "
            + "whatever else waits goes on when something comes for it.", directory, instances, timers);

    public void UncleanEnd(int works) =>
        logger.LogWarning("The last process ended without stopping; {Count} pieces of work were in flight and are run again.", works);

    public void Uncounted(string cause) =>
        logger.LogWarning("Work that was in flight when the last process ended could not be counted: {Cause}", cause);

    public void Paused(string instance, string cause) =>
        logger.LogError("Instance {Instance} is paused until a person retries it: {Cause}", instance, cause);

    public void Stopped() => logger.LogInformation("Engine stopped.");

    public void Failed(Exception cause) => logger.LogCritical(cause, "The engine's database failed; the process must end: {Message}", cause.Message);
}
