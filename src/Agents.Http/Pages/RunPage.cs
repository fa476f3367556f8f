using Holdfast.Agents.Wording;

namespace Holdfast.Agents.Http.Pages;

/// <summary>A run with everything that was said and done in it.</summary>
public sealed record RunPage : Page
{
    public required string Id { get; init; }

    public required string Agent { get; init; }

    /// <summary>What answers.</summary>
    public required string Model { get; init; }

    public required string RequestedBy { get; init; }

    /// <summary>queued, running, waiting, suspended, paused or ended.</summary>
    public required string Status { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>On whom or what it waits, or what stopped it, in our words; null for nothing.</summary>
    public string? WaitingFor { get; init; }

    /// <summary>The approvals that wait; where the reader can decide them.</summary>
    public IReadOnlyList<OpenApproval> Open { get; init; } = [];

    /// <summary>How it ended: completed, rejected, expired, cancelled, limitReached, failed; null while it has not.</summary>
    public string? Outcome { get; init; }

    /// <summary>Why it ended so, in our words; null for nothing to say.</summary>
    public string? Cause { get; init; }

    /// <summary>Effects of which nobody knows whether they happened.</summary>
    public IReadOnlyList<string> Unknown { get; init; } = [];

    /// <summary>Oldest first.</summary>
    public required IReadOnlyList<TimeLineEntry> TimeLine { get; init; }

    internal override string Title => $"Run of {Agent}";
}

/// <param name="Address">Where it is decided.</param>
public sealed record OpenApproval(Sentence Sentence, string Address);
