using Holdfast.Agents.Definitions;
using Microsoft.Extensions.AI;

namespace Holdfast.Agents.Models;

/// <summary>A model that a run can use.</summary>
/// <param name="Label">What answers show as the run's model.</param>
/// <param name="MaxOutputTokens">The most tokens that one reply may have; what a call holds of the run's tokens beside its prompt.</param>
public sealed record Model(string Label, IChatClient Client, int MaxOutputTokens = 4096)
{
    /// <summary>How long its client waits for a reply at most; zero where it does not say.</summary>
    public TimeSpan Timeout { get; init; }
}

/// <summary>The models that a host offers, by the names that agents use for them.</summary>
public sealed class ModelCatalog
{
    /// <summary>The name of the model that reads rules beside the agent.</summary>
    public const string Scripted = "scripted";

    private readonly Dictionary<string, Func<AgentDefinition, Model>> models = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TimeSpan> timeouts = new(StringComparer.Ordinal);

    /// <summary>Whether runs are answered by rules instead of a model.</summary>
    public bool IsScripted { get; private set; }

    public IReadOnlyList<string> Names => [.. models.Keys.Order(StringComparer.Ordinal)];

    public ModelCatalog Add(string name, Model model)
    {
        models.Add(name, _ => model);
        timeouts.Add(name, model.Timeout);
        return this;
    }

    /// <summary>Answers every agent by the rules beside it, whatever model it names.</summary>
    public ModelCatalog AddScripted(Func<AgentDefinition, IChatClient> rules)
    {
        Dictionary<string, Model> loaded = [];
        IsScripted = true;
        models.Add(Scripted, agent =>
        {
            lock (loaded)
            {
                return loaded.TryGetValue(agent.Name, out var model) ? model : loaded[agent.Name] = new Model(Scripted, rules(agent));
            }
        });
        return this;
    }

    /// <summary>How long a reply of a model is waited for at most, by its name.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Timeouts => timeouts;

    /// <summary>The model of an agent; null when the host has none of that name.</summary>
    public Model? Find(AgentDefinition agent) =>
        models.TryGetValue(IsScripted ? Scripted : agent.Model, out var create) ? create(agent) : null;
}
