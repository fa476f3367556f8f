using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;

namespace Holdfast.Agents;

/// <summary>What the store keeps as JSON.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Outcome))]
[JsonSerializable(typeof(Fault))]
[JsonSerializable(typeof(EventData))]
[JsonSerializable(typeof(StoredReply))]
[JsonSerializable(typeof(ApprovalTerms))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(List<string>))]
internal sealed partial class AgentsJson : JsonSerializerContext;

/// <summary>What an event of a run refers to.</summary>
public sealed record EventData
{
    public int? Turn { get; init; }

    public int? Index { get; init; }

    public string? Tool { get; init; }

    public string? Approval { get; init; }

    public string? Decision { get; init; }

    public string? By { get; init; }

    public string? Code { get; init; }

    public string? Message { get; init; }
}
