namespace Holdfast.Durable.Embedded.Dispatch;

/// <summary>What a timer wakes.</summary>
internal readonly record struct TimerTarget(long Key, long Step, bool IsRetry);

/// <summary>All timers of all instances in one heap, behind one timer of the clock.</summary>
internal sealed class TimerQueue : IDisposable
{
    // The clock may be set: look again after this long however far away the next timer is.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(30);

    private readonly PriorityQueue<TimerTarget, (long Due, long Order)> queue = new();
    private readonly HashSet<TimerTarget> queued = [];
    private readonly Lock gate = new();
    private readonly TimeProvider time;
    private readonly Action<TimerTarget> due;
    private readonly ITimer alarm;
    private long alarmAt = long.MaxValue;
    private long order;
    private bool started;
    private bool stopped;

    /// <param name="due">Called for each timer that is due; must be quick.</param>
    public TimerQueue(TimeProvider time, Action<TimerTarget> due)
    {
        this.time = time;
        this.due = due;
        alarm = time.CreateTimer(_ => Ring(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <param name="dueAt">UTC ticks.</param>
    public void Add(TimerTarget target, long dueAt)
    {
        lock (gate)
        {
            if (stopped || queued.Contains(target))
            {
                return;
            }

            if (!started || dueAt > time.GetUtcNow().UtcTicks)
            {
                queued.Add(target);
                queue.Enqueue(target, (dueAt, ++order));
                if (started && dueAt < alarmAt)
                {
                    SetAlarm();
                }

                return;
            }
        }

        // Due already: there is nothing to ask the clock.
        due(target);
    }

    /// <summary>Lets a timer that nobody waits for any more pass in silence.</summary>
    public void Remove(TimerTarget target)
    {
        lock (gate)
        {
            queued.Remove(target);
        }
    }

    public void Start()
    {
        lock (gate)
        {
            started = true;
            SetAlarm();
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            stopped = true;
        }

        alarm.Dispose();
    }

    private void Ring()
    {
        List<TimerTarget> ringing = [];
        lock (gate)
        {
            var now = time.GetUtcNow().UtcTicks;
            while (!stopped && queue.TryPeek(out var target, out var next) && next.Due <= now)
            {
                queue.Dequeue();
                if (queued.Remove(target))
                {
                    ringing.Add(target);
                }
            }

            SetAlarm();
        }

        foreach (var target in ringing)
        {
            due(target);
        }
    }

    private void SetAlarm()
    {
        if (stopped)
        {
            return;
        }

        if (!queue.TryPeek(out _, out var next))
        {
            alarmAt = long.MaxValue;
            alarm.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        alarmAt = next.Due;

        // Rounded up to the millisecond that clocks' timers count in: late, never early.
        var wait = TimeSpan.FromMilliseconds(Math.Ceiling(TimeSpan.FromTicks(alarmAt - time.GetUtcNow().UtcTicks).TotalMilliseconds));
        alarm.Change(wait < TimeSpan.Zero ? TimeSpan.Zero : wait < LongestSleep ? wait : LongestSleep, Timeout.InfiniteTimeSpan);
    }
}
