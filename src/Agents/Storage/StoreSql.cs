namespace Holdfast.Agents.Storage;

/// <summary>What one database's SQL has that another's has not.</summary>
internal sealed record StoreSql
{
    /// <summary>When the engine of run r was last seen.</summary>
    public const string EngineSeen = "(SELECT e.heartbeat FROM engines e WHERE e.id = r.engine) AS engine_heartbeat";

    /// <summary>Whether a transaction that writes locks out every other from its beginning, so that there is nothing to add to a SELECT.</summary>
    public bool BeginLocksAll { get; init; }

    public string ForUpdate { get; init; } = "";

    public string ForNoKeyUpdate { get; init; } = "";

    public string ForKeyShare { get; init; } = "";

    public string SkipLocked { get; init; } = "";

    /// <summary>The statement that locks the run of a condition, and says when its engine was last seen, and after the lock the clock.</summary>
    public Func<string, string> LockRun { get; init; } = condition => $"SELECT r.*, {EngineSeen} FROM runs r WHERE {condition}";

    /// <summary>The statement that says the clock; null where the clock is not the database's.</summary>
    public string? ReadClock { get; init; }

    /// <summary>Called with each statement and its arguments. For tests, which read its plan.</summary>
    public Action<string, object?>? Seen { get; init; }
}
