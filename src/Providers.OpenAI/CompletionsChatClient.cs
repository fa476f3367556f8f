using System.Runtime.CompilerServices;
using Holdfast.Agents.Models;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Holdfast.Providers.OpenAI;

/// <summary>A model by the Chat Completions API, for servers that have no other. The API does not hand out a model's reasoning, so
/// it is neither returned nor sent.</summary>
public sealed class CompletionsChatClient : IChatClient
{
    readonly OpenAIModelOptions options;
    readonly ModelCall calls;
    readonly OpenAIClient service;

    /// <param name="options">The model, its endpoint and key.</param>
    /// <param name="time">Measures the timeout and reads Retry-After dates; the system's clock unless given.</param>
    /// <exception cref="ArgumentException">An option no call could succeed with.</exception>
    public CompletionsChatClient(OpenAIModelOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options;
        calls = new ModelCall(options, time ?? TimeProvider.System);
        service = new OpenAIClient(options.Authentication(), new OpenAIClientOptions { Endpoint = options.Endpoint }.SentOnce());
    }

    /// <summary>Asks once. A call that fails may have been billed.</summary>
    /// <remarks>Of <paramref name="options"/> it heeds Instructions, Tools, ToolMode, AllowMultipleToolCalls, ResponseFormat,
    /// MaxOutputTokens, Temperature, TopP, Reasoning.Effort and ModelId. A refusal is a reply that holds <see cref="ErrorContent"/> with the code
    /// <c>refusal</c>; a reply cut by the token limit ends with
    /// <see cref="Microsoft.Extensions.AI.ChatFinishReason.Length"/>.</remarks>
    /// <exception cref="ModelException">No reply, and who has to move.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var model = options?.ModelId ?? this.options.Model;
        var sent = CompletionsRequest.Messages(messages, options).ToList();
        var request = CompletionsRequest.Options(options, this.options);
        var client = service.GetChatClient(model);
        return calls.SendAsync(model, cancellation => SendAsync(client, sent, request, cancellation), cancellationToken);
    }

    /// <summary>The whole reply once it is there, as updates: text is not streamed yet.</summary>
    /// <inheritdoc cref="GetResponseAsync" path="/exception"/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var update in (await GetResponseAsync(messages, options, cancellationToken)).ToChatResponseUpdates())
            yield return update;
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? options.Metadata(service.Endpoint)
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType.IsInstanceOfType(service) ? service
            : null;
    }

    /// <summary>Holds nothing: connections belong to the process.</summary>
    public void Dispose()
    {
    }

    static async Task<ChatResponse> SendAsync(
        ChatClient client, List<global::OpenAI.Chat.ChatMessage> messages, ChatCompletionOptions request, CancellationToken cancellation) =>
        CompletionsReply.Read((await client.CompleteChatAsync(messages, request, cancellation)).Value);
}
