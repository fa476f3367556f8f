using Holdfast.Durable.Embedded.Replay;
using Holdfast.Durable.Embedded.Storage;

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
    private ReplayContext? context;
    private InstanceRow? row;
    private long nextSeq;
    private long lastInbox;

    public long Key => key;

    /// <summary>Whether nothing has happened since the last time this was asked.</summary>
    public bool IsResting { get; private set; }

    /// <summary>Whether it only waits, so that its memory may be given back.</summary>
    public bool MayLeave
    {
        get
        {
            lock (gate)
            {
                return !busy && (context is null || context.OpenActivities.Count == 0);
            }
        }
    }

    public void Post(in Message message)
    {
        lock (gate)
        {
            mailbox.Add(message);
            IsResting = false;
            if (busy)
            {
                return;
            }

            busy = true;
        }

        parts.Idle.Enter();
        parts.Ready(this);
    }

    /// <summary>Marks the instance as resting; true if it was resting already.</summary>
    public bool Rest()
    {
        lock (gate)
        {
            var was = IsResting;
            IsResting = true;
            return was;
        }
    }

    /// <summary>One turn: the code's part on the caller's thread, the disk's part after it.</summary>
    public void Turn()
    {
        var entry = parts.InFlight.Begin(key, 0);
        Func<Task> write;
        try
        {
            write = Decide(Take());
        }
        finally
        {
            parts.InFlight.End(entry);
        }

        _ = FinishAsync(write);
    }

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
        if (messages.Exists(message => message.Kind == Control.StatusChanged))
        {
            context = null;
        }

        var wasLoaded = context is not null;
        try
        {
            if (!wasLoaded && !Load(ref messages))
            {
                table.Forget(this);
                return () => Task.CompletedTask;
            }
        }
        catch (Exception e) when (e is ReplayMismatchException or PayloadMismatchException)
        {
            return () => PauseAsync(e, Fresh(messages));
        }

        if (context is null)
        {
            var fresh = Fresh(messages);
            return fresh.Count == 0 ? () => Task.CompletedTask : () => parts.Store.WriteAsync(tables =>
            {
                tables.Park(key, fresh);
                return true;
            });
        }

        var batch = new Batch(key, row!.Id, nextSeq);
        var retries = Feed(messages, batch);
        if (Fault(batch, wasLoaded) is { } fault)
        {
            return () => PauseAsync(fault, Fresh(messages));
        }

        parts.Options.CrashPoint(EngineCrashPoints.Decided);
        return () => CommitAsync(batch, retries, wasLoaded);
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
        var notYet = row.Status == OrchestrationRuntimeStatus.Pending && row.Readiness == Readiness.Idle
            && !messages.Exists(message => message is { Kind: RowKind.TimerFired, Step: 0 });
        if (notYet || row.Status is OrchestrationRuntimeStatus.Suspended or OrchestrationRuntimeStatus.Paused)
        {
            return true; // not even its code runs: what has come stays in the inbox
        }

        context = new ReplayContext(loaded, parts.Registry, parts.Loggers, () => table.Post(key, Control.Look));
        return true;
    }

    /// <summary>Lets the code meet each message.</summary>
    /// <returns>Activities whose next attempt is due.</returns>
    private List<long> Feed(List<Message> messages, Batch batch)
    {
        List<long> retries = [];
        var now = parts.Options.Time.GetUtcNow().UtcTicks;
        batch.Rows.AddRange(context!.TakeDecisions());
        foreach (var message in messages)
        {
            if (context.HasEnded || context.Fault is not null)
            {
                break;
            }

            if (message.Inbox > 0)
            {
                if (message.Inbox <= lastInbox)
                {
                    continue;
                }

                lastInbox = message.Inbox;
                batch.Consumed.Add(message.Inbox);
            }

            if (message.Kind == Control.RetryDue)
            {
                retries.Add(message.Step);
            }
            else if (context.Accepts(message))
            {
                Meet(message, now, batch);
            }
            else if (message.Kind == RowKind.TimerFired)
            {
                batch.TimersCancelled.Add(message.Step); // cancelled as it fired, or the delay of a start
            }
        }

        var readiness = context.OpenActivities.Count > 0 ? Readiness.Active : Readiness.Idle;
        batch.Readiness = readiness;
        batch.RowChanged = readiness != row!.Readiness || row.Status == OrchestrationRuntimeStatus.Pending;
        batch.StatusChanged = context.CustomStatus != row.CustomStatus;
        batch.CustomStatus = context.CustomStatus;
        batch.TimersCancelled.AddRange(context.TakeCancelledTimers());
        batch.Unread = context.Unread;
        if (parts.Activities.UncleanEnds.ContainsKey((key, 0)))
        {
            batch.Cleared.Add(0);
        }

        return retries;
    }

    private void Meet(in Message message, long now, Batch batch)
    {
        if (message.Inbox == 0)
        {
            batch.Fresh.Add(message);
        }

        if (message.Kind == RowKind.ActivityFailed
            && context!.Activity(message.Step) is { } activity
            && activity.NextAttempt(now, parts.Options.Jitter.NextDouble()) is { } due)
        {
            activity.Failed(due);
            batch.Rows.Add(new HistoryRow(RowKind.ActivityRetried, message.Step, now,
                due.ToString(System.Globalization.CultureInfo.InvariantCulture), message.Payload));
            return;
        }

        if (parts.Activities.UncleanEnds.ContainsKey((key, message.Step)))
        {
            batch.Cleared.Add(message.Step);
        }

        var input = new HistoryRow(message.Kind, message.Step, now, message.Name, message.Payload);
        batch.Rows.Add(input);
        context!.Feed(input);
        batch.Rows.AddRange(context.TakeDecisions());
    }

    private Exception? Fault(Batch batch, bool wasLoaded)
    {
        if (context!.Fault is { } fault)
        {
            return fault;
        }

        var asked = wasLoaded
            ? batch.Rows.Where(decided => decided.Kind == RowKind.ActivityScheduled).Select(decided => (decided.Step, decided.Name!))
            : context.OpenActivities.Select(activity => (activity.Step, activity.Name));
        foreach (var (step, name) in asked)
        {
            if (!parts.Registry.Activities.ContainsKey(name))
            {
                return new ReplayMismatchException(row!.Id, row.Name,
                    $"step {step} asks for activity '{name}', which is not registered. Registered: {string.Join(", ", parts.Registry.Activities.Keys.Order(StringComparer.Ordinal))}.");
            }
        }

        return null;
    }

    private async Task CommitAsync(Batch batch, List<long> retries, bool wasLoaded)
    {
        if (!batch.IsEmpty)
        {
            var outcome = await parts.Store.WriteAsync(
                tables => tables.Commit(batch, parts.Options.Time.GetUtcNow().UtcTicks),
                written => Deliver(batch, written));
            if (!outcome.Applied)
            {
                context = null;
                return;
            }

            parts.Options.CrashPoint(EngineCrashPoints.Committed);
            nextSeq += batch.Rows.Count;
            Forget(batch.Cleared);
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
            row = row! with
            {
                Status = OrchestrationRuntimeStatus.Running, Readiness = batch.Readiness, CustomStatus = batch.CustomStatus,
            };
            Dispatch(batch, retries, wasLoaded);
            parts.Watch.Changed(row.Id);
        }
    }

    private void End()
    {
        context = null;
        parts.Activities.Cancel(key);
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

    private void Forget(List<long> cleared)
    {
        foreach (var step in cleared)
        {
            parts.Activities.UncleanEnds.TryRemove((key, step), out _);
        }
    }

    private void Dispatch(Batch batch, List<long> retries, bool wasLoaded)
    {
        if (!wasLoaded)
        {
            DispatchAll();
            return;
        }

        foreach (var written in batch.Rows)
        {
            switch (written.Kind)
            {
                case RowKind.ActivityScheduled when context!.Activity(written.Step) is { } activity:
                    parts.Activities.Enqueue(key, row!.Id, activity);
                    break;
                case RowKind.ActivityRetried when context!.Activity(written.Step) is { } activity:
                    parts.Timers.Add(new TimerTarget(key, written.Step, IsRetry: true), activity.NotBefore);
                    break;
                case RowKind.TimerCreated:
                    parts.Timers.Add(new TimerTarget(key, written.Step, IsRetry: false),
                        long.Parse(written.Payload!, System.Globalization.CultureInfo.InvariantCulture));
                    break;
            }
        }

        foreach (var step in retries)
        {
            if (context!.Activity(step) is { } activity)
            {
                parts.Activities.Enqueue(key, row!.Id, activity, again: true);
            }
        }
    }

    private void DispatchAll()
    {
        var now = parts.Options.Time.GetUtcNow().UtcTicks;
        foreach (var activity in context!.OpenActivities)
        {
            if (activity.NotBefore > now)
            {
                parts.Timers.Add(new TimerTarget(key, activity.Step, IsRetry: true), activity.NotBefore);
            }
            else
            {
                parts.Activities.Enqueue(key, row!.Id, activity);
            }
        }

        foreach (var (step, due) in context.OpenTimers)
        {
            parts.Timers.Add(new TimerTarget(key, step, IsRetry: false), due);
        }
    }

    private async Task PauseAsync(Exception cause, List<Message> fresh)
    {
        context = null;
        var id = row?.Id;
        await parts.Store.WriteAsync(tables => tables.Pause(key, FailureDetails.FromException(cause) with { StackTrace = null }, fresh));
        parts.Log.Paused(id ?? $"#{key}", cause.Message);
        if (id is not null)
        {
            parts.Watch.Changed(id);
        }
    }
}

/// <summary>Messages that are the engine's own and never reach history.</summary>
internal static class Control
{
    /// <summary>Look at what is stored: there may be something to do.</summary>
    public static readonly Message Look = new(0, 0, null, null);

    /// <summary>The instance was suspended, resumed, retried or ended from outside.</summary>
    public const RowKind StatusChanged = (RowKind)(-1);

    /// <summary>An activity's next attempt is due.</summary>
    public const RowKind RetryDue = (RowKind)(-2);
}
