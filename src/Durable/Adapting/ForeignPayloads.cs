namespace Holdfast.Durable.Adapting;

/// <summary>What other engines carry.</summary>
public static class ForeignPayloads
{
    /// <summary>
    /// The largest payload in bytes: Durable Task Scheduler takes 1 MB, and does not say which; the smaller of the two readings. Azure Storage
    /// takes larger ones, as blobs.
    /// </summary>
    public const int Largest = 1_000_000;

    /// <summary>The limit to give a <see cref="DurableRegistry"/> there: it leaves room for the envelope, ids of the greatest length included.</summary>
    public const int Limit = Largest - 4096;
}
