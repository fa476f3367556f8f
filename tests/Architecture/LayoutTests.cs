using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Holdfast.Architecture;

/// <summary>The names at the top that others rely on, and the rules that every project is built by.</summary>
public sealed partial class LayoutTests
{
    [Theory]
    [InlineData("Functions.sln")]
    [InlineData("Local.slnf")]
    [InlineData("host.json")]
    [InlineData("local.settings.sample.json")]
    [InlineData("Directory.Build.props")]
    [InlineData("Directory.Packages.props")]
    [InlineData(".editorconfig")]
    [InlineData("global.json")]
    [InlineData("build.sh")]
    [InlineData(".ci/run")]
    [InlineData("README.md")]
    [InlineData("CONTRIBUTING.md")]
    [InlineData("CHANGELOG.md")]
    [InlineData("azure.yaml")]
    [InlineData("infra-bicep/main.bicep")]
    [InlineData("docs/architecture.md")]
    [InlineData("docs/guarantees.md")]
    [InlineData("docs/status.md")]
    [InlineData("docs/decisions/0001-own-durable-port.md")]
    [InlineData("docs/decisions/0002-sqlite-from-the-system.md")]
    [InlineData("docs/decisions/0003-transcripts-outside-history.md")]
    [InlineData("docs/decisions/0004-one-outbox-between-two-stores.md")]
    [InlineData("docs/decisions/0005-own-agent-loop-over-ichatclient.md")]
    [InlineData("docs/decisions/0008-functions-in-a-package.md")]
    public void ItIsThere(string file) => Assert.Contains(file, Repository.Files);

    [Theory]
    [InlineData("build.sh")]
    [InlineData(".ci/run")]
    [InlineData("infra-bicep/hooks/database-role.sh")]
    [InlineData("infra-bicep/hooks/sign-in.sh")]
    public void ItCanBeRun(string file)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no executable bit.");
        if (!OperatingSystem.IsWindows())
        {
            Assert.True(File.GetUnixFileMode(Path.Combine(Repository.Root, file)).HasFlag(UnixFileMode.UserExecute), $"{file} cannot be run. Type: chmod +x {file}");
        }
    }

    [Fact]
    public void EveryProjectIsInTheSolution()
    {
        var solution = Repository.Read("Functions.sln").Replace('\\', '/');
        Repository.AssertNone("Not in Functions.sln (dotnet sln Functions.sln add …):",
            Repository.Projects.Select(project => project.File).Where(file => !solution.Contains($"\"{file}\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void EveryProjectWithoutAFunctionsPackageIsInTheLocalSolution()
    {
        var filter = JsonDocument.Parse(Repository.Read("Local.slnf")).RootElement.GetProperty("solution").GetProperty("projects");
        var local = filter.EnumerateArray().Select(project => project.GetString()!.Replace('\\', '/')).ToHashSet(StringComparer.Ordinal);
        var expected = Repository.Projects.Where(project => !project.Packages.Any(IsFunctions)).Select(project => project.File);
        Assert.Equal(expected.Order(StringComparer.Ordinal), local.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EveryPackageVersionIsCentral()
    {
        var central = Repository.Files.Where(file => Path.GetFileName(file) == "Directory.Packages.props")
            .SelectMany(file => XDocument.Parse(Repository.Read(file)).Descendants("PackageVersion")).ToList();
        var known = central.Select(package => (string)package.Attribute("Include")!).ToHashSet(StringComparer.Ordinal);
        Repository.AssertNone("A version beside the central ones, or none at all:", Repository.Projects.SelectMany(project => project.Packages
            .Where(package => package.Attribute("Version") is not null || package.Attribute("VersionOverride") is not null
                || !known.Contains((string)package.Attribute("Include")!))
            .Select(package => $"{project.File}: {package.Attribute("Include")?.Value}")));
        Repository.AssertNone("Not one exact version:", central.Where(package => !Exact().IsMatch((string)package.Attribute("Version")!)).Select(package => package.ToString()));
    }

    [Fact]
    public void EveryLinkInADocumentLeadsSomewhere() => Repository.AssertNone("Leads nowhere:",
        from file in Repository.Files.Where(file => file.EndsWith(".md", StringComparison.Ordinal))
        from Match link in Link().Matches(Repository.Read(file))
        let target = Path.Combine(Repository.Root, Path.GetDirectoryName(file)!, link.Groups["path"].Value)
        where !Path.Exists(target)
        select $"{file}: {link.Groups["path"].Value}");

    private static bool IsFunctions(XElement package) => (string)package.Attribute("Include")! is var name
        && (name.StartsWith("Microsoft.Azure.Functions.", StringComparison.Ordinal) || name.StartsWith("Microsoft.DurableTask.", StringComparison.Ordinal));

    [GeneratedRegex(@"^\d+\.\d+\.\d+(\.\d+)?(-[\w.]+)?\z")]
    private static partial Regex Exact();

    [GeneratedRegex(@"\]\((?<path>[^)#:\s]+)(#[^)\s]*)?\)")]
    private static partial Regex Link();
}
