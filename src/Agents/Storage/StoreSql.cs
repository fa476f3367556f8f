namespace Holdfast.Agents.Storage;

/// <summary>What one database's SQL has that another's has not.</summary>
internal sealed record StoreSql
{
    /// <summary>Whether a transaction that writes locks out every other from its beginning, so that there is nothing to add to a SELECT.</summary>
    public bool BeginLocksAll { get; init; }

    public string ForUpdate { get; init; } = "";

    public string ForShare { get; init; } = "";

    public string SkipLocked { get; init; } = "";

    /// <summary>The statement that locks the run of a condition, and says the clock and the transaction's id after that.</summary>
    public Func<string, string> LockRun { get; init; } = condition => $"SELECT * FROM runs WHERE {condition}";

    /// <summary>The statement that says the clock and the transaction's id; null where the clock is not the database's.</summary>
    public string? ReadClock { get; init; }

    /// <summary>Called with each statement and its arguments. For tests, which read its plan.</summary>
    public Action<string, object?>? Seen { get; init; }
}
