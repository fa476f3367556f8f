namespace Holdfast.Architecture;

/// <summary>Who may know whom: docs/architecture.md, held to the project files.</summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, string[]> House = new(StringComparer.Ordinal)
    {
        ["Durable"] = [],
        ["Sqlite"] = [],
        ["Durable.Embedded"] = ["Durable", "Sqlite"],
        ["Durable.Testing"] = ["Durable"],
        ["Agents"] = ["Durable", "Sqlite"],
        ["Agents.Testing"] = ["Agents", "Durable.Testing", "Durable.Embedded"],
        ["Agents.Http"] = ["Agents"],
        ["Providers.*"] = ["Agents"],
        ["Host.Local"] = ["Agents.Http", "Agents", "Durable.Embedded", "Providers.*"],
        ["Host.Functions"] = ["Agents.Http", "Agents", "Providers.*"],
        ["examples/*"] = ["Host.*"],
    };

    /// <summary>What only one project may reach for; everybody else gets it through that one or not at all.</summary>
    private static readonly Dictionary<string, string> Keepers = new(StringComparer.Ordinal)
    {
        ["Azure.Core"] = "Providers.Azure",
        ["Azure.Identity"] = "Providers.Azure",
        ["OpenAI"] = "Providers.OpenAI",
        ["Microsoft.Data.Sqlite.Core"] = "Sqlite",
        ["SQLitePCLRaw.core"] = "Sqlite",
        ["SQLitePCLRaw.provider.e_sqlite3"] = "Sqlite",
        ["Dapper"] = "Agents",
        ["Npgsql"] = "Agents",
        ["YamlDotNet"] = "Agents",
        ["Microsoft.Extensions.AI.Abstractions"] = "Agents",
    };

    public static TheoryData<string> Projects => [.. Repository.Projects.Where(IsHouse).Select(project => project.Name)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void AProjectKnowsOnlyThoseItMay(string name)
    {
        var project = Repository.Projects.Single(one => one.Name == name);
        var allowed = House.Where(entry => Fits(entry.Key, name)).Select(entry => entry.Value).FirstOrDefault();
        Assert.True(allowed is not null, $"{name} is not in the house. Add it to docs/architecture.md and here, with the projects it may know.");
        Repository.AssertNone($"{name} may know only: {string.Join(", ", allowed)}. It references:",
            project.References.Where(reference => !allowed.Any(pattern => Fits(pattern, reference))));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void APackageIsReachedForByItsKeeperAlone(string name)
    {
        var project = Repository.Projects.Single(one => one.Name == name);
        Repository.AssertNone($"{name} references a package that another project keeps:", project.Packages
            .Select(package => (string)package.Attribute("Include")!)
            .Where(package => Keepers.TryGetValue(package, out var keeper) && keeper != name)
            .Select(package => $"{package}, kept by {Keepers[package]}"));
    }

    [Fact]
    public void EveryProjectOfTheDocumentedHouseIsHeldToIt()
    {
        var documented = Repository.Read("docs/architecture.md");
        Repository.AssertNone("docs/architecture.md does not name:", Repository.Projects.Where(IsHouse).Select(project => project.File)
            .Select(file => Path.GetDirectoryName(file)!.Replace('\\', '/'))
            .Where(folder => !documented.Contains($"`{folder}`", StringComparison.Ordinal)));
    }

    private static bool IsHouse(Project project) => project.IsOf("src") || project.IsOf("examples");

    private static bool Fits(string pattern, string name) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : pattern == name;
}
