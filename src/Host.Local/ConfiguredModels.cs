using Holdfast.Agents.Definitions;
using Holdfast.Agents.Models;
using Holdfast.Agents.Models.Scripted;
using Holdfast.Providers.OpenAI;
using Microsoft.Extensions.Configuration;

namespace Holdfast.Host.Local;

/// <summary>The models that settings name.</summary>
internal static class ConfiguredModels
{
    private const string Ways = """
        No model is configured. Choose one:
          --model scripted                                    rules beside each agent; for trying out, no key needed
          OPENAI_API_KEY=…                                    OpenAI (OPENAI_MODEL names the model, default gpt-5.4)
          AZURE_OPENAI_ENDPOINT=https://NAME.openai.azure.com AZURE_OPENAI_API_KEY=… AZURE_OPENAI_DEPLOYMENT=…
          appsettings.json: {"models": {"default": {"model": "…", "endpoint": "…", "apiKey": "…", "api": "responses | chatCompletions"}}}
        """;

    /// <exception cref="StartException">No model is configured, or one is configured wrongly.</exception>
    public static ModelCatalog Read(HostSettings settings)
    {
        var catalog = new ModelCatalog();
        if (settings.Model == ModelCatalog.Scripted)
        {
            return catalog.AddScripted(Rules);
        }

        foreach (var section in settings.Configuration.GetSection("models").GetChildren())
        {
            Add(catalog, section.Key, FromSection(section, section.Key == "default" ? settings.Model : null), $"models:{section.Key}");
        }

        if (!catalog.Names.Contains("default") && FromEnvironment(settings) is { } options)
        {
            Add(catalog, "default", options, "the environment");
        }

        return catalog.Names.Count > 0 ? catalog : throw new StartException(settings.Model is null ? Ways
            : $"--model {settings.Model} needs to be told where that model is.{Environment.NewLine}{Ways}");
    }

    private static ScriptedModel Rules(AgentDefinition agent)
    {
        var folder = Path.GetDirectoryName(agent.Source?.File ?? throw new InvalidOperationException($"Agent '{agent.Name}' has no folder to read rules from."))!;
        return new ScriptedModel(Script.Load(folder));
    }

    private static void Add(ModelCatalog catalog, string name, OpenAIModelOptions options, string source)
    {
        try
        {
            catalog.Add(name, new Model(options.Model, OpenAIModel.Create(options), options.MaxOutputTokens ?? 4096));
        }
        catch (ArgumentException e)
        {
            throw new StartException($"Model '{name}' ({source}) cannot be used: {e.Message}", inner: e);
        }
    }

    private static OpenAIModelOptions? FromEnvironment(HostSettings settings)
    {
        var values = settings.Configuration;
        if (values["AZURE_OPENAI_ENDPOINT"] is { Length: > 0 } endpoint)
        {
            return new OpenAIModelOptions
            {
                Model = settings.Model ?? values["AZURE_OPENAI_DEPLOYMENT"]
                    ?? throw new StartException("AZURE_OPENAI_ENDPOINT is set, but no deployment is named. Set AZURE_OPENAI_DEPLOYMENT, or give --model."),
                Endpoint = AzureV1(endpoint),
                ApiKey = values["AZURE_OPENAI_API_KEY"] ?? throw new StartException("AZURE_OPENAI_ENDPOINT is set, but AZURE_OPENAI_API_KEY is not. Set it."),
                KeyHeader = KeyHeader.ApiKey,
            };
        }

        return values["OPENAI_API_KEY"] is { Length: > 0 } key
            ? new OpenAIModelOptions { Model = settings.Model ?? values["OPENAI_MODEL"] ?? "gpt-5.4", ApiKey = key, Endpoint = Address("OPENAI_BASE_URL", values["OPENAI_BASE_URL"]) }
            : null;
    }

    private static OpenAIModelOptions FromSection(IConfigurationSection section, string? model)
    {
        var endpoint = Address($"{section.Path}:endpoint", section["endpoint"]);
        return new OpenAIModelOptions
        {
            Model = model ?? section["model"] ?? throw new StartException($"{section.Path} names no model. Add \"model\"."),
            Endpoint = endpoint,
            ApiKey = section["apiKey"] ?? throw new StartException($"{section.Path} has no key. Add \"apiKey\"; a server that needs none takes any."),
            KeyHeader = endpoint?.Host.EndsWith(".azure.com", StringComparison.OrdinalIgnoreCase) == true ? KeyHeader.ApiKey : KeyHeader.Bearer,
            Api = section["api"] switch
            {
                null or "responses" => OpenAIApi.Responses,
                "chatCompletions" => OpenAIApi.ChatCompletions,
                var other => throw new StartException($"{section.Path}:api '{other}' is not known. Give responses or chatCompletions."),
            },
            MaxOutputTokens = section["maxOutputTokens"] is not { } tokens ? null : int.TryParse(tokens, out var most) && most > 0 ? most
                : throw new StartException($"{section.Path}:maxOutputTokens '{tokens}' is not a number above 0."),
        };
    }

    private static Uri? Address(string name, string? text) => string.IsNullOrEmpty(text) ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var address) ? address : throw new StartException($"{name} '{text}' is not an address. Write it in full, with https://.");

    private static Uri AzureV1(string endpoint)
    {
        var address = Address("AZURE_OPENAI_ENDPOINT", endpoint)!;
        return address.AbsolutePath.TrimEnd('/').EndsWith("/openai/v1", StringComparison.Ordinal) ? address : new Uri(address, "/openai/v1/");
    }
}
