using Holdfast.Durable.Embedded.Replay;
using Holdfast.Durable.Embedded.Storage;
using Microsoft.Data.Sqlite;

namespace Holdfast.Durable.Embedded.Dispatch;

/// <summary>
/// An instance that has something to do, or had a moment ago. One turn at a time: take what has come, let the code decide, write both
/// in one transaction, and only then let the decisions happen.
/// </summary>
internal sealed class Instance(long key, InstanceTable table, EngineParts parts)
{
    private readonly Lock gate = new();
    private List<Message> mailbox = [];
    private bool busy;
    private bool isResting;
    private ReplayContext? context;
    private InstanceRow? row;
    private long nextSeq;
    private long lastInbox;
    private bool startIsDue;
    private int? codeRuns;

    public long Key => key;

    /// <summary>
    /// Whether it only waits, be it for another attempt of an activity, and nothing has happened since it was found so before: then its
    /// memory may be given back.
    /// </summary>
    /// <param name="now">UTC ticks.</param>
    public bool MayLeave(long now)
    {
        lock (gate)
        {
            if (busy || (context is not null && context.OpenActivities.Any(activity => activity.NotBefore <= now)))
            {
                return false;
            }

            (var wasResting, isResting) = (isResting, true);
            return wasResting;
        }
    }

    public void Post(in Message message)
    {
        lock (gate)
        {
            mailbox.Add(message);
            isResting = false;
            if (busy)
            {
                return;
            }

            busy = true;
        }

        parts.Idle.Enter();
        parts.Ready(this);
    }

    /// <summary>One turn: the code's part on the caller's thread, the disk's part after it.</summary>
    public void Turn()
    {
        Func<Task> write;
        try
        {
            write = Decide(Take());
        }
        catch (SqliteException e)
        {
            write = () => Task.FromException(e);
        }
        finally
        {
            if (codeRuns is { } entry)
            {
                parts.InFlight.End(entry);
                codeRuns = null;
            }
        }

        _ = FinishAsync(write);
    }

    /// <summary>Marks the instance's code as running, until the end of the turn: what ends the process now may be its doing.</summary>
    private void MarkCode() => codeRuns ??= parts.InFlight.Begin(key, 0);

    private async Task FinishAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Exception e)
        {
            // The disk failed: the engine is stopping, and what is in memory here is ahead of what is written.
            parts.Failed(e);
            context = null;
            parts.Idle.Leave();
            return;
        }

        lock (gate)
        {
            if (mailbox.Count == 0)
            {
                busy = false;
                parts.Idle.Leave();
                return;
            }
        }

        parts.Ready(this);
    }

    private List<Message> Take()
    {
        lock (gate)
        {
            (var taken, mailbox) = (mailbox, []);
            return taken;
        }
    }

    private Func<Task> Decide(List<Message> messages)
    {
        var fresh = Fresh(messages);
        try
        {
            return Decide(messages, fresh);
        }
        catch (Exception e) when (e is not SqliteException)
        {
            // Whatever it is, another try would meet it again; and nothing that has come may be lost over it.
            return () => PauseAsync(e, fresh);
        }
    }

    private Func<Task> Decide(List<Message> messages, List<Message> fresh)
    {
        if (messages.Find(message => message.Kind == Control.StrayedKind) is { Payload: { } astray })
        {
            return () => PauseAsync(new InvalidOperationException(astray), fresh);
        }

        if (messages.Exists(message => message.Kind == Control.StatusChanged.Kind))
        {
            context = null;
        }

        var wasLoaded = context is not null;
        if (!wasLoaded && !Load(ref messages))
        {
            table.Forget(this);
            parts.Activities.Release(key);
            return () => ParkAsync(fresh);
        }

        if (context is null)
        {
            return () => ParkAsync(fresh);
        }

        var batch = new Batch(key, nextSeq);
        MarkCode();
        if (startIsDue)
        {
            batch.TimersCancelled.Add(0);
            startIsDue = false;
        }

        var meeting = new Meeting(row!, context, batch, parts, lastInbox);
        meeting.Feed(messages);
        lastInbox = meeting.LastInbox;
        if (meeting.Fault(wasLoaded) is { } fault)
        {
            return () => PauseAsync(fault, fresh);
        }

        parts.Options.CrashPoint(EngineCrashPoints.Decided);
        return () => CommitAsync(batch, wasLoaded ? meeting.Retries : null, fresh);
    }

    private async Task ParkAsync(List<Message> fresh)
    {
        if (fresh.Count > 0)
        {
            await parts.Store.WriteAsync(tables =>
            {
                tables.Park(key, fresh);
                return true;
            });
            PutAway(fresh);
        }
    }

    private void PutAway(List<Message> fresh)
    {
        foreach (var message in fresh)
        {
            if (message.Kind is RowKind.ActivityCompleted or RowKind.ActivityFailed)
            {
                parts.Activities.PutAway(key, message.Step);
            }
        }
    }

    private static List<Message> Fresh(List<Message> messages) =>
        messages.FindAll(message => message.Inbox == 0 && message.Kind is > 0 and < RowKind.ActivityScheduled);

    private bool Load(ref List<Message> messages)
    {
        if (parts.Store.Read(reader => reader.Load(key)) is not { } loaded || loaded.Row.Status.IsEnded())
        {
            return false;
        }

        row = loaded.Row;
        nextSeq = loaded.History.Count;
        messages = [.. loaded.Inbox, .. messages.Where(message => message.Inbox == 0)];
        lastInbox = 0;
        if (row.Status is OrchestrationRuntimeStatus.Suspended or OrchestrationRuntimeStatus.Paused)
        {
            return true; // not even its code runs: what has come stays in the inbox
        }

        if (loaded.StartsAt is { } due && due > parts.Options.Time.GetUtcNow().UtcTicks)
        {
            parts.Timers.Add(new TimerTarget(key, 0, IsRetry: false), due);
            return true;
        }

        startIsDue = loaded.StartsAt is not null;
        MarkCode();
        context = new ReplayContext(loaded, parts.Registry, parts.Loggers, astray => table.Post(key, Control.Strayed(astray)));
        return true;
    }

    /// <param name="retries">Activities whose next attempt is due; null after a load, which takes up everything.</param>
    private async Task CommitAsync(Batch batch, List<long>? retries, List<Message> fresh)
    {
        if (!batch.IsEmpty)
        {
            var outcome = await parts.Store.WriteAsync(
                tables => tables.Commit(batch, fresh, parts.Options.Time.GetUtcNow().UtcTicks),
                written => Deliver(batch, written));
            PutAway(fresh);
            if (!outcome.Applied)
            {
                context = null;
                return;
            }

            parts.Options.CrashPoint(EngineCrashPoints.Committed);
            nextSeq += batch.Rows.Count;
            Forget(batch);
        }
        else
        {
            PutAway(fresh);
        }

        if (batch.Rows.Exists(written => written.Kind == RowKind.ContinuedAsNew))
        {
            parts.Options.CrashPoint(EngineCrashPoints.ContinuedAsNew);
            context = null;
            table.Post(key, Control.Look);
        }
        else if (context!.HasEnded)
        {
            End();
        }
        else
        {
            if (batch.RowChanged || batch.StatusChanged)
            {
                row = row! with
                {
                    Status = OrchestrationRuntimeStatus.Running,
                    Readiness = batch.Readiness,
                    CustomStatus = batch.CustomStatus,
                };
            }

            var work = new OpenWork(key, context, parts);
            if (retries is null)
            {
                work.DispatchAll();
            }
            else
            {
                work.Dispatch(batch, retries);
            }

            parts.Watch.Changed(row!.Id);
        }
    }

    private void End()
    {
        if (context!.OpenActivities.Count > 0)
        {
            parts.Activities.Cancel(key);
        }

        context = null;
        table.Forget(this);
        parts.Watch.Changed(row!.Id);
    }

    /// <summary>Runs on the writing thread, so that every instance meets its inbox in the order of its ids.</summary>
    private void Deliver(Batch batch, CommitOutcome outcome)
    {
        foreach (var delivery in outcome.Deliveries)
        {
            if (delivery.Message.Kind is RowKind.SubOrchestrationCompleted or RowKind.SubOrchestrationFailed && delivery.Key != batch.Key)
            {
                parts.Options.CrashPoint(EngineCrashPoints.ChildEnded);
            }

            table.Post(delivery.Key, delivery.Message);
        }
    }

    private void Forget(Batch batch)
    {
        foreach (var step in batch.Cleared)
        {
            parts.Activities.UncleanEnds.TryRemove((key, step), out _);
        }

        foreach (var step in batch.TimersCancelled)
        {
            parts.Timers.Remove(new TimerTarget(key, step, IsRetry: false));
        }
    }

    private async Task PauseAsync(Exception cause, List<Message> fresh)
    {
        context = null;
        parts.Activities.Hold(key);
        var paused = await parts.Store.WriteAsync(tables => tables.Pause(key, FailureDetails.FromException(cause) with { StackTrace = null }, fresh));
        PutAway(fresh);
        if (!paused)
        {
            return;
        }

        var id = row?.Id;
        parts.Log.Paused(id ?? $"#{key}", cause.Message);
        if (id is not null)
        {
            parts.Watch.Changed(id);
        }
    }
}
