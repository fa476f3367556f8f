namespace Holdfast.Agents.Audit;

/// <summary>One reading of a chain, entry by entry. It stops at the first that is wrong: what stands behind that hangs on nothing.</summary>
/// <param name="kept">A head that was kept elsewhere.</param>
internal sealed class AuditWalk(string tenant, AuditHead? kept)
{
    private string before = "";
    private string last = AuditChain.Beginning(tenant);

    /// <summary>The last entry that was read; at first zero.</summary>
    public long Seq { get; private set; }

    /// <summary>Where to read on. No entry stands before the first, unless somebody put it there.</summary>
    public long After => Seq == 0 ? long.MinValue : Seq;

    /// <returns>Null where the entry is as it was written.</returns>
    public AuditReport? Step(AuditRow row, AuditHead? head)
    {
        var seq = Seq + 1;
        if (row.Seq < seq || row.Seq > (head?.Seq ?? long.MaxValue))
        {
            return Wrong(row.Seq, AuditFault.Inserted, $"It was inserted: the chain goes from entry 1 to entry {head?.Seq}.");
        }

        if (row.Seq != seq)
        {
            return Wrong(seq, AuditFault.Missing, row.Seq == seq + 1 ? "It is missing." : $"It is missing, and so is what stood before entry {row.Seq}.");
        }

        if (head is null)
        {
            return Wrong(seq, AuditFault.Head, "There is an entry, and the chain has no head: the head was taken away.");
        }

        if (AuditChain.Next(last, seq, row.At, row.Entry) != row.Hash)
        {
            return seq > 1 && AuditChain.Next(before, seq - 1, row.At, row.Entry) == row.Hash
                ? Wrong(seq - 1, AuditFault.Inserted, $"It was inserted: entry {seq} follows from the one before it.")
                : Wrong(seq, AuditFault.Edited, "It was edited or inserted, or what stood right before it was edited, replaced or taken out.");
        }

        (before, last, Seq) = (last, row.Hash, seq);
        return kept?.Seq == seq && kept.Hash != last ? Wrong(seq, AuditFault.Rewritten, "It is not the one whose hash was kept: it, or what stands before it, was written anew.") : null;
    }

    public AuditReport End(AuditHead? head) => head switch
    {
        { } when head.Seq > Seq => Wrong(Seq + 1, AuditFault.CutOff, $"It is missing, with all up to entry {head.Seq}: the end of the chain was cut off."),
        { } when head.Hash != last => Wrong(Seq, AuditFault.Head, "It is not what the chain's head says: the head was edited, or the entry was replaced."),
        _ when kept?.Seq > Seq => Wrong(Seq + 1, AuditFault.CutOff, $"It is missing: a chain of {kept.Seq} entries was kept in mind, and this one ends with entry {Seq}."),
        _ => new AuditReport(tenant, Seq, last, AuditFault.None, null),
    };

    private AuditReport Wrong(long seq, AuditFault fault, string message) => new(tenant, seq, last, fault, message);
}

/// <summary>What a reading of a chain has found.</summary>
/// <param name="Seq">The last entry; where something is wrong, the first that is.</param>
/// <param name="Hash">That of the last entry that is as it was written.</param>
/// <param name="Message">What is wrong, as a sentence; null for nothing.</param>
public sealed record AuditReport(string Tenant, long Seq, string Hash, AuditFault Fault, string? Message)
{
    public bool IsWhole => Fault == AuditFault.None;
}

/// <summary>How an entry is wrong.</summary>
public enum AuditFault
{
    None,
    Edited,

    /// <summary>Between others.</summary>
    Missing,
    Inserted,

    /// <summary>The last ones are missing.</summary>
    CutOff,

    /// <summary>The entries are a chain, and the head is not its end.</summary>
    Head,

    /// <summary>The entries are a chain, and not the one that was kept in mind.</summary>
    Rewritten,
}
