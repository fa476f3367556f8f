using Holdfast.Agents.Models;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI;

/// <summary>What a request cannot carry. Left out in silence, it would be missed by the model alone.</summary>
internal static class Unsendable
{
    public static ModelException Content(AIContent content, ChatRole role) => new(ModelFault.Ours,
        $"A message of role '{role}' holds {content.GetType().Name}, which this client does not send. "
        + "Send text, tool calls and tool results.");

    public static ModelException Tool(AITool tool) => new(ModelFault.Ours,
        $"Tool '{tool.Name}' is a {tool.GetType().Name}; this client sends tools that are an AIFunctionDeclaration.");

    public static ModelException Role(ChatRole role) => new(ModelFault.Ours,
        $"A message has the role '{role}', which this API does not know. Known: system, user, assistant, tool.");
}
