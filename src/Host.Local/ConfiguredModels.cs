using Holdfast.Agents.Definitions;
using Holdfast.Agents.Models;
using Holdfast.Agents.Models.Scripted;
using Holdfast.Providers.OpenAI;

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

    /// <exception cref="StartException">No model is configured.</exception>
    /// <exception cref="ModelSettingsException">One is configured wrongly.</exception>
    public static ModelCatalog Read(HostSettings settings)
    {
        if (settings.Model == ModelCatalog.Scripted)
        {
            return new ModelCatalog().AddScripted(Rules);
        }

        var catalog = ModelSettings.Read(settings.Configuration, settings.Secrets, settings.Model);
        return catalog.Names.Count > 0 ? catalog : throw new StartException(settings.Model is null ? Ways
            : $"--model {settings.Model} needs to be told where that model is. {Ways}");
    }

    private static ScriptedModel Rules(AgentDefinition agent)
    {
        var folder = Path.GetDirectoryName(agent.Source?.File ?? throw new InvalidOperationException($"Agent '{agent.Name}' has no folder to read rules from."))!;
        return new ScriptedModel(Script.Load(folder));
    }
}
