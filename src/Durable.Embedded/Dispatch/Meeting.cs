using System.Globalization;
using Holdfast.Durable.Embedded.Replay;
using Holdfast.Durable.Embedded.Storage;

namespace Holdfast.Durable.Embedded.Dispatch;

/// <summary>What a turn does in memory: the code meets each message, and everything that follows is gathered into one batch.</summary>
internal sealed class Meeting(InstanceRow row, ReplayContext context, Batch batch, EngineParts parts, long lastInbox)
{
    private readonly long now = parts.Options.Time.GetUtcNow().UtcTicks;

    /// <summary>The newest inbox row that the code has met.</summary>
    public long LastInbox { get; private set; } = lastInbox;

    /// <summary>Activities whose next attempt is due.</summary>
    public List<long> Retries { get; } = [];

    /// <summary>Lets the code meet each message.</summary>
    public void Feed(List<Message> messages)
    {
        batch.Rows.AddRange(context.TakeDecisions());
        foreach (var message in messages)
        {
            if (context.HasEnded || context.Fault is not null)
            {
                break;
            }

            if (message.Inbox > 0)
            {
                if (message.Inbox <= LastInbox)
                {
                    continue;
                }

                LastInbox = message.Inbox;
                batch.Consumed.Add(message.Inbox);
            }

            if (message.Kind == Control.RetryDue)
            {
                Retries.Add(message.Step);
            }
            else if (context.Accepts(message))
            {
                Meet(message);
            }
            else if (message.Kind == RowKind.TimerFired)
            {
                batch.TimersCancelled.Add(message.Step); // cancelled as it fired
            }
        }

        var readiness = context.OpenActivities.Count > 0 ? Readiness.Active : Readiness.Idle;
        batch.Readiness = readiness;
        batch.RowChanged = readiness != row.Readiness || row.Status == OrchestrationRuntimeStatus.Pending;
        batch.StatusChanged = context.CustomStatus != row.CustomStatus;
        batch.CustomStatus = context.CustomStatus;
        batch.TimersCancelled.AddRange(context.TakeCancelledTimers());
        batch.Unread = context.Unread;
        if (parts.Activities.UncleanEnds.ContainsKey((batch.Key, 0)))
        {
            batch.Cleared.Add(0);
        }
    }

    private void Meet(in Message message)
    {
        if (message.Kind == RowKind.ActivityFailed
            && context.Activity(message.Step) is { } activity
            && activity.NextAttempt(now, parts.Options.Jitter.NextDouble()) is { } due)
        {
            activity.Failed(due);
            batch.Rows.Add(new HistoryRow(RowKind.ActivityRetried, message.Step, now,
                due.ToString(CultureInfo.InvariantCulture), message.Payload));
            return;
        }

        if (parts.Activities.UncleanEnds.ContainsKey((batch.Key, message.Step)))
        {
            batch.Cleared.Add(message.Step);
        }

        var input = new HistoryRow(message.Kind, message.Step, now, message.Name, message.Payload);
        batch.Rows.Add(input);
        context.Feed(input);
        batch.Rows.AddRange(context.TakeDecisions());
    }

    /// <summary>Why the instance cannot go on though nothing of it has failed; null when it can.</summary>
    /// <param name="wasLoaded">Whether its open activities were looked through before.</param>
    public Exception? Fault(bool wasLoaded)
    {
        if (context.Fault is { } fault)
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
                return new ReplayMismatchException(row.Id, row.Name,
                    $"step {step} asks for activity '{name}', which is not registered. {parts.Registry.Activities.Listed()}");
            }
        }

        return null;
    }
}
