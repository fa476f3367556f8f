using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Definitions;

/// <summary>What an agent's definition says about calls of one tool.</summary>
/// <param name="Tool">The tool's name.</param>
/// <param name="When">All must hold; empty holds always.</param>
/// <param name="Ask">What is asked for when they do; null for <c>none: true</c>, which lets the call pass.</param>
public sealed record ApprovalRule(string Tool, IReadOnlyList<Condition> When, ApprovalAsk? Ask)
{
    /// <summary>
    /// Whether the rule applies to a call. What is unknown counts as met in a rule that holds a call and as unmet in one that lets it
    /// pass, so that a missing or ill-typed argument never gets around an approval.
    /// </summary>
    public bool Applies(JsonElement arguments) =>
        When.All(condition => condition.Evaluate(arguments) switch
        {
            Truth.Met => true,
            Truth.Unknown => Ask is not null,
            _ => false,
        });
}

/// <summary>An approval as a rule asks for it.</summary>
/// <param name="By">
/// Who may decide: <c>role:NAME</c> or <c>user:ID</c>, any one of them. Empty when two rules name nobody in common: then nobody is entitled
/// by the rule, and only an <c>admin</c> can decide.
/// </param>
/// <param name="RequesterMayDecide">Whether the person who asked for the run may be the one who decides.</param>
/// <param name="Expires">How long there is to decide: 1 minute to 365 days.</param>
public sealed record ApprovalAsk(IReadOnlyList<string> By, bool RequesterMayDecide, TimeSpan Expires, OnExpire OnExpire, OnReject OnReject)
{
    internal static TimeSpan ShortestExpiry => TimeSpan.FromMinutes(1);

    internal static TimeSpan LongestExpiry => TimeSpan.FromDays(365);

    /// <summary>What holds where a definition says nothing: anyone who may approve but the requester, within three days.</summary>
    public static ApprovalAsk Default { get; } = new(["role:approve"], false, TimeSpan.FromDays(3), OnExpire.Reject, OnReject.Continue);
}

/// <summary>What follows when nobody decides in time.</summary>
[JsonConverter(typeof(CamelCaseEnum<OnExpire>))]
public enum OnExpire
{
    /// <summary>The same as when somebody rejects it.</summary>
    Reject,

    /// <summary>The run ends as expired.</summary>
    End,
}

/// <summary>What follows when the call is rejected.</summary>
[JsonConverter(typeof(CamelCaseEnum<OnReject>))]
public enum OnReject
{
    /// <summary>The model is told, and the run goes on.</summary>
    Continue,

    /// <summary>The run ends as rejected.</summary>
    End,
}
