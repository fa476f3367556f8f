using System.Collections.Concurrent;
using System.Text.Json;
using Holdfast.Durable.Embedded.Replay;
using Holdfast.Durable.Embedded.Storage;

namespace Holdfast.Durable.Embedded.Dispatch;

/// <summary>
/// Runs activities side by side up to a limit. Work that has been in flight at unclean ends before runs one at a time, the least
/// suspected first: so what kills the process is found, and its neighbours finish.
/// </summary>
internal sealed class ActivityRunner(EngineOptions options, DurableRegistry registry, InFlight inFlight, IdleGate idle, Action<long, Message> report) : IDisposable
{
    private const long Suspected = 2;
    private readonly Lock gate = new();
    private readonly Queue<Work> waiting = [];
    private readonly PriorityQueue<Work, long> suspects = new();
    private readonly Dictionary<(long Key, long Step), Work> taken = [];
    private readonly CancellationTokenSource stopping = new();
    private int running;
    private bool suspectRuns;
    private bool closed;

    /// <summary>Unclean ends counted so far, by step; what is done leaves it.</summary>
    public ConcurrentDictionary<(long Key, long Step), long> UncleanEnds { get; } = new();

    /// <summary>Runs the activity and reports its result; does nothing if it is running or waiting to.</summary>
    /// <param name="again">Its last attempt is known to have ended: run it even if that attempt is still being put away.</param>
    public void Enqueue(long key, string instanceId, OpenActivity activity, bool again = false)
    {
        var work = new Work(key, instanceId, activity.Step, activity.Name, activity.Input);
        lock (gate)
        {
            if (closed)
            {
                return;
            }

            if (!taken.TryAdd((key, activity.Step), work))
            {
                taken[(key, activity.Step)].Next ??= again ? activity : null;
                return;
            }

            idle.Enter();
            if (UncleanEnds.TryGetValue((key, activity.Step), out var count) && count >= Suspected)
            {
                suspects.Enqueue(work, count);
            }
            else
            {
                waiting.Enqueue(work);
            }
        }

        StartNext();
    }

    /// <summary>Tells the activities of an ended instance that nobody waits for them.</summary>
    public void Cancel(long key)
    {
        Work[] affected;
        lock (gate)
        {
            affected = [.. taken.Values.Where(work => work.Key == key)];
        }

        foreach (var work in affected)
        {
            work.Cancellation.Cancel();
        }
    }

    /// <summary>Counts the unclean ends of an instance anew: a person wants it tried again.</summary>
    public void Forgive(long key)
    {
        foreach (var step in UncleanEnds.Keys.Where(suspect => suspect.Key == key))
        {
            UncleanEnds.TryRemove(step, out _);
        }
    }

    /// <summary>Begins nothing more, waits for what runs, then cancels it; what does not end is handed back to the next start.</summary>
    public async Task StopAsync()
    {
        Task[] unfinished;
        lock (gate)
        {
            closed = true;
            foreach (var work in waiting.Concat(suspects.UnorderedItems.Select(item => item.Element)))
            {
                taken.Remove((work.Key, work.Step));
                idle.Leave();
            }

            waiting.Clear();
            suspects.Clear();
            unfinished = [.. taken.Values.Select(work => work.Done.Task)];
        }

        var all = Task.WhenAll(unfinished);
        if (await Task.WhenAny(all, Task.Delay(options.ShutdownGrace, TimeProvider.System)) != all)
        {
            await stopping.CancelAsync();
            await Task.WhenAny(all, Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System));
        }
    }

    public void Dispose() => stopping.Dispose();

    private void StartNext()
    {
        while (true)
        {
            Work next;
            lock (gate)
            {
                if (closed)
                {
                    return;
                }

                if (running < options.MaxConcurrentActivities && waiting.TryDequeue(out next!))
                {
                }
                else if (!suspectRuns && waiting.Count == 0 && suspects.TryDequeue(out next!, out _))
                {
                    suspectRuns = next.IsSuspect = true;
                }
                else
                {
                    return;
                }

                running++;
            }

            ThreadPool.UnsafeQueueUserWorkItem(static work => _ = work.Runner.RunAsync(work.Work), (Runner: this, Work: next), preferLocal: false);
        }
    }

    private async Task RunAsync(Work work)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, work.Cancellation.Token);
        var entry = inFlight.Begin(work.Key, work.Step);
        Message? result = null;
        try
        {
            options.CrashPoint(EngineCrashPoints.ActivityBegins);
            var context = new ActivityContext(work.InstanceId, work.Name, work.Step, cancellation.Token);
            var output = await registry.Activities[work.Name].Run(context, work.Input);
            options.CrashPoint(EngineCrashPoints.ActivityReturned);
            result = new Message(RowKind.ActivityCompleted, work.Step, work.Name, output);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Handed back: the next start runs it again; an ended instance does not miss it.
        }
        catch (Exception e)
        {
            var failure = JsonSerializer.Serialize(FailureDetails.FromException(e), EngineJson.Default.FailureDetails);
            result = new Message(RowKind.ActivityFailed, work.Step, work.Name, failure);
        }
        finally
        {
            inFlight.End(entry);
        }

        // Reported before it stops counting as taken, or a load in between would run it once more.
        if (result is { } message)
        {
            report(work.Key, message);
        }

        lock (gate)
        {
            running--;
            taken.Remove((work.Key, work.Step));
            suspectRuns &= !work.IsSuspect;
        }

        if (work.Next is { } next)
        {
            Enqueue(work.Key, work.InstanceId, next);
        }

        work.Done.SetResult();
        idle.Leave();
        StartNext();
    }

    private sealed record Work(long Key, string InstanceId, long Step, string Name, string? Input)
    {
        public CancellationTokenSource Cancellation { get; } = new();

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsSuspect { get; set; }

        /// <summary>The attempt that follows this one at once.</summary>
        public OpenActivity? Next { get; set; }
    }
}
