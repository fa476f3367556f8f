using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Definitions;

/// <summary>What holds for every agent, also for runs that began before it: each rule can only ask for more than an agent's own.</summary>
public sealed record Policies(IReadOnlyList<ApprovalRule> Rules)
{
    public static Policies None { get; } = new([]);

    /// <summary>Which policies these are: a digest of all that they say.</summary>
    [JsonIgnore]
    public string Hash => Digest.OfText(ToJson());

    public string ToJson() => JsonSerializer.Serialize(this, DefinitionJson.Default.Policies);

    /// <summary>Rebuilds what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">Not the JSON of policies.</exception>
    public static Policies FromJson(string json) => JsonSerializer.Deserialize(json, DefinitionJson.Default.Policies) ?? throw new JsonException("The stored policies are null.");
}
