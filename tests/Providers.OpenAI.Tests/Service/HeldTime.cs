namespace Holdfast.Providers.OpenAI.Tests.Service;

/// <summary>A clock that stands still. Its timers go off when they are told to.</summary>
internal sealed class HeldTime : TimeProvider
{
    private readonly List<HeldTimer> timers = [];

    public static DateTimeOffset Now { get; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public IEnumerable<TimeSpan> Waiting => timers.Select(timer => timer.Due);

    public override DateTimeOffset GetUtcNow() => Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new HeldTimer(() => callback(state), dueTime);
        timers.Add(timer);
        return timer;
    }

    public void GoOff() => timers.ForEach(timer => timer.GoOff());

    private sealed class HeldTimer(Action goOff, TimeSpan due) : ITimer
    {
        public TimeSpan Due { get; private set; } = due;

        public void GoOff() => goOff();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime;
            return true;
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
