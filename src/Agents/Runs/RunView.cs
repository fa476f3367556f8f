using System.Text.Json;
using System.Text.Json.Serialization;

namespace Holdfast.Agents.Runs;

/// <summary>A run as its watchers see it.</summary>
public record RunView
{
    public required string Id { get; init; }

    public required string Agent { get; init; }

    /// <summary>The hash of what the model and the tools see; fixed when the run began.</summary>
    public required string AgentVersion { get; init; }

    /// <summary>What answers: a model's name, or "scripted".</summary>
    public required string Model { get; init; }

    /// <summary>One of <see cref="RunStatuses"/>.</summary>
    public required string Status { get; init; }

    public required string Input { get; init; }

    public Outcome? Outcome { get; init; }

    /// <summary>The agent's last words, once it has ended with any.</summary>
    public string? Output => Outcome?.Text;

    /// <summary>On whom or what it waits, since when, what failed last and what happens next; null while it works or has ended.</summary>
    public WaitingFor? WaitingFor { get; init; }

    /// <summary>Its approvals and questions, oldest first.</summary>
    public required IReadOnlyList<string> Approvals { get; init; }

    public Fault? Fault { get; init; }

    public required RunUsage Usage { get; init; }

    public required string RequestedBy { get; init; }

    /// <summary>Whose key it came with; another than <see cref="RequestedBy"/> where a delegate named somebody.</summary>
    [JsonIgnore]
    public string CreatedBy { get; init; } = "";

    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }
}

/// <param name="Kind">person, timer, fault, suspension, or engine: its own engine, to take it up or to be served again at all.</param>
/// <param name="Who">Who can move it, where that is a person.</param>
/// <param name="Since">When it began to wait.</param>
/// <param name="LastFailure">What failed last, where something did.</param>
/// <param name="Until">When it goes on by itself, where it does.</param>
/// <param name="Next">What happens next, in a sentence.</param>
public sealed record WaitingFor(string Kind, string? Who, DateTimeOffset Since, string? LastFailure, DateTimeOffset? Until, string Next)
{
    /// <summary>The approvals that wait for a decision.</summary>
    public IReadOnlyList<string> Approvals { get; init; } = [];

    /// <summary>The names of those who are asked about the first of them; empty where it is not known who there is.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Asked { get; init; } = [];

    /// <summary>Whether only an administrator can decide about it, because nobody who is left could.</summary>
    [JsonIgnore]
    public bool IsForAdministrator { get; init; }
}

/// <param name="InputTokens">Settled, cached ones included.</param>
/// <param name="HeldTokens">Held for calls under way, and for calls whose usage will never be known (unsettled).</param>
public sealed record RunUsage(
    long InputTokens, long OutputTokens, long CachedInputTokens, long ReasoningTokens, long HeldTokens, int Turns, int ToolCalls);

/// <summary>One thing that was said or done in a run, in order.</summary>
/// <param name="Role">user, assistant or tool.</param>
public sealed record TranscriptEntry(string Role, int Turn, DateTimeOffset? At)
{
    public string? Text { get; init; }

    /// <summary>The model that said it.</summary>
    public string? Model { get; init; }

    /// <summary>What it asked for.</summary>
    public IReadOnlyList<TranscriptCall>? Calls { get; init; }

    public string? Tool { get; init; }

    public int? Index { get; init; }

    /// <summary>proposed, started, inDoubt, done, notDone, refused, rejected, expired or givenUp.</summary>
    public string? State { get; init; }

    public JsonElement? Result { get; init; }
}

/// <param name="Arguments">As the model wrote them.</param>
public sealed record TranscriptCall(string Tool, string Arguments);

/// <summary>A step of a run.</summary>
/// <param name="Seq">Its number in the run, from 1, without gaps.</param>
/// <param name="Type">One of <see cref="RunEvents"/>.</param>
public sealed record RunEvent(long Seq, string Type, DateTimeOffset At, JsonElement? Data);

/// <summary>Some of a run's steps, in order.</summary>
/// <param name="HasEnded">Whether the run had ended when they were read. If none are here then, none will come.</param>
public sealed record EventPage(bool HasEnded, IReadOnlyList<RunEvent> Items);

/// <param name="Before">The last id of the page before; null for the first page.</param>
/// <param name="Metadata">All of these.</param>
public sealed record RunFilter(string? Status, string? Agent, IReadOnlyDictionary<string, string> Metadata, string? Before, int Limit);
