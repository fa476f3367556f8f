using System.ClientModel;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Holdfast.Agents.Models;
using Microsoft.Extensions.AI;
using OpenAI.Responses;

namespace Holdfast.Providers.OpenAI;

/// <summary>A model by the Responses API. Nothing is stored at the service: its reasoning comes back encrypted with the reply, and
/// goes out again with the conversation.</summary>
public sealed class ResponsesChatClient : IChatClient
{
    readonly OpenAIModelOptions options;
    readonly ModelCall calls;
    readonly ResponsesClient service;

    // A deployment's name does not tell whether the model behind it reasons; its first refusal does.
    readonly ConcurrentDictionary<string, bool> withoutEncryptedReasoning = new(StringComparer.Ordinal);

    /// <param name="options">The model, its endpoint and key.</param>
    /// <param name="time">Measures the timeout and reads Retry-After dates; the system's clock unless given.</param>
    /// <exception cref="ArgumentException">An option no call could succeed with.</exception>
    public ResponsesChatClient(OpenAIModelOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options;
        calls = new ModelCall(options, time ?? TimeProvider.System);
        service = new ResponsesClient(options.Authentication(), new ResponsesClientOptions { Endpoint = options.Endpoint }.SentOnce());
    }

    /// <summary>Asks once. A call that fails may have been billed.</summary>
    /// <remarks>Of <paramref name="options"/> it heeds Instructions, Tools, ToolMode, AllowMultipleToolCalls, ResponseFormat,
    /// MaxOutputTokens, Temperature, TopP, Reasoning.Effort and ModelId. A refusal is a reply that holds
    /// <see cref="ErrorContent"/> with the code <c>refusal</c>; a reply cut by the token limit ends with
    /// <see cref="ChatFinishReason.Length"/>.</remarks>
    /// <exception cref="ModelException">No reply, and who has to move.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var request = ResponsesRequest.Build(messages, options, this.options);
        return calls.SendAsync(request.Model, cancellation => SendAsync(request, cancellation), cancellationToken);
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

    async Task<ChatResponse> SendAsync(CreateResponseOptions request, CancellationToken cancellation)
    {
        if (!withoutEncryptedReasoning.ContainsKey(request.Model))
            request.IncludedProperties.Add(IncludedResponseProperty.ReasoningEncryptedContent);
        try
        {
            return await SendOnceAsync(request, cancellation);
        }
        // Models that do not reason refuse to be asked for it. The refusal cost nothing, so the question goes out once more without.
        catch (ClientResultException e) when (request.IncludedProperties.Count > 0
            && e.GetRawResponse() is { } response && ServiceError.Read(response, options.ApiKey).Blames("include"))
        {
            withoutEncryptedReasoning[request.Model] = true;
            request.IncludedProperties.Clear();
            request.Patch.Remove("$.include"u8); // an emptied list would still be sent, as an empty one
            return await SendOnceAsync(request, cancellation);
        }
    }

    async Task<ChatResponse> SendOnceAsync(CreateResponseOptions request, CancellationToken cancellation) =>
        ResponsesReply.Read((await service.CreateResponseAsync(request, cancellation)).Value, request.Model, options);
}
