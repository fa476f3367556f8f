using System.Threading.Channels;
using Holdfast.Durable.Embedded.Dispatch;
using Holdfast.Durable.Embedded.Storage;
using Holdfast.Sqlite;
using Microsoft.Extensions.Logging;

namespace Holdfast.Durable.Embedded;

/// <summary>
/// The engine on one machine: event-sourced replay over one SQLite file. <see cref="Open"/> takes the data directory and refuses a file
/// that is not right; <see cref="StartAsync"/> takes up the work.
/// </summary>
public sealed class EmbeddedEngine : IAsyncDisposable
{
    private readonly EngineOptions options;
    private readonly DataDirectory directory;
    private readonly EngineStore store;
    private readonly ILoggerFactory loggers;
    private readonly InFlight inFlight;
    private readonly IReadOnlyList<(long Key, long Step)> leftBehind;
    private readonly Channel<Instance> ready = Channel.CreateUnbounded<Instance>();
    private readonly TaskCompletionSource<Exception> failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EngineParts? parts;
    private InstanceTable? table;
    private Task[] workers = [];
    private volatile bool stopping;

    private EmbeddedEngine(EngineOptions options, DataDirectory directory, EngineStore store, ILoggerFactory loggers)
    {
        this.options = options;
        this.directory = directory;
        this.store = store;
        this.loggers = loggers;
        (inFlight, leftBehind) = InFlight.Open(
            Path.Combine(directory.Path, "in-flight"), options.MaxConcurrentActivities + 1 + Workers);
    }

    /// <summary>This engine's id, and how often it has been started.</summary>
    public EngineIdentity Identity => store.Identity;

    /// <summary>Completes with the cause when the database has failed: the process must end, and the next start goes on from the file.</summary>
    public Task<Exception> Failed => failed.Task;

    /// <summary>Instances in memory now; those that only wait are not among them for long.</summary>
    public int ResidentInstances => table?.Count ?? 0;

    public IOrchestrationClient Client => EmbeddedClient;

    /// <summary>The client with what only this engine can do.</summary>
    public EmbeddedClient EmbeddedClient => field ??= new EmbeddedClient(
        parts ?? throw new InvalidOperationException("The engine has not been started: call StartAsync first."), table!, () => stopping);

    private static int Workers => Math.Max(2, Environment.ProcessorCount);

    /// <summary>Takes the data directory and opens engine.db.</summary>
    /// <exception cref="DataDirectoryOwnedException">Another process holds the directory.</exception>
    /// <exception cref="DatabaseException">Not writable, damaged, or of a newer release; the file is left untouched.</exception>
    public static EmbeddedEngine Open(EngineOptions options, ILoggerFactory loggers)
    {
        var directory = DataDirectory.Own(options.DataDirectory);
        EngineStore? store = null;
        try
        {
            store = EngineStore.Open(options, directory.Path, loggers.CreateLogger("Holdfast.Engine"));
            return new EmbeddedEngine(options, directory, store, loggers);
        }
        catch
        {
            store?.Dispose();
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Adds one to <see cref="EngineIdentity.Epoch"/>, on disk when this returns.</summary>
    public Task AdvanceEpochAsync() => store.AdvanceEpochAsync();

    /// <summary>Begins to work: takes up every instance that has something to do, and every timer.</summary>
    public async Task StartAsync(DurableRegistry registry)
    {
        var idle = new IdleGate();
        parts = new EngineParts(options, registry, store, loggers, inFlight)
        {
            Idle = idle,
            Activities = new ActivityRunner(options, registry, inFlight, idle, (key, message) => table!.Post(key, message)),
            Timers = new TimerQueue(options.Time, Fire),
            Ready = instance => ready.Writer.TryWrite(instance),
            Failed = Fail,
        };
        table = new InstanceTable(parts);
        _ = WatchStoreAsync();
        await CountUncleanEndsAsync();
        workers = [.. Enumerable.Range(0, Workers).Select(_ => Task.Run(WorkAsync))];
        TakeUp();
    }

    /// <summary>Completes when nothing is under way: what remains waits for a timer, an event or a person.</summary>
    public Task WhenIdleAsync() => parts?.Idle.WhenIdleAsync() ?? Task.CompletedTask;

    /// <summary>
    /// Takes no new work, lets activities in flight finish within the grace, hands the rest back to the next start, and closes the file.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (stopping)
        {
            return;
        }

        stopping = true;
        if (parts is not null)
        {
            parts.Timers.Dispose();
            await parts.Activities.StopAsync();
            await Task.WhenAny(parts.Idle.WhenIdleAsync(), Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System));
            table!.Dispose();
        }

        ready.Writer.TryComplete();
        await Task.WhenAll(workers);
        Close(clean: true);
        parts?.Activities.Dispose();
        parts?.Log.Stopped();
    }

    /// <summary>Lets go of everything as a killed process would, for tests that restart within one process.</summary>
    public async Task AbandonAsync()
    {
        stopping = true;
        parts?.Timers.Dispose();
        table?.Dispose();
        ready.Writer.TryComplete();
        await Task.WhenAll(workers);
        Close(clean: false);
    }

    private void Close(bool clean)
    {
        parts?.Watch.Close();
        store.Dispose();
        if (clean)
        {
            inFlight.Clear();
        }

        inFlight.Dispose();
        directory.Dispose();
    }

    private async Task WorkAsync()
    {
        await foreach (var instance in ready.Reader.ReadAllAsync())
        {
            instance.Turn();
        }
    }

    private void Fire(TimerTarget target)
    {
        options.CrashPoint(EngineCrashPoints.TimerDue);
        table!.Post(target.Key, new Message(target.IsRetry ? Control.RetryDue : RowKind.TimerFired, target.Step, null, null));
    }

    private async Task CountUncleanEndsAsync()
    {
        foreach (var (key, step, count) in store.Read(reader => reader.Triples("SELECT instance, step, count FROM attempts")))
        {
            parts!.Activities.UncleanEnds[(key, step)] = count;
        }

        if (leftBehind.Count == 0)
        {
            return;
        }

        parts!.Log.UncleanEnd(leftBehind.Count);
        try
        {
            // All in one transaction: what a process that dies here had counted would be counted again.
            var counted = await store.AcceptAsync(tables => leftBehind.Distinct().Select(one => CountUncleanEnd(tables, one.Key, one.Step)).ToList());
            inFlight.Clear();
            foreach (var one in counted)
            {
                if (one.Count < options.MaxUncleanEnds)
                {
                    parts.Activities.UncleanEnds[(one.Key, one.Step)] = one.Count;
                }
                else if (one.Paused is { } cause)
                {
                    parts.Log.Paused($"#{one.Key}", cause);
                }
            }
        }
        catch (EngineUnavailableException e)
        {
            // No room even to count. What stands in the file stays there, and the engine starts: only so can room be made.
            parts.Log.Uncounted(e.Message);
        }
    }

    /// <returns>The count, and why the instance was paused if it was.</returns>
    private (long Key, long Step, long Count, string? Paused) CountUncleanEnd(EngineTables tables, long key, long step)
    {
        var count = tables.CountUncleanEnd(key, step);
        if (count < options.MaxUncleanEnds)
        {
            return (key, step, count, null);
        }

        var what = step == 0 ? "Its orchestrator" : $"Its step {step}";
        var cause = new FailureDetails("Poison", $"{what} was running at {count} unclean ends of the process, and may be what ended it. Mend it, then retry the instance.");
        return (key, step, count, tables.Pause(key, cause, []) ? cause.ErrorMessage : null);
    }

    private void TakeUp()
    {
        var timers = store.Read(reader => reader.Triples("SELECT instance, step, due FROM timers"));
        foreach (var (key, step, due) in timers)
        {
            parts!.Timers.Add(new TimerTarget(key, step, IsRetry: false), due);
        }

        var keys = store.Read(reader => reader.Keys("SELECT key FROM instances WHERE readiness > 0 UNION SELECT DISTINCT instance FROM inbox"));
        parts!.Log.Started(directory.Path, keys.Count, timers.Count);

        // Those whose code was running at an unclean end come last, so that the others get away before it happens again.
        foreach (var key in keys.OrderBy(key => parts.Activities.UncleanEnds.GetValueOrDefault((key, 0L))))
        {
            table!.Post(key, Control.Look);
        }

        parts.Timers.Start();
    }

    private async Task WatchStoreAsync() => Fail(await store.Failed);

    private void Fail(Exception cause)
    {
        if (!stopping && failed.TrySetResult(cause))
        {
            parts!.Log.Failed(cause);
        }
    }
}
