using System.Globalization;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Models;
using Holdfast.Agents.Models.Scripted;
using Holdfast.Agents.Secrets;
using Holdfast.Providers.OpenAI;
using Microsoft.Extensions.Configuration;

namespace Holdfast.Host.Local;

/// <summary>The models that settings name.</summary>
internal static class ConfiguredModels
{
    private const string Default = "default";

    private const string Ways = """
        No model is configured. Choose one:
          --model scripted                                    rules beside each agent; for trying out, no key needed
          OPENAI_API_KEY=…                                    OpenAI (OPENAI_MODEL names the model, default gpt-5.4)
          AZURE_OPENAI_ENDPOINT=https://NAME.openai.azure.com AZURE_OPENAI_API_KEY=… AZURE_OPENAI_DEPLOYMENT=…
          appsettings.json: {"models": {"default": {"model": "…", "endpoint": "…", "apiKey": "…", "api": "responses | chatCompletions"}}}
        """;

    private static readonly string[] Members = ["model", "endpoint", "apiKey", "api", "maxOutputTokens"];

    /// <summary>The variables that are read by their full names, because every tool of the field calls them so.</summary>
    public static IReadOnlySet<string> Variables { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "OPENAI_API_KEY", "OPENAI_MODEL", "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_DEPLOYMENT",
    };

    /// <exception cref="StartException">No model is configured, or one is configured wrongly.</exception>
    public static ModelCatalog Read(HostSettings settings)
    {
        var catalog = new ModelCatalog();
        if (settings.Model == ModelCatalog.Scripted)
        {
            return catalog.AddScripted(Rules);
        }

        foreach (var (name, options) in Options(settings))
        {
            try
            {
                catalog.Add(name, new Model(options.Model, OpenAIModel.Create(options), options.MaxOutputTokens ?? 4096));
            }
            catch (ArgumentException e)
            {
                throw new StartException($"Model '{name}' cannot be used: {e.Message}", inner: e);
            }
        }

        return catalog.Names.Count > 0 ? catalog : throw new StartException(settings.Model is null ? Ways
            : $"--model {settings.Model} needs to be told where that model is. {Ways}");
    }

    /// <summary>What settings say of each model, by its name: 'default' from the file before the environment, and by the name that --model gives.</summary>
    internal static IReadOnlyDictionary<string, OpenAIModelOptions> Options(HostSettings settings)
    {
        Dictionary<string, OpenAIModelOptions> models = [];
        foreach (var section in settings.Configuration.GetSection("models").GetChildren())
        {
            // Variables cannot say small letters everywhere.
            var name = section.Key.Equals(Default, StringComparison.OrdinalIgnoreCase) ? Default : section.Key;
            models.Add(name, FromSection(section, name == Default ? settings.Model : null, settings.Secrets));
        }

        if (!models.ContainsKey(Default) && FromEnvironment(settings) is { } options)
        {
            models.Add(Default, options);
        }

        return models;
    }

    private static ScriptedModel Rules(AgentDefinition agent)
    {
        var folder = Path.GetDirectoryName(agent.Source?.File ?? throw new InvalidOperationException($"Agent '{agent.Name}' has no folder to read rules from."))!;
        return new ScriptedModel(Script.Load(folder));
    }

    private static OpenAIModelOptions? FromEnvironment(HostSettings settings)
    {
        string? Value(string name) => settings.Configuration[name] is { Length: > 0 } value ? value : null;
        string Key(string name, string value) => settings.Secrets.Resolve(name, value).Reveal();

        if (Value("AZURE_OPENAI_ENDPOINT") is { } endpoint)
        {
            return new OpenAIModelOptions
            {
                Model = settings.Model ?? Value("AZURE_OPENAI_DEPLOYMENT")
                    ?? throw new StartException("AZURE_OPENAI_ENDPOINT is set, but no deployment is named. Set AZURE_OPENAI_DEPLOYMENT, or give --model."),
                Endpoint = AzureV1(Address("AZURE_OPENAI_ENDPOINT", endpoint)!),
                ApiKey = Key("AZURE_OPENAI_API_KEY", Value("AZURE_OPENAI_API_KEY") ?? throw new StartException("AZURE_OPENAI_ENDPOINT is set, but AZURE_OPENAI_API_KEY is not. Set it.")),
                KeyHeader = KeyHeader.ApiKey,
            };
        }

        return Value("OPENAI_API_KEY") is { } key
            ? new OpenAIModelOptions { Model = settings.Model ?? Value("OPENAI_MODEL") ?? "gpt-5.4", ApiKey = Key("OPENAI_API_KEY", key), Endpoint = Address("OPENAI_BASE_URL", Value("OPENAI_BASE_URL")) }
            : null;
    }

    private static OpenAIModelOptions FromSection(IConfigurationSection section, string? model, SecretSource secrets)
    {
        if (section.GetChildren().FirstOrDefault(member => !Members.Contains(member.Key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            throw new StartException($"{unknown.Path} is not known. A model has: {string.Join(", ", Members)}.");
        }

        var endpoint = Address($"{section.Path}:endpoint", section["endpoint"]);
        var isAzure = OpenAIModelOptions.IsAzureAt(endpoint);
        return new OpenAIModelOptions
        {
            Model = model ?? section["model"] ?? throw new StartException($"{section.Path} names no model. Add \"model\"."),
            Endpoint = isAzure ? AzureV1(endpoint!) : endpoint,
            ApiKey = secrets.Resolve($"{section.Path}:apiKey",
                section["apiKey"] ?? throw new StartException($"{section.Path} has no key. Add \"apiKey\"; a server that needs none takes any.")).Reveal(),
            KeyHeader = isAzure ? KeyHeader.ApiKey : KeyHeader.Bearer,
            Api = section["api"] switch
            {
                null or "responses" => OpenAIApi.Responses,
                "chatCompletions" => OpenAIApi.ChatCompletions,
                var other => throw new StartException($"{section.Path}:api '{other}' is not known. Give responses or chatCompletions."),
            },
            MaxOutputTokens = section["maxOutputTokens"] is not { } tokens ? null
                : int.TryParse(tokens, NumberStyles.None, CultureInfo.InvariantCulture, out var most) && most > 0 ? most
                : throw new StartException($"{section.Path}:maxOutputTokens '{tokens}' is not a number above 0."),
        };
    }

    private static Uri? Address(string name, string? text) => string.IsNullOrEmpty(text) ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp) ? address
        : throw new StartException($"{name} is not an address. Write it in full, with https://.");

    /// <summary>The part of an Azure resource that is called, however much of its address was given.</summary>
    private static Uri AzureV1(Uri address) =>
        address.AbsolutePath.TrimEnd('/') is "" or "/openai" ? new Uri(address, "/openai/v1/") : address;
}
