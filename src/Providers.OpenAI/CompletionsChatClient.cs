using Holdfast.Agents.Models;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Holdfast.Providers.OpenAI;

/// <summary>A model by the Chat Completions API, for servers that have no other. The API does not hand out a model's reasoning, so
/// it is neither returned nor sent.</summary>
public sealed class CompletionsChatClient : OpenAIChatClient
{
    private readonly OpenAIClient service;

    /// <param name="options">The model, its endpoint and key.</param>
    /// <param name="time">Measures the timeout and reads Retry-After dates; the system's clock unless given.</param>
    /// <exception cref="ArgumentException">An option no call could succeed with.</exception>
    public CompletionsChatClient(OpenAIModelOptions options, TimeProvider? time = null)
        : base(options, time) =>
        service = new OpenAIClient(options.Authentication(), new OpenAIClientOptions { Endpoint = options.Endpoint }.SentOnce());

    private protected override (object Client, Uri Endpoint) Service => (service, service.Endpoint);

    /// <inheritdoc/>
    public override Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var model = options?.ModelId ?? Settings.Model;
        var sent = CompletionsRequest.Messages(messages, options).ToList();
        var request = CompletionsRequest.Options(options, Settings);
        var client = service.GetChatClient(model);
        return Calls.SendAsync(model, cancellation => SendAsync(client, sent, request, cancellation), cancellationToken);
    }

    private static async Task<ChatResponse> SendAsync(
        ChatClient client, List<global::OpenAI.Chat.ChatMessage> messages, ChatCompletionOptions request, CancellationToken cancellation) =>
        CompletionsReply.Read((await client.CompleteChatAsync(messages, request, cancellation)).Value);
}
