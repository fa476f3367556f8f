using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Agents.Json;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Definitions;

/// <summary>Which agent a run has: a digest of everything that the model and the tools see of it.</summary>
public static class AgentVersion
{
    /// <summary>
    /// The digest of the definition, its instructions and approvals included, and of each of its tools' name, description, schema, effect,
    /// reads and idempotency. Where the agent's file lies and how long a tool may take are not part of it.
    /// </summary>
    /// <exception cref="ArgumentException">A tool of the agent is not in the toolbox; <see cref="AgentCheck"/> says so first, with file
    /// and line.</exception>
    public static string Of(AgentDefinition agent, Toolbox toolbox)
    {
        var tools = agent.Tools.Select(name => toolbox.TryFind(name, out var tool)
            ? Seen(tool)
            : throw new ArgumentException($"Tool '{name}' is not registered for agent '{agent.Name}'. Check it first.", nameof(toolbox)));
        var seen = new JsonObject { ["definition"] = JsonNode.Parse(agent.ToJson()), ["tools"] = new JsonArray([.. tools]) };
        return Digest.OfJson(seen);
    }

    private static JsonObject Seen(Tool tool) => new()
    {
        ["name"] = tool.Name,
        ["description"] = tool.Description,
        ["parameters"] = JsonNode.Parse(tool.Parameters.GetRawText()),
        ["effect"] = tool.Effect.ToString(),
        ["reads"] = tool.Reads.ToString(),
        ["idempotent"] = tool.Idempotent,
    };
}
