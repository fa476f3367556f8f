namespace Holdfast.Durable.Adapting;

/// <summary>When to set another engine's timer.</summary>
public static class WholeSeconds
{
    /// <summary>The first whole second that is not before this time: engines that count in seconds cut what is beyond, and fire early.</summary>
    public static DateTime Up(DateTime due) => due.Ticks % TimeSpan.TicksPerSecond is var beyond and > 0 && due.Ticks - beyond <= DateTime.MaxValue.Ticks - TimeSpan.TicksPerSecond
        ? new DateTime(due.Ticks - beyond + TimeSpan.TicksPerSecond, due.Kind) : due;
}
