using System.ComponentModel;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Models;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Tests.Definitions;

/// <summary>A folder of agents that is gone after the test.</summary>
internal sealed class AgentFiles : IDisposable
{
    public const string Name = "refund-desk";

    public const string Yaml = """
        name: refund-desk
        model: default
        instructions: instructions.md
        tools: [lookup_order, issue_refund, send_reply]
        limits: {turns: 5, toolCalls: 6, tokens: 7000, time: 8m}
        approvals:
          - tool: issue_refund
            when: {amount: {over: 100}}
            stages: [{by: ['role:approve', 'user:anna'], of: 1}]
            requester: allowed
            expires: 2d
            onExpire: end
            onReject: end
          - {tool: send_reply, none: true}
        """;

    public static Toolbox Tools { get; } = Toolbox.From(new RefundTools());

    public static ModelCatalog Models { get; } = new ModelCatalog().Add("default", new Model("fake", new FakeModel()));

    public string Folder { get; } = Directory.CreateTempSubdirectory("holdfast-").FullName;

    public string Agent => Path.Combine(Folder, Name);

    public static AgentDefinition Load(string yaml)
    {
        using var files = new AgentFiles();
        return files.Write(yaml);
    }

    public AgentDefinition Write(string yaml, string instructions = "Be kind.\n", string folder = Name)
    {
        var path = Path.Combine(Folder, folder);
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "agent.yaml"), yaml);
        File.WriteAllText(Path.Combine(path, "instructions.md"), instructions);
        return AgentFolder.Load(path);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    public sealed record Customer(string Country);

    private sealed class RefundTools
    {
        [Tool("lookup_order"), Description("Finds an order.")]
        public string Lookup([Description("Its number.")] string order) => order;

        [Tool("issue_refund", Does = Effect.External), Description("Pays back.")]
        public void Refund([Description("How much.")] decimal amount, [Description("To whom.")] Customer? customer = null, [Description("In what.")] DayOfWeek? day = null) { }

        [Tool("send_reply", Does = Effect.External), Description("Answers.")]
        public void Reply([Description("What.")] string text) { }
    }
}
