using System.ClientModel;
using System.Collections.Concurrent;
using Holdfast.Agents.Models;
using Microsoft.Extensions.AI;
using OpenAI.Responses;

namespace Holdfast.Providers.OpenAI;

/// <summary>A model by the Responses API. Nothing is stored at the service: its reasoning comes back encrypted with the reply, and
/// goes out again with the conversation.</summary>
public sealed class ResponsesChatClient : OpenAIChatClient
{
    private readonly ResponsesClient service;

    // A deployment's name does not tell whether the model behind it reasons; its first refusal does.
    private readonly ConcurrentDictionary<string, bool> withoutEncryptedReasoning = new(StringComparer.Ordinal);

    /// <param name="options">The model, its endpoint and key.</param>
    /// <param name="time">Measures the timeout and reads Retry-After dates; the system's clock unless given.</param>
    /// <exception cref="ArgumentException">An option no call could succeed with.</exception>
    public ResponsesChatClient(OpenAIModelOptions options, TimeProvider? time = null)
        : base(options, time) =>
        service = new ResponsesClient(options.Authentication(), new ResponsesClientOptions { Endpoint = options.Endpoint }.SentOnce());

    private protected override (object Client, Uri Endpoint) Service => (service, service.Endpoint);

    /// <inheritdoc/>
    public override Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var request = ResponsesRequest.Build(messages, options, Settings);
        return Calls.SendAsync(request.Model, cancellation => SendAsync(request, cancellation), cancellationToken);
    }

    private async Task<ChatResponse> SendAsync(CreateResponseOptions request, CancellationToken cancellation)
    {
        if (!withoutEncryptedReasoning.ContainsKey(request.Model))
        {
            request.IncludedProperties.Add(IncludedResponseProperty.ReasoningEncryptedContent);
        }

        try
        {
            return await SendOnceAsync(request, cancellation);
        }
        // Models that do not reason refuse to be asked for it. The refusal cost nothing, so the question goes out once more without.
        catch (ClientResultException e) when (request.IncludedProperties.Count > 0
            && e.GetRawResponse() is { } response && ServiceError.Read(response, Settings.ApiKey).Blames("include"))
        {
            withoutEncryptedReasoning[request.Model] = true;
            request.IncludedProperties.Clear();
            request.Patch.Remove("$.include"u8); // an emptied list would still be sent, as an empty one
            return await SendOnceAsync(request, cancellation);
        }
    }

    private async Task<ChatResponse> SendOnceAsync(CreateResponseOptions request, CancellationToken cancellation) =>
        ResponsesReply.Read((await service.CreateResponseAsync(request, cancellation)).Value, request.Model, Settings);
}
