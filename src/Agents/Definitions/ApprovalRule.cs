using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Definitions;

/// <summary>What a definition or a policy says about some calls.</summary>
/// <param name="Tool">Of which tool; null for any.</param>
/// <param name="When">All must hold; empty holds always.</param>
/// <param name="Ask">What is asked for when they do; null for <c>none: true</c>, which lets the call pass.</param>
public sealed record ApprovalRule(string? Tool, IReadOnlyList<Condition> When, ApprovalAsk? Ask)
{
    /// <summary>Of which tools, by what they change; null for any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Effect? Risk { get; init; }

    /// <summary>Where it stands, for who wants to know why somebody is asked: <c>policies/finance.yaml(3)</c>. Null in an agent's definition.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Where it was read; null when it was rebuilt from the store. No part of what it says.</summary>
    [JsonIgnore]
    public RuleSource? Source { get; init; }

    /// <summary>Whether it speaks of this tool. One that does not name it speaks of it only if it has the arguments that the rule compares.</summary>
    public bool IsAbout(ToolTraits tool) => (Tool is null || Tool == tool.Name) && (Risk is null || Risk == tool.Effect)
        && (Tool is not null || tool.Schema is null || When.All(condition => tool.Schema.At(condition.Path) is not null));

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

/// <summary>The file of a rule, and where it stands there, as in <c>approvals[0]</c>.</summary>
public sealed record RuleSource(DefinitionSource File, string Place);
