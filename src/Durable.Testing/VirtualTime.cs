namespace Holdfast.Durable.Testing;

/// <summary>A clock that stands still until it is told to move: a three-day wait takes as long as the code that follows it.</summary>
public sealed class VirtualTime : TimeProvider
{
    private readonly Lock gate = new();
    private readonly PriorityQueue<Alarm, (long Due, long Order)> alarms = new();
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long order;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>When the earliest timer is due; null when none is set.</summary>
    public DateTimeOffset? NextTimer
    {
        get
        {
            lock (gate)
            {
                return Peek() is { } due ? new DateTimeOffset(due, TimeSpan.Zero) : null;
            }
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
        {
            return now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    /// <summary>Moves the clock, stopping at each timer on the way to let it ring at its own time.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var target = GetUtcNow() + by;
        while (Next(target.UtcTicks) is { } alarm)
        {
            alarm.Ring();
        }

        lock (gate)
        {
            now = target > now ? target : now;
        }
    }

    /// <summary>Sets the clock without ringing anything, as an operator or a time server would.</summary>
    public void Set(DateTimeOffset to)
    {
        lock (gate)
        {
            now = to;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        alarm.Change(dueTime, period);
        return alarm;
    }

    private long? Peek()
    {
        while (alarms.TryPeek(out var alarm, out var key))
        {
            if (alarm.IsSetFor(key.Due))
            {
                return key.Due;
            }

            alarms.Dequeue();
        }

        return null;
    }

    private Alarm? Next(long until)
    {
        lock (gate)
        {
            if (Peek() is not { } due || due > until)
            {
                return null;
            }

            now = due > now.UtcTicks ? new DateTimeOffset(due, TimeSpan.Zero) : now;
            var alarm = alarms.Dequeue();
            alarm.Rearm(due);
            return alarm;
        }
    }

    private sealed class Alarm(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private long due = long.MaxValue;
        private TimeSpan every = Timeout.InfiniteTimeSpan;

        public bool IsSetFor(long at) => due == at;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time.gate)
            {
                every = period;
                Set(dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : time.now.UtcTicks + dueTime.Ticks);
            }

            return true;
        }

        public void Rearm(long rang) => Set(every > TimeSpan.Zero ? rang + every.Ticks : long.MaxValue);

        public void Ring() => callback(state);

        public void Dispose()
        {
            lock (time.gate)
            {
                due = long.MaxValue;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(long at)
        {
            due = at;
            if (at != long.MaxValue)
            {
                time.alarms.Enqueue(this, (at, ++time.order));
            }
        }
    }
}
