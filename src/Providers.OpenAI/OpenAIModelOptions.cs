using System.ClientModel;
using System.Text;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI;

/// <summary>The part of the service that is called.</summary>
public enum OpenAIApi
{
    /// <summary>POST /responses. The only one on which current reasoning models take tools and keep their reasoning.</summary>
    Responses,

    /// <summary>POST /chat/completions, which nearly every compatible server has. Reasoning is not carried to the next turn.</summary>
    ChatCompletions,
}

/// <summary>The header that carries the key.</summary>
public enum KeyHeader
{
    /// <summary><c>Authorization: Bearer KEY</c>: OpenAI and most compatible servers.</summary>
    Bearer,

    /// <summary><c>api-key: KEY</c>: Azure OpenAI.</summary>
    ApiKey,
}

/// <summary>One model at one endpoint: OpenAI, Azure OpenAI's v1 endpoint, or a server compatible with them.</summary>
public sealed record OpenAIModelOptions
{
    private static readonly string[] Clouds = ["com", "us", "cn"];

    /// <summary>The model's name; at Azure the deployment's.</summary>
    public required string Model { get; init; }

    /// <summary>The address that <c>/responses</c> or <c>/chat/completions</c> is appended to. Null is OpenAI's own;
    /// Azure's is <c>https://NAME.openai.azure.com/openai/v1/</c>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The key's value. It is never printed. A server that asks for none takes any text. Null where <see cref="Identity"/> signs in.</summary>
    public required string? ApiKey { get; init; }

    /// <summary>Signs in to Azure OpenAI where no key is given: a managed identity's credential. Null unless set.</summary>
    public AuthenticationTokenProvider? Identity { get; init; }

    /// <summary>The header that carries the key; <see cref="KeyHeader.Bearer"/> unless set.</summary>
    public KeyHeader KeyHeader { get; init; }

    /// <summary>The API to call; <see cref="OpenAIApi.Responses"/> unless set.</summary>
    public OpenAIApi Api { get; init; }

    /// <summary>Tokens one reply may hold, reasoning included, for calls that name no number themselves. At least 1;
    /// null leaves it to the service.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>How much a reasoning model shall think, for calls that do not say so themselves. Null, the default, leaves
    /// it to the service; models that do not reason refuse any value.</summary>
    public ReasoningEffort? Effort { get; init; }

    /// <summary>From sending a request to having the whole reply: above zero, at most an hour; three minutes unless set. Nothing
    /// arrives while a model thinks, and Azure's outbound network forgets a silent connection after four minutes, so that a
    /// longer wait there waits for nothing. What a call cut short had cost is still billed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Refuses what no call could succeed with.</summary>
    /// <exception cref="ArgumentException">Names the option, what is wrong with it and what to set; never the key.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(Model))
        {
            throw new ArgumentException("No model is named. Set Model to the model's name; at Azure to the deployment's.", nameof(Model));
        }

        ValidateEndpoint();
        if (ApiKey is null && Identity is not null)
        {
            if (Endpoint is not { Scheme: "https" } || !IsAzure)
            {
                throw new ArgumentException(
                    $"Model '{Model}' at {Host} has no key, and an identity signs in to Azure alone, over https. Set ApiKey, or Endpoint to an Azure resource.", nameof(Endpoint));
            }
        }
        else if (string.IsNullOrEmpty(ApiKey))
        {
            throw new ArgumentException(
                $"Model '{Model}' has no key. Set ApiKey; a server that asks for none takes any text.", nameof(ApiKey));
        }

        if (ApiKey is not null && ApiKey.Any(c => c is <= ' ' or > '~'))
        {
            throw new ArgumentException($"The key of model '{Model}' has a space, a line break or a character outside ASCII, "
                + "and cannot go into a header. Set ApiKey without it; a key read from a file often ends with a line break.",
                nameof(ApiKey));
        }

        if (MaxOutputTokens < 1)
        {
            throw new ArgumentException($"Model '{Model}' may give {MaxOutputTokens} tokens. "
                + "Set MaxOutputTokens to 1 or more, or leave it out.", nameof(MaxOutputTokens));
        }

        if (Timeout <= TimeSpan.Zero || Timeout > TimeSpan.FromHours(1))
        {
            throw new ArgumentException(
                $"The timeout of model '{Model}' is {Timeout}. Set Timeout above zero and to at most an hour.", nameof(Timeout));
        }

        ValidateChoice(Api, nameof(Api));
        ValidateChoice(KeyHeader, nameof(KeyHeader));
        if (Effort is { } effort)
        {
            ValidateChoice(effort, nameof(Effort));
        }
    }

    /// <summary>Where calls go, without anything that could be a secret.</summary>
    internal string Host => Endpoint?.Host ?? "api.openai.com";

    internal bool IsAzure => IsAzureAt(Endpoint);

    /// <summary>Whether an address is a resource of Azure, of any of its clouds.</summary>
    public static bool IsAzureAt(Uri? endpoint) => IsUnder(endpoint, "azure.");

    private static bool IsUnder(Uri? endpoint, string domain) =>
        endpoint is not null && Clouds.Any(cloud => endpoint.Host.EndsWith($".{domain}{cloud}", StringComparison.OrdinalIgnoreCase));

    private void ValidateEndpoint()
    {
        if (Endpoint is null)
        {
            return;
        }

        if (!Endpoint.IsAbsoluteUri || (Endpoint.Scheme != Uri.UriSchemeHttps && Endpoint.Scheme != Uri.UriSchemeHttp))
        {
            throw new ArgumentException($"The endpoint of model '{Model}' is no absolute http or https address. "
                + "Set Endpoint to one such as https://NAME.openai.azure.com/openai/v1/, or leave it out for OpenAI.", nameof(Endpoint));
        }

        if (Endpoint.UserInfo.Length > 0 || Endpoint.Query.Length > 0 || Endpoint.Fragment.Length > 0)
        {
            throw new ArgumentException($"The endpoint of model '{Model}' at {Host} has a user, a query or a fragment. "
                + "Set Endpoint without them: the key belongs in ApiKey, and the v1 endpoint needs no api-version.", nameof(Endpoint));
        }

        if (IsUnder(Endpoint, "openai.azure.") && Endpoint.AbsolutePath.TrimEnd('/') != "/openai/v1")
        {
            throw new ArgumentException($"The endpoint of model '{Model}' at {Host} has the path '{Endpoint.AbsolutePath}'. "
                + $"Set Endpoint to https://{Host}/openai/v1/.", nameof(Endpoint));
        }
    }

    private void ValidateChoice<T>(T value, string option) where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            throw new ArgumentException(
                $"{option} of model '{Model}' is {value}. Set it to one of {string.Join(", ", Enum.GetNames<T>())}.", option);
        }
    }

    // A record prints all its properties; this one is logged sooner or later.
    private bool PrintMembers(StringBuilder text)
    {
        text.Append($"Model = {Model}, Host = {Host}, Api = {Api}");
        return true;
    }
}
