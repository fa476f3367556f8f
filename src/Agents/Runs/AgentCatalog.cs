using System.Collections.Concurrent;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Models;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Runs;

/// <summary>The agents of this host with what they use, and every version that a run still holds on to.</summary>
public sealed class AgentCatalog
{
    /// <summary>Of how many releases a shared engine knows what they have put in force.</summary>
    private const int Remembered = 32;

    private readonly Dictionary<string, (AgentDefinition Definition, string Version)> agents;
    private readonly ConcurrentDictionary<string, AgentDefinition> versions = new(StringComparer.Ordinal);

    /// <exception cref="DefinitionException">An agent names a tool or a model that is not there, or a rule that does not fit its tool.</exception>
    public AgentCatalog(IEnumerable<AgentDefinition> definitions, Toolbox tools, ModelCatalog models)
    {
        (Tools, Models) = (tools.And(new Toolbox([Question.Tool])), models);
        agents = definitions.ToDictionary(agent => agent.Name, agent =>
        {
            AgentCheck.Against(agent, Tools, models);
            return (agent, AgentVersion.Of(agent, Tools));
        }, StringComparer.Ordinal);
        foreach (var (definition, version) in agents.Values)
        {
            versions[version] = definition;
        }
    }

    public Toolbox Tools { get; }

    public ModelCatalog Models { get; }

    /// <summary>Whom this host knows.</summary>
    public People People { get; init; } = People.Nobody;

    /// <summary>What this host asks for beside what its agents do.</summary>
    public Policies Policies { get; init; } = Policies.None;

    public IReadOnlyList<string> Names => [.. agents.Keys.Order(StringComparer.Ordinal)];

    public (AgentDefinition Definition, string Version)? Find(string name) => agents.TryGetValue(name, out var found) ? found : null;

    /// <summary>Puts this host's agents, people and policies in force, and keeps each version by its hash for the runs that begin with it.</summary>
    /// <param name="shared">
    /// The engine, where processes of it start by themselves: these agents are put in force by the first alone, or any process of a release that
    /// drains would undo what the next release has put in force since.
    /// </param>
    internal async Task PutInForceAsync(StoreTransaction tx, string? shared = null)
    {
        if (shared is not null && !await IsNewToAsync(tx, shared))
        {
            return;
        }

        await RulesInForce.PutAsync(tx, People, Policies);
        foreach (var (definition, version) in agents.Values.OrderBy(agent => agent.Definition.Name, StringComparer.Ordinal)) // or two hosts that start at once lock each other out
        {
            await tx.ExecuteAsync("INSERT INTO agent_versions (hash, definition) VALUES (@version, @json) ON CONFLICT (hash) DO NOTHING",
                new { version, json = definition.ToJson() });
            await tx.ExecuteAsync("INSERT INTO agents (name, version) VALUES (@Name, @version) ON CONFLICT (name) DO UPDATE SET version = @version",
                new { definition.Name, version });
        }
    }

    /// <summary>Notes these agents with those that the engine has put in force.</summary>
    /// <returns>False when they stand there already.</returns>
    private async Task<bool> IsNewToAsync(StoreTransaction tx, string engine)
    {
        var digest = Digest.OfText(string.Join('\n', [.. Names.Select(name => $"{name} {agents[name].Version}"), People.Hash, Policies.Hash]))[..16];
        var before = (await tx.FirstAsync<string>($"SELECT in_force FROM engines WHERE id = @engine{tx.ForNoKeyUpdate}", new { engine }))!.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (before.Contains(digest))
        {
            return false;
        }

        await tx.ExecuteAsync("UPDATE engines SET in_force = @all WHERE id = @engine", new { engine, all = string.Join(' ', [.. before.TakeLast(Remembered - 1), digest]) });
        return true;
    }

    /// <summary>The definition that a run began with.</summary>
    internal async Task<AgentDefinition> OfAsync(StoreTransaction tx, string version)
    {
        if (!versions.TryGetValue(version, out var definition))
        {
            var json = await tx.FirstAsync<string>("SELECT definition FROM agent_versions WHERE hash = @version", new { version })
                ?? throw new InvalidOperationException($"Agent version {version} is not in the store, though a run holds it. Restore the store from a backup.");
            versions[version] = definition = AgentDefinition.FromJson(json);
        }

        return definition;
    }

    /// <summary>The definition in force for an agent that has runs: this host's, or the last one that a host had.</summary>
    internal async Task<AgentDefinition> InForceAsync(StoreTransaction tx, string name) =>
        await OfAsync(tx, (await tx.FirstAsync<string>("SELECT version FROM agents WHERE name = @name", new { name }))!);
}
