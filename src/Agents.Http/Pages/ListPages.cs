using Holdfast.Agents.Tools;
using Holdfast.Agents.Wording;

namespace Holdfast.Agents.Http.Pages;

/// <summary>What waits for the reader.</summary>
public sealed record InboxPage : Page
{
    public IReadOnlyList<Notice> Notices { get; init; } = [];

    /// <summary>At most a page of them, in their order.</summary>
    public required IReadOnlyList<InboxItem> Items { get; init; }

    /// <summary>The orders to choose from, with their addresses; the one in force has none.</summary>
    public IReadOnlyList<(string Text, string? Address)> Orders { get; init; } = [];

    public IReadOnlyList<ListFilter> Filters { get; init; } = [];

    /// <summary>The address of the page before; null for none.</summary>
    public string? Previous { get; init; }

    /// <inheritdoc cref="Previous"/>
    public string? Next { get; init; }

    /// <summary>How many wait in all, where that is known.</summary>
    public int? Count { get; init; }

    internal override string Title => "Waiting for you";

    internal override PageScript Script => PageScript.Inbox;

    internal override string Place => "/approvals";
}

/// <param name="Address">Where it is decided.</param>
public sealed record InboxItem(string Address, Sentence Sentence, string Agent, DateTimeOffset AskedAt)
{
    public ItemKind Kind { get; init; }

    public Effect Risk { get; init; }

    /// <summary>For whom the run acts; null to say nothing.</summary>
    public string? RequestedBy { get; init; }

    public DateTimeOffset? Until { get; init; }
}

/// <summary>A choice that a list is narrowed by; sent by GET under its name.</summary>
/// <param name="Value">The one chosen; empty for all.</param>
/// <param name="Options">Beside "All".</param>
public sealed record ListFilter(string Name, string Label, string Value, IReadOnlyList<(string Value, string Text)> Options);

/// <summary>What was decided, newest first.</summary>
public sealed record HistoryPage : Page
{
    public required IReadOnlyList<HistoryItem> Items { get; init; }

    public IReadOnlyList<ListFilter> Filters { get; init; } = [];

    /// <inheritdoc cref="InboxPage.Previous"/>
    public string? Previous { get; init; }

    /// <inheritdoc cref="InboxPage.Previous"/>
    public string? Next { get; init; }

    internal override string Title => "Decided";

    internal override string Place => "/approvals/history";
}

/// <param name="Address">Where it is shown whole.</param>
public sealed record HistoryItem(string Address, Sentence Sentence, string Agent, Verdict Verdict);
