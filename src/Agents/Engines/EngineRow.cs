namespace Holdfast.Agents.Engines;

/// <summary>A row of engines. Times are UTC ticks.</summary>
internal sealed record EngineRow
{
    public string Id { get; init; } = "";

    public string Kind { get; init; } = "";

    public string Location { get; init; } = "";

    public long Epoch { get; init; }

    /// <summary>Noted and not taken yet; null between two starts.</summary>
    public long? NextEpoch { get; init; }

    public string Holder { get; init; } = "";

    public long Heartbeat { get; init; }

    public string Mark { get; init; } = "";

    public long AdvancedAt { get; init; }

    public string Version { get; init; } = "";

    public int SchemaVersion { get; init; }

    public long SweptTo { get; init; }

    public long? RetiredAt { get; init; }

    public string? RetiredBy { get; init; }

    // What follows is also for whoever may read a run, so it does not say where the engine stands.
    public string Retirement => $"Engine {Id} was retired at {Times.Show(RetiredAt ?? 0)} by {RetiredBy}";

    /// <summary>Why nobody serves it.</summary>
    public string Absence => RetiredAt is null ? $"Engine {Id} has not been seen since {Times.Show(Heartbeat)}." : $"{Retirement}.";

    /// <summary>What to do about runs of it that have not ended.</summary>
    public string Remedy => RetiredAt is null ? $"Start its host again; if it is gone for good, retire it: engines retire {Id}."
        : $"The sweep of any host ends its runs; if this stays, see that host's log, and retire it again: engines retire {Id}.";

    /// <exception cref="StoresApartException">It is retired.</exception>
    public void RefuseRetired(string remedy)
    {
        if (RetiredAt is not null)
        {
            throw new StoresApartException($"{Retirement}; it stood in {Location}. Its runs have ended, and nothing serves it again. {remedy}");
        }
    }
}
