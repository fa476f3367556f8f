using System.Text.Json;
using Holdfast.Agents.Identity;

namespace Holdfast.Agents.Messages;

/// <summary>Something that people are told, before any channel has given it a form.</summary>
/// <param name="Id">The same over retries, and of no other message: <c>msg_…</c>.</param>
/// <param name="To">Who is told; on a shared channel everybody who is asked, in the order of their names.</param>
/// <param name="Link">Where to look and decide.</param>
/// <param name="Code">The digits that a decision by the link needs; null where none are needed, and always on a shared channel.</param>
/// <param name="Items">What it is about: every approval that one turn asks these people for. Never empty.</param>
public sealed record Message(string Id, MessageKind Kind, IReadOnlyList<Person> To, Uri Link, string? Code, IReadOnlyList<MessageItem> Items)
{
    /// <summary>When it was first to be sent.</summary>
    public required DateTimeOffset At { get; init; }
}

public enum MessageKind
{
    /// <summary>A decision is asked for.</summary>
    Request,

    /// <summary>It is still asked for.</summary>
    Reminder,

    /// <summary>It is asked of others now, too.</summary>
    Escalation,

    /// <summary>What became of it.</summary>
    Outcome,
}

/// <summary>One approval or question as a message tells it.</summary>
/// <param name="Approval">Its id.</param>
/// <param name="Kind">approval, question or inDoubt.</param>
/// <param name="Describe">The tool's own words as a template over the arguments; null for none.</param>
/// <param name="Arguments">Exactly what will be run.</param>
public sealed record MessageItem(string Approval, string Kind, string Agent, string Tool, string? Describe, JsonElement Arguments)
{
    /// <summary>For whom the run acts: their id.</summary>
    public required string RequestedBy { get; init; }

    /// <summary>For whom the run acts, as a person reads it: their name, where it is known.</summary>
    public string Requester { get => field ?? RequestedBy; init; }

    /// <summary>Until when it can be decided; null for without end.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Which stage decides, from 1, of how many.</summary>
    public int Stage { get; init; } = 1;

    /// <inheritdoc cref="Stage"/>
    public int Stages { get; init; } = 1;

    /// <summary>What became of it, as a sentence with its own names; null while it is open.</summary>
    public string? Outcome { get; init; }
}
