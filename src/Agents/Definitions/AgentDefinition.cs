using System.Text.Json;
using System.Text.Json.Serialization;

namespace Holdfast.Agents.Definitions;

/// <summary>An agent, as its folder says: what the model is told, what it may call, and within which limits.</summary>
/// <param name="Name">1 to 64 of a-z, 0-9 and -.</param>
/// <param name="Model">A name from the host's configuration.</param>
/// <param name="Instructions">The text that the model gets first, line ends as LF.</param>
/// <param name="Tools">The names of its tools, in the order that the model sees.</param>
/// <param name="Approvals">Which of its tool calls need a person.</param>
public sealed record AgentDefinition(
    string Name, string Model, string Instructions, IReadOnlyList<string> Tools, RunLimits Limits, IReadOnlyList<ApprovalRule> Approvals)
{
    /// <summary>Where it was read; null when it was rebuilt from the store. No part of what the agent is.</summary>
    [JsonIgnore]
    public DefinitionSource? Source { get; init; }

    /// <summary>How a person is told what a tool is about to do: a template over its arguments, by the tool's name.</summary>
    public IReadOnlyDictionary<string, string> Describe { get; init; } = new Dictionary<string, string>();

    public string ToJson() => JsonSerializer.Serialize(this, DefinitionJson.Default.AgentDefinition);

    /// <summary>Rebuilds what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">Not the JSON of a definition; unknown and missing members are errors.</exception>
    public static AgentDefinition FromJson(string json) => JsonSerializer.Deserialize(json, DefinitionJson.Default.AgentDefinition)
        ?? throw new JsonException("The stored definition is null.");
}

/// <summary>What a run may use up before it ends as limitReached.</summary>
/// <param name="Turns">Model replies: 1 to 1000, default 20.</param>
/// <param name="ToolCalls">Tool calls: 0 to 10000, default 60.</param>
/// <param name="Tokens">Tokens in and out, as the provider counts them: 1 to 1000000000, default 200000.</param>
/// <param name="Time">Time at work, without waiting or suspension: 1 second to 30 days, default 10 minutes.</param>
public sealed record RunLimits(int Turns, int ToolCalls, int Tokens, TimeSpan Time)
{
    public static RunLimits Default { get; } = new(20, 60, 200_000, TimeSpan.FromMinutes(10));
}

/// <summary>The file of a definition and the lines of its parts, by place as in <c>approvals[0].when.amount</c>.</summary>
public sealed record DefinitionSource(string File, IReadOnlyDictionary<string, int> Lines)
{
    /// <summary>The part's line; 1 if the part is not in the file.</summary>
    public int LineOf(string place) => Lines.GetValueOrDefault(place, 1);
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, NumberHandling = JsonNumberHandling.Strict, PropertyNameCaseInsensitive = false)]
[JsonSerializable(typeof(AgentDefinition))]
[JsonSerializable(typeof(Policies))]
[JsonSerializable(typeof(IReadOnlyList<ApprovalRule>))]
internal sealed partial class DefinitionJson : JsonSerializerContext;
