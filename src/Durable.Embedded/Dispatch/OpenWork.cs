using System.Globalization;
using Holdfast.Durable.Embedded.Replay;
using Holdfast.Durable.Embedded.Storage;

namespace Holdfast.Durable.Embedded.Dispatch;

/// <summary>Hands an instance's open activities and timers to those who carry them out.</summary>
internal readonly struct OpenWork(long key, ReplayContext context, EngineParts parts)
{
    /// <summary>Lets happen what a turn has decided, once it is on disk.</summary>
    /// <param name="retries">Activities whose next attempt is due.</param>
    public void Dispatch(Batch batch, List<long> retries)
    {
        foreach (var written in batch.Rows)
        {
            switch (written.Kind)
            {
                case RowKind.ActivityScheduled when context.Activity(written.Step) is { } activity:
                    parts.Activities.Enqueue(key, context.InstanceId, activity);
                    break;
                case RowKind.ActivityRetried when context.Activity(written.Step) is { } activity:
                    parts.Timers.Add(new TimerTarget(key, written.Step, IsRetry: true), activity.NotBefore);
                    break;
                case RowKind.TimerCreated when context.IsOpenTimer(written.Step):
                    parts.Timers.Add(new TimerTarget(key, written.Step, IsRetry: false),
                        long.Parse(written.Payload!, CultureInfo.InvariantCulture));
                    break;
            }
        }

        foreach (var step in retries)
        {
            if (context.Activity(step) is { } activity)
            {
                parts.Activities.Enqueue(key, context.InstanceId, activity);
            }
        }
    }

    /// <summary>Takes up everything that is open, after a load.</summary>
    public void DispatchAll()
    {
        var now = parts.Options.Time.GetUtcNow().UtcTicks;
        foreach (var activity in context.OpenActivities)
        {
            if (activity.NotBefore > now)
            {
                parts.Timers.Add(new TimerTarget(key, activity.Step, IsRetry: true), activity.NotBefore);
            }
            else
            {
                parts.Activities.Enqueue(key, context.InstanceId, activity);
            }
        }

        foreach (var (step, due) in context.OpenTimers)
        {
            parts.Timers.Add(new TimerTarget(key, step, IsRetry: false), due);
        }
    }
}
