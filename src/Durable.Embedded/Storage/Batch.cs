namespace Holdfast.Durable.Embedded.Storage;

/// <summary>Everything that one turn of an instance's code changed; written whole or not at all.</summary>
/// <param name="FirstSeq">The place of the first row in the instance's history.</param>
internal sealed record Batch(long Key, long FirstSeq)
{
    /// <summary>Inputs, each followed by the decisions that it led to.</summary>
    public List<HistoryRow> Rows { get; } = [];

    /// <summary>Inbox rows that have become history, or that nobody waits for any more.</summary>
    public List<long> Consumed { get; } = [];

    public List<long> TimersCancelled { get; } = [];

    /// <summary>Steps whose count of unclean ends is over, because they are done.</summary>
    public List<long> Cleared { get; } = [];

    /// <summary>Events that the next generation is to meet first.</summary>
    public IReadOnlyList<HistoryRow> Unread { get; set; } = [];

    public bool StatusChanged { get; set; }

    public string? CustomStatus { get; set; }

    public Readiness Readiness { get; set; }

    /// <summary>Whether the instance's row has to be written.</summary>
    public bool RowChanged { get; set; }

    public bool IsEmpty => Rows.Count == 0 && Consumed.Count == 0 && TimersCancelled.Count == 0 && Cleared.Count == 0 && !StatusChanged && !RowChanged;
}

/// <summary>An input for another instance, on disk since the same transaction.</summary>
internal readonly record struct Delivery(long Key, Message Message);

/// <param name="Applied">False when the instance had been suspended, paused or ended meanwhile: nothing of the batch was written.</param>
internal sealed record CommitOutcome(bool Applied, IReadOnlyList<Delivery> Deliveries);
