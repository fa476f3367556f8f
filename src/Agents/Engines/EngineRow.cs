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

    public string Retirement => $"Engine {Id} in {Location} was retired at {Times.Show(RetiredAt ?? 0)} by {RetiredBy}";

    public string NotSeen => $"Engine {Id} in {Location} has not been seen since {Times.Show(Heartbeat)}.";

    public string Remedy => $"Start its host again; if it is gone for good, retire it: engines retire {Id}.";

    /// <exception cref="StoresApartException">It is retired.</exception>
    public void RefuseRetired(string remedy)
    {
        if (RetiredAt is not null)
        {
            throw new StoresApartException($"{Retirement}: its runs have ended, and nothing serves it again. {remedy}");
        }
    }
}

internal static class EngineKinds
{
    public const string Held = "held";
    public const string Shared = "shared";
}
