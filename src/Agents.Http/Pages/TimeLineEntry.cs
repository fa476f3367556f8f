using System.Text.Json;

namespace Holdfast.Agents.Http.Pages;

/// <summary>One thing that was said or done in a run.</summary>
/// <param name="At">Null where nobody noted it.</param>
public sealed record TimeLineEntry(TimeLineKind Kind, DateTimeOffset? At)
{
    /// <summary>Whose words they are, or who decided: a person's name, a model's.</summary>
    public string? Who { get; init; }

    /// <summary>What was said; of a step of ours, our words.</summary>
    public string? Text { get; init; }

    /// <summary>Of a call.</summary>
    public string? Tool { get; init; }

    /// <summary>Of a call: as the model wrote them.</summary>
    public JsonElement? Arguments { get; init; }

    /// <summary>Of a call: proposed, started, inDoubt, done, notDone, refused, rejected, expired or givenUp.</summary>
    public string? State { get; init; }

    /// <summary>Of a call: what it returned.</summary>
    public JsonElement? Result { get; init; }

    /// <summary>Whether what it returned may be a stranger's words.</summary>
    public bool IsUntrusted { get; init; }

    /// <summary>Of an approval: what was decided about; of a call: what it would do.</summary>
    public Wording.Sentence? Sentence { get; init; }

    /// <summary>Of an approval: what became of it; null while it is open.</summary>
    public VerdictKind? Verdict { get; init; }

    /// <summary>Where more of it is; null for nowhere.</summary>
    public string? Address { get; init; }
}

public enum TimeLineKind
{
    /// <summary>A person's words.</summary>
    Asked,

    /// <summary>A model's words.</summary>
    Model,

    Call,

    Approval,

    /// <summary>A step of ours.</summary>
    Step,
}
