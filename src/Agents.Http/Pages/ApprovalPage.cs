using System.Text.Json;
using Holdfast.Agents.Tools;
using Holdfast.Agents.Wording;

namespace Holdfast.Agents.Http.Pages;

/// <summary>What one turn of an agent asks people for, and what became of it: each item is decided on its own.</summary>
public sealed record ApprovalPage : Page
{
    /// <summary>Whose run it is.</summary>
    public required string Agent { get; init; }

    /// <summary>For whom the run acts.</summary>
    public required string RequestedBy { get; init; }

    public IReadOnlyList<Notice> Notices { get; init; } = [];

    /// <summary>Never empty.</summary>
    public required IReadOnlyList<ApprovalItem> Items { get; init; }

    /// <summary>What led here, the last few steps; empty where the reader may not see them.</summary>
    public IReadOnlyList<TimeLineEntry> Before { get; init; } = [];

    /// <summary>The page of the run; null where the reader may not see it.</summary>
    public string? Run { get; init; }

    internal override string Title => Items.All(item => item.Verdict is not null) ? "Decided" : Items.Count == 1 ? Items[0].Kind switch
    {
        ItemKind.Question => "A question for you",
        ItemKind.InDoubt => "Did this happen?",
        _ => "Your decision",
    } : $"{Items.Count} decisions";
}

public sealed record ApprovalItem
{
    /// <summary>Its id.</summary>
    public required string Approval { get; init; }

    public ItemKind Kind { get; init; }

    public required Sentence Sentence { get; init; }

    public required string Tool { get; init; }

    /// <summary>Exactly what will be run.</summary>
    public required JsonElement Arguments { get; init; }

    /// <summary>What the model had asked for, where a person has edited it; null where nobody has.</summary>
    public JsonElement? Proposed { get; init; }

    /// <summary>SHA-256 over everything that a yes says yes to.</summary>
    public required string Digest { get; init; }

    /// <summary>What the tool changes; <see cref="Effect.None"/> says nothing.</summary>
    public Effect Risk { get; init; }

    public required DateTimeOffset AskedAt { get; init; }

    /// <summary>Until when it can be decided; null for without end.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Who decides, in their order, with who has.</summary>
    public IReadOnlyList<StageProgress> Stages { get; init; } = [];

    /// <summary>What the reader should know before they decide: that untrusted text was read, why a call is in doubt.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What the reader can do; null for nothing.</summary>
    public DecisionForm? Form { get; init; }

    /// <summary>Why the reader can do nothing though it is open: "You have approved this." Null where they can, or where it is not open.</summary>
    public string? Standing { get; init; }

    /// <summary>What became of it; null while it is open.</summary>
    public Verdict? Verdict { get; init; }
}

public enum ItemKind
{
    Approval,
    Question,
    InDoubt,
}

/// <param name="By">Who may decide, as a person reads it: Finance, or Mara Weiss.</param>
/// <param name="Of">How many of them have to agree.</param>
/// <param name="Votes">Who has said what.</param>
/// <param name="State">Whether it is this stage's turn.</param>
public sealed record StageProgress(string By, int Of, IReadOnlyList<StageVote> Votes, StageState State);

/// <param name="Said">A decision: approve, edit, reject, answer, happened, runAgain or giveUp.</param>
public sealed record StageVote(string Name, string Said, DateTimeOffset At);

public enum StageState
{
    Later,
    Open,
    Done,
}

/// <summary>What became of an approval.</summary>
public sealed record Verdict(VerdictKind Kind)
{
    /// <summary>Who decided last; null where nobody did.</summary>
    public string? By { get; init; }

    public DateTimeOffset? At { get; init; }

    /// <summary>In the decider's words.</summary>
    public string? Reason { get; init; }

    /// <summary>In ours: why it is void, what follows.</summary>
    public string? Note { get; init; }

    /// <summary>What was answered, or what a person says that the call returned.</summary>
    public JsonElement? Result { get; init; }

    /// <summary>When the call that it allowed began; null while it has not.</summary>
    public DateTimeOffset? ExecutedAt { get; init; }

    /// <summary>Where the new round is decided; null where there is none.</summary>
    public string? AskedAnewAt { get; init; }
}

public enum VerdictKind
{
    Approved,
    Rejected,
    Answered,
    Expired,
    Void,
    Superseded,
    Happened,
    RunAgain,
    GivenUp,
}
