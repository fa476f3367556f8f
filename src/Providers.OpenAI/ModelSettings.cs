using System.ClientModel;
using System.Globalization;
using Holdfast.Agents.Models;
using Holdfast.Agents.Secrets;
using Microsoft.Extensions.Configuration;

namespace Holdfast.Providers.OpenAI;

/// <summary>The models that settings name: variables under the names that the field has for them, and a section "models".</summary>
public static class ModelSettings
{
    private const string Default = "default";

    private static readonly string[] Members = ["model", "endpoint", "apiKey", "api", "maxOutputTokens"];

    /// <summary>The variables that are read by their full names, because every tool of the field calls them so.</summary>
    public static IReadOnlySet<string> Variables { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "OPENAI_API_KEY", "OPENAI_MODEL", "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_DEPLOYMENT",
    };

    /// <summary>The models, perhaps none.</summary>
    /// <param name="secrets">Where keys are that are named as <c>secret:NAME</c>.</param>
    /// <param name="model">Which model is behind the name 'default'; null for what the settings say.</param>
    /// <param name="identity">Signs in to Azure OpenAI where no key is given; null where a key must be.</param>
    /// <exception cref="ModelSettingsException">One is configured wrongly.</exception>
    /// <exception cref="SecretException">A key's name names no secret.</exception>
    public static ModelCatalog Read(IConfiguration settings, SecretSource secrets, string? model = null, AuthenticationTokenProvider? identity = null)
    {
        var catalog = new ModelCatalog();
        foreach (var (name, options) in Options(settings, secrets, model, identity))
        {
            try
            {
                catalog.Add(name, new Model(options.Model, OpenAIModel.Create(options), options.MaxOutputTokens ?? 4096) { Timeout = options.Timeout });
            }
            catch (ArgumentException e)
            {
                throw new ModelSettingsException($"Model '{name}' cannot be used: {e.Message}", e);
            }
        }

        return catalog;
    }

    /// <summary>What settings say of each model, by its name: 'default' from the section before the variables, and by the name that is given for it.</summary>
    internal static IReadOnlyDictionary<string, OpenAIModelOptions> Options(IConfiguration settings, SecretSource secrets, string? model, AuthenticationTokenProvider? identity = null)
    {
        Dictionary<string, OpenAIModelOptions> models = [];
        foreach (var section in settings.GetSection("models").GetChildren())
        {
            // Variables cannot say small letters everywhere.
            var name = section.Key.Equals(Default, StringComparison.OrdinalIgnoreCase) ? Default : section.Key;
            models.Add(name, FromSection(section, secrets, name == Default ? model : null, identity));
        }

        if (!models.ContainsKey(Default) && FromVariables(settings, secrets, model, identity) is { } options)
        {
            models.Add(Default, options);
        }

        return models;
    }

    private static OpenAIModelOptions? FromVariables(IConfiguration settings, SecretSource secrets, string? model, AuthenticationTokenProvider? identity)
    {
        string? Value(string name) => settings[name] is { Length: > 0 } value ? value : null;
        string? Key(string name) => Value(name) is { } value ? secrets.Resolve(name, value).Reveal() : null;

        if (Value("AZURE_OPENAI_ENDPOINT") is { } endpoint)
        {
            return new OpenAIModelOptions
            {
                Model = model ?? Value("AZURE_OPENAI_DEPLOYMENT")
                    ?? throw new ModelSettingsException("AZURE_OPENAI_ENDPOINT is set, but no deployment is named. Set AZURE_OPENAI_DEPLOYMENT, or give --model."),
                Endpoint = AzureV1(Address("AZURE_OPENAI_ENDPOINT", endpoint)!),
                ApiKey = Key("AZURE_OPENAI_API_KEY") ?? (identity is not null ? null
                    : throw new ModelSettingsException("AZURE_OPENAI_ENDPOINT is set, but AZURE_OPENAI_API_KEY is not. Set it.")),
                Identity = identity,
                KeyHeader = KeyHeader.ApiKey,
            };
        }

        return Key("OPENAI_API_KEY") is { } key
            ? new OpenAIModelOptions { Model = model ?? Value("OPENAI_MODEL") ?? "gpt-5.4", ApiKey = key, Endpoint = Address("OPENAI_BASE_URL", Value("OPENAI_BASE_URL")) }
            : null;
    }

    private static OpenAIModelOptions FromSection(IConfigurationSection section, SecretSource secrets, string? model, AuthenticationTokenProvider? identity)
    {
        if (section.GetChildren().FirstOrDefault(member => !Members.Contains(member.Key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            throw new ModelSettingsException($"{unknown.Path} is not known. A model has: {string.Join(", ", Members)}.");
        }

        var endpoint = Address($"{section.Path}:endpoint", section["endpoint"]);
        var isAzure = OpenAIModelOptions.IsAzureAt(endpoint);
        return new OpenAIModelOptions
        {
            Model = model ?? section["model"] ?? throw new ModelSettingsException($"{section.Path} names no model. Add \"model\"."),
            Endpoint = isAzure ? AzureV1(endpoint!) : endpoint,
            ApiKey = section["apiKey"] is { } key ? secrets.Resolve($"{section.Path}:apiKey", key).Reveal() : isAzure && identity is not null ? null : throw new ModelSettingsException($"{section.Path} has no key. Add \"apiKey\"; a server that needs none takes any."),
            Identity = isAzure ? identity : null,
            KeyHeader = isAzure ? KeyHeader.ApiKey : KeyHeader.Bearer,
            Api = section["api"] switch
            {
                null or "responses" => OpenAIApi.Responses,
                "chatCompletions" => OpenAIApi.ChatCompletions,
                var other => throw new ModelSettingsException($"{section.Path}:api '{other}' is not known. Give responses or chatCompletions."),
            },
            MaxOutputTokens = section["maxOutputTokens"] is not { } tokens ? null
                : int.TryParse(tokens, NumberStyles.None, CultureInfo.InvariantCulture, out var most) && most > 0 ? most
                : throw new ModelSettingsException($"{section.Path}:maxOutputTokens '{tokens}' is not a number above 0."),
        };
    }

    private static Uri? Address(string name, string? text) => string.IsNullOrEmpty(text) ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp) ? address
        : throw new ModelSettingsException($"{name} is not an address. Write it in full, with https://.");

    /// <summary>The part of an Azure resource that is called, however much of its address was given.</summary>
    private static Uri AzureV1(Uri address) =>
        address.AbsolutePath.TrimEnd('/') is "" or "/openai" ? new Uri(address, "/openai/v1/") : address;
}

/// <summary>A model is configured wrongly. The message names the setting, the fact and the remedy, and no key.</summary>
public sealed class ModelSettingsException(string message, Exception? inner = null) : Exception(message, inner);
