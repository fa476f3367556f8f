using Holdfast.Agents.Models;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI.Tests.Service;

internal static class Asking
{
    public static Task<ChatResponse> AskAsync(this IChatClient client, string question = "Hi", ChatOptions? options = null) =>
        client.GetResponseAsync([new ChatMessage(ChatRole.User, question)], options, TestContext.Current.CancellationToken);

    public static Task<ChatResponse> AskAsync(this IChatClient client, IEnumerable<ChatMessage> messages, ChatOptions? options = null) =>
        client.GetResponseAsync(messages, options, TestContext.Current.CancellationToken);

    public static Task<ModelException> FailAsync(this IChatClient client, string question = "Hi") =>
        Assert.ThrowsAsync<ModelException>(() => client.AskAsync(question));

    /// <summary>The one content of that kind in the reply.</summary>
    public static T Only<T>(this ChatResponse response) where T : AIContent =>
        Assert.Single(Assert.Single(response.Messages).Contents.OfType<T>());
}
