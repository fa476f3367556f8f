using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Definitions;

/// <summary>
/// An approval as one rule asks for it. What it says nothing about is null and left to the other rules that apply to the same call; where
/// none of them says anything either, <see cref="ApprovalTerms"/> has what holds.
/// </summary>
public sealed record ApprovalAsk
{
    /// <summary>Who decides, in this order; null for one who has the role approve.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ApprovalStage>? Stages { get; init; }

    /// <summary>Whether a person who asked for the run may be one of those who decide.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? RequesterMayDecide { get; init; }

    /// <summary>How long there is to decide: 1 minute to 365 days.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TimeSpan? Expires { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OnExpire? OnExpire { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OnReject? OnReject { get; init; }

    /// <summary>How a person who follows a link is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LinkIdentity? Identity { get; init; }

    /// <summary>What a decision needs beside the link.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LinkConfirm? Confirm { get; init; }

    /// <summary>When who has not decided is reminded, from the opening of their stage; ascending, each before <see cref="Expires"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<TimeSpan>? Reminders { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Escalation? Escalation { get; init; }

    /// <summary>By which channels people are told: the first that reaches a person is used, the next where it fails. Null for those of the host, in its order.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Channels { get; init; }

    /// <summary>Which arguments a person may change before the call runs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Edit { get; init; }

    /// <summary>How long an approval is good once it is given: 1 minute to 365 days. Null for as long as the run waits.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TimeSpan? ValidFor { get; init; }

    /// <summary>How the first release wrote the one stage that it knew.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [SuppressMessage("Design", "CA1044:Properties should not be write only", Justification = "Read from what is stored, never written.")]
    public IReadOnlyList<string>? By
    {
        init => Stages = value is null ? Stages : [new ApprovalStage(value)];
    }
}

/// <summary>One step of a decision.</summary>
/// <param name="By">Who may take it, any of these: <c>role:NAME</c>, <c>group:NAME</c> or <c>user:ID</c>.</param>
/// <param name="Of">How many of them have to agree.</param>
public sealed record ApprovalStage(IReadOnlyList<string> By, int Of = 1)
{
    /// <summary>Which of the rules that apply to the call asks for it, from 0: a person counts once among the stages of a rule, and for every rule.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Rule { get; init; }

    public static ApprovalStage Default { get; } = new(["role:approve"]);
}

/// <summary>Others may decide, too, when those who were asked have not.</summary>
/// <param name="To">Who, as in <see cref="ApprovalStage.By"/>.</param>
/// <param name="After">From the opening of the approval; null for at its expiry, where <see cref="OnExpire.Escalate"/> says so.</param>
public sealed record Escalation(IReadOnlyList<string> To, TimeSpan? After);

/// <summary>What follows when nobody decides in time. The later, the stricter.</summary>
[JsonConverter(typeof(CamelCaseEnum<OnExpire>))]
public enum OnExpire
{
    /// <summary>It goes to whom <see cref="Escalation.To"/> names, who have as long again; then it is the same as when somebody rejects it.</summary>
    Escalate,

    /// <summary>The same as when somebody rejects it.</summary>
    Reject,

    /// <summary>The run ends as expired.</summary>
    End,
}

/// <summary>What follows when the call is rejected. The later, the stricter.</summary>
[JsonConverter(typeof(CamelCaseEnum<OnReject>))]
public enum OnReject
{
    /// <summary>The model is told, and the run goes on.</summary>
    Continue,

    /// <summary>The run ends as rejected.</summary>
    End,
}

/// <summary>How a person who follows a link is known. The later, the stricter.</summary>
[JsonConverter(typeof(CamelCaseEnum<LinkIdentity>))]
public enum LinkIdentity
{
    /// <summary>By the link itself, which only that person gets.</summary>
    Link,

    /// <summary>By signing in: a link that was forwarded decides nothing.</summary>
    SignedIn,
}

/// <summary>What a decision by a link alone needs beside it. The later, the stricter.</summary>
[JsonConverter(typeof(CamelCaseEnum<LinkConfirm>))]
public enum LinkConfirm
{
    /// <summary>A click.</summary>
    Click,

    /// <summary>Four digits that stand in the message and not in the link.</summary>
    Code,
}
