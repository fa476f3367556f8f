using System.ClientModel;
using System.ClientModel.Primitives;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI;

/// <summary>Models of OpenAI, Azure OpenAI and compatible servers.</summary>
public static class OpenAIModel
{
    private const string AzureScope = "https://cognitiveservices.azure.com/.default";

    /// <summary>The client for the API that <paramref name="options"/> name. It is safe to share between runs and opens no
    /// connection until it is asked.</summary>
    /// <param name="options">The model, its endpoint and key.</param>
    /// <param name="time">Measures the timeout and reads Retry-After dates; the system's clock unless given.</param>
    /// <exception cref="ArgumentException">An option no call could succeed with.</exception>
    public static IChatClient Create(OpenAIModelOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Api == OpenAIApi.ChatCompletions ? new CompletionsChatClient(options, time) : new ResponsesChatClient(options, time);
    }

    internal static AuthenticationPolicy Authentication(this OpenAIModelOptions options)
    {
        if (options.ApiKey is null)
        {
            return new BearerTokenPolicy(options.Identity!, AzureScope);
        }

        var key = new ApiKeyCredential(options.ApiKey);
        return options.KeyHeader == KeyHeader.ApiKey
            ? ApiKeyAuthenticationPolicy.CreateHeaderApiKeyPolicy(key, "api-key")
            : ApiKeyAuthenticationPolicy.CreateBearerAuthorizationPolicy(key);
    }

    /// <summary>One request a call: repeating is the workflow's, which records and counts it, and the deadline is
    /// <see cref="ModelCall"/>'s.</summary>
    internal static T SentOnce<T>(this T pipeline) where T : ClientPipelineOptions
    {
        pipeline.RetryPolicy = new ClientRetryPolicy(maxRetries: 0);
        pipeline.NetworkTimeout = System.Threading.Timeout.InfiniteTimeSpan;
        return pipeline;
    }

    /// <summary>The names of OpenTelemetry's <c>gen_ai.provider.name</c>.</summary>
    internal static ChatClientMetadata Metadata(this OpenAIModelOptions options, Uri endpoint) =>
        new(options.IsAzure ? "azure.ai.openai" : "openai", endpoint, options.Model);
}
