using System.Collections.Concurrent;
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
    private readonly HashSet<long> held = [];
    private readonly IdleGate begun = new();
    private readonly CancellationTokenSource stopping = new();
    private int running;
    private bool suspectRuns;
    private bool closed;

    /// <summary>Unclean ends counted so far, by step; what is done leaves it.</summary>
    public ConcurrentDictionary<(long Key, long Step), long> UncleanEnds { get; } = new();

    /// <summary>Runs the activity and reports its result; does nothing if that has been asked for and the result is not put away yet.</summary>
    public void Enqueue(long key, string instanceId, OpenActivity activity)
    {
        var work = new Work(key, instanceId, activity.Step, activity.Name, activity.Input);
        lock (gate)
        {
            if (closed || held.Contains(key) || !taken.TryAdd((key, activity.Step), work))
            {
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

    /// <summary>
    /// The instance has stored the result, or wants none. Until then the step counts as taken: one loaded in between would run it again.
    /// </summary>
    public void PutAway(long key, long step)
    {
        lock (gate)
        {
            taken.Remove((key, step));
        }
    }

    /// <summary>Begins none of an instance's activities until it is released; those that run go on.</summary>
    public void Hold(long key)
    {
        lock (gate)
        {
            held.Add(key);
            Withdraw(key);
        }
    }

    public void Release(long key)
    {
        lock (gate)
        {
            held.Remove(key);
        }
    }

    /// <summary>Nobody waits for an ended instance's activities: those that run are told so, the rest do not begin.</summary>
    public void Cancel(long key)
    {
        Work[] running;
        lock (gate)
        {
            Withdraw(key);
            running = [.. taken.Values.Where(work => work.Key == key)];
        }

        foreach (var work in running)
        {
            // Not on this thread: what an activity does when it is cancelled is its own affair, and may take long.
            _ = work.Cancellation.CancelAsync();
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
        lock (gate)
        {
            closed = true;
            foreach (var work in taken.Values.Where(work => !work.HasBegun).ToList())
            {
                Withdraw(work);
            }
        }

        var all = begun.WhenIdleAsync();
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
                    suspectRuns = next.IsSuspect = !next.IsWithdrawn;
                }
                else
                {
                    return;
                }

                if (next.IsWithdrawn)
                {
                    continue;
                }

                next.HasBegun = true;
                running++;
                begun.Enter();
            }

            ThreadPool.UnsafeQueueUserWorkItem(static work => _ = work.Runner.RunAsync(work.Work), (Runner: this, Work: next), preferLocal: false);
        }
    }

    private async Task RunAsync(Work work)
    {
        // Reported while it still counts as running, so that the engine is not idle in between.
        if (await AttemptAsync(work) is { } result)
        {
            report(work.Key, result);
        }
        else
        {
            PutAway(work.Key, work.Step);
        }

        lock (gate)
        {
            running--;
            suspectRuns &= !work.IsSuspect;
        }

        begun.Leave();
        idle.Leave();
        StartNext();
    }

    /// <returns>Null when it is handed back: the next start runs it again, and an ended instance does not miss it.</returns>
    private async Task<Message?> AttemptAsync(Work work)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, work.Cancellation.Token);
        var entry = inFlight.Begin(work.Key, work.Step);
        try
        {
            options.CrashPoint(EngineCrashPoints.ActivityBegins);
            var context = new ActivityContext(work.InstanceId, work.Name, work.Step, cancellation.Token);
            var output = await registry.Activities[work.Name].Run(context, work.Input);
            options.CrashPoint(EngineCrashPoints.ActivityReturned);
            return new Message(RowKind.ActivityCompleted, work.Step, null, output);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e)
        {
            return new Message(RowKind.ActivityFailed, work.Step, null, FailureJson.Write(FailureDetails.FromException(e)));
        }
        finally
        {
            inFlight.End(entry);
        }
    }

    private void Withdraw(long key)
    {
        foreach (var work in taken.Values.Where(work => work.Key == key && !work.HasBegun).ToList())
        {
            Withdraw(work);
        }
    }

    /// <summary>Its place in the queue is passed over when its turn comes.</summary>
    private void Withdraw(Work work)
    {
        work.IsWithdrawn = true;
        taken.Remove((work.Key, work.Step));
        idle.Leave();
    }

    private sealed record Work(long Key, string InstanceId, long Step, string Name, string? Input)
    {
        public CancellationTokenSource Cancellation { get; } = new();

        public bool IsSuspect { get; set; }

        public bool HasBegun { get; set; }

        public bool IsWithdrawn { get; set; }
    }
}
