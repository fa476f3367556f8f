using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Tools;
using Microsoft.Extensions.AI;

namespace Holdfast.Agents.Testing;

/// <summary>What a host is started with: an agent, its tools, its model.</summary>
public sealed record Deployment
{
    /// <param name="tools">The agent may use all of them; those with an effect run without approval unless <see cref="Approvals"/> says more.</param>
    public Deployment(IChatClient model, params IReadOnlyList<FakeTool> tools) => (Model, Tools) = (model, tools);

    public const string AgentName = "desk";

    public IChatClient Model { get; init; }

    /// <summary>What the agent calls its model.</summary>
    public string ModelName { get; init; } = "default";

    /// <summary>The most tokens of one reply.</summary>
    public int MaxOutputTokens { get; init; } = 100;

    public IReadOnlyList<FakeTool> Tools { get; init; }

    public RunLimits Limits { get; init; } = new(100, 1000, 1_000_000, TimeSpan.FromHours(1));

    public IReadOnlyList<ApprovalRule> Approvals { get; init; } = [];

    public string Instructions { get; init; } = "Be brief.";

    /// <summary>Off for a host that no longer has the agent.</summary>
    public bool HasAgent { get; init; } = true;

    public AgentOptions Options { get; init; } = new();

    /// <summary>The agent as a user would write it, in place of all that the properties above say of it; its name must be <see cref="AgentName"/>.</summary>
    public string? Yaml { get; init; }

    /// <summary>Whom the host knows.</summary>
    public People People { get; init; } = People.Nobody;

    /// <summary>What the host asks for beside its agents.</summary>
    public Policies Policies { get; init; } = Policies.None;

    /// <summary>Tools of Holdfast itself that the agent may use, too.</summary>
    public IReadOnlyList<string> Own { get; init; } = [];

    /// <summary>These rules, in place of those that would hold otherwise.</summary>
    public Deployment Asking(params ApprovalRule[] rules) => this with { Approvals = rules };

    internal AgentCatalog Catalog() => new(
        HasAgent ? [Yaml is null ? Declared() : Written(Yaml)] : [],
        new Toolbox(Tools.Select(tool => tool.ToTool())),
        new ModelCatalog().Add(ModelName, new Model("fake", Model, MaxOutputTokens)))
    {
        People = People, Policies = Policies,
    };

    private AgentDefinition Declared()
    {
        var ruled = Approvals.Select(rule => rule.Tool).ToHashSet();
        var free = Tools.Where(tool => tool.Effect != Effect.None && !ruled.Contains(tool.Name)).Select(tool => new ApprovalRule(tool.Name, [], null));
        return new AgentDefinition(AgentName, ModelName, Instructions, [.. Tools.Select(tool => tool.Name), .. Own], Limits, [.. Approvals, .. free]);
    }

    private AgentDefinition Written(string yaml)
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-agent-");
        try
        {
            var agent = folder.CreateSubdirectory(AgentName).FullName;
            File.WriteAllText(Path.Combine(agent, AgentFolder.FileName), yaml);
            File.WriteAllText(Path.Combine(agent, "instructions.md"), Instructions);
            return AgentFolder.Load(agent);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

}
