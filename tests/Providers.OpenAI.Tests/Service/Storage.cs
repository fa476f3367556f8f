using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI.Tests.Service;

/// <summary>The way of a turn through a store that keeps it as JSON.</summary>
internal static class Storage
{
    public static IList<ChatMessage> Through(IList<ChatMessage> messages) => JsonSerializer.Deserialize<IList<ChatMessage>>(
        JsonSerializer.Serialize(messages, AIJsonUtilities.DefaultOptions), AIJsonUtilities.DefaultOptions)!;
}
