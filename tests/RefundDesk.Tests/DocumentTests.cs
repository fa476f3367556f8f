using System.Text.RegularExpressions;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Models;
using Holdfast.Agents.Models.Scripted;
using Holdfast.Agents.Tools;
using RefundDesk;

namespace Holdfast.RefundDesk.Tests;

/// <summary>docs/approvals.md: what it shows is read as it stands there, and fits the example.</summary>
public sealed partial class DocumentTests : IDisposable
{
    private readonly ShopFolder shop = new();
    private readonly string folder = Directory.CreateTempSubdirectory("holdfast-").FullName;

    [Fact]
    public void TheFilesOfTheDocumentFitTogetherAndTheExample()
    {
        foreach (Match file in Files().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "approvals.md"))))
        {
            var path = Path.Combine(folder, file.Groups["name"].Value);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, file.Groups["yaml"].Value);
        }

        File.WriteAllText(Path.Combine(folder, "agents", "refund-desk", "instructions.md"), "Be kind.");
        var agent = AgentFolder.Load(Path.Combine(folder, "agents", "refund-desk"));
        var policies = PolicyFolder.Load(Path.Combine(folder, "policies"));
        var people = PeopleFile.Load(Path.Combine(folder, PeopleFile.Name));
        var tools = Toolbox.From(new ShopTools(shop.Shop));

        AgentCheck.Against(agent, tools, new ModelCatalog().AddScripted(_ => new ScriptedModel(Script.Load(Desk.Folder))));
        PolicyCheck.Against([agent], policies, people, tools, [new Post("teams"), new Post("email")]);
        Assert.Equal((2, 2, 3), (agent.Approvals.Count, policies.Rules.Count, people.All.Count));
    }

    public void Dispose()
    {
        shop.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [GeneratedRegex(@"```yaml\n# (?<name>\S+)\n(?<yaml>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Files();

    private sealed class Post(string name) : IChannel
    {
        public string Name => name;

        public bool IsShared => false;

        public bool Reaches(Person? person) => person?.Email is not null;

        public Task SendAsync(Message message, CancellationToken cancellation) => throw new NotSupportedException("Nothing is sent at a start.");
    }
}
