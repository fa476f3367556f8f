using Holdfast.Durable.Embedded.Storage;

namespace Holdfast.Durable.Embedded.Dispatch;

/// <summary>Messages that are the engine's own and never reach history.</summary>
internal static class Control
{
    /// <summary>Look at what is stored: there may be something to do.</summary>
    public static readonly Message Look = new(0, 0, null, null);

    /// <summary>The instance was suspended, resumed, retried or ended from outside.</summary>
    public static readonly Message StatusChanged = new((RowKind)(-1), 0, null, null);

    /// <summary>An activity's next attempt is due.</summary>
    public const RowKind RetryDue = (RowKind)(-2);

    public const RowKind StrayedKind = (RowKind)(-3);

    /// <summary>The code was found to await what is not in its history; said by a thread that is not the instance's.</summary>
    public static Message Strayed(Exception astray) => new(StrayedKind, 0, null, astray.Message);
}
