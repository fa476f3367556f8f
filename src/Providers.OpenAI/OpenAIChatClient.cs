using System.Runtime.CompilerServices;
using Holdfast.Agents.Models;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI;

/// <summary>What the clients of both APIs have in common.</summary>
public abstract class OpenAIChatClient : IChatClient
{
    private protected OpenAIChatClient(OpenAIModelOptions options, TimeProvider? time)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Settings = options;
        Calls = new ModelCall(options, time ?? TimeProvider.System);
    }

    private protected OpenAIModelOptions Settings { get; }

    private protected ModelCall Calls { get; }

    /// <summary>The package's own client, and the address that it asks.</summary>
    private protected abstract (object Client, Uri Endpoint) Service { get; }

    /// <summary>Asks once. A call that fails may have been billed.</summary>
    /// <remarks>Of <paramref name="options"/> it heeds Instructions, Tools, ToolMode, AllowMultipleToolCalls, ResponseFormat,
    /// MaxOutputTokens, Temperature, TopP, Reasoning.Effort and ModelId. A refusal is a reply that holds <see cref="ErrorContent"/> with the
    /// code <c>refusal</c>; a reply cut by the token limit ends with <see cref="ChatFinishReason.Length"/>.</remarks>
    /// <exception cref="ModelException">No reply, and who has to move.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public abstract Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>The whole reply once it is there, as updates: text is not streamed yet.</summary>
    /// <inheritdoc cref="GetResponseAsync" path="/exception"/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var update in (await GetResponseAsync(messages, options, cancellationToken)).ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? Settings.Metadata(Service.Endpoint)
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType.IsInstanceOfType(Service.Client) ? Service.Client
            : null;
    }

    /// <summary>Holds nothing: connections belong to the process.</summary>
    public void Dispose() => GC.SuppressFinalize(this);
}
