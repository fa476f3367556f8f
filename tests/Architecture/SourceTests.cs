using System.Text.RegularExpressions;

namespace Holdfast.Architecture;

/// <summary>What the source text itself must not say.</summary>
public sealed partial class SourceTests
{
    [Theory]
    [InlineData("Durable")]
    [InlineData("Durable.Embedded")]
    [InlineData("Durable.Testing")]
    [InlineData("Sqlite")]
    public void WhatLiesBelowTheDomainNeverSpeaksOfIt(string project)
    {
        var code = Repository.Code($"src/{project}").ToList();
        Assert.NotEmpty(code);
        Repository.AssertNone($"{project} knows nothing of agents, also not by name:", Repository.Find(Agent(), code));
    }

    [Fact]
    public void TheDomainNamesNoVendorOutsideItsStorage()
    {
        var code = Repository.Code("src/Agents").Where(file => !file.StartsWith("src/Agents/Storage/", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(code);
        Repository.AssertNone("A vendor belongs into a provider, or into Agents/Storage if it is a database:", Repository.Find(Vendor(), code));
    }

    [Fact]
    public void AnOrchestratorTakesTimeChanceAndTheWorldFromItsContextOnly()
    {
        var orchestrators = Repository.Projects.Where(project => project.IsOf("src") && !project.Name.StartsWith("Durable", StringComparison.Ordinal))
            .SelectMany(project => Repository.Code($"src/{project.Name}"))
            .Where(file => Repository.Read(file).Contains(nameof(OrchestrationContext), StringComparison.Ordinal)).ToList();
        Assert.Contains("src/Agents/Runs/AgentRun.cs", orchestrators);
        Assert.Contains("src/Agents/Approvals/AskPerson.cs", orchestrators);
        Repository.AssertNone("A replay would decide otherwise:", Repository.Find(Unrepeatable(), orchestrators));
    }

    [Fact]
    public void NothingNamesAMachinesPath() => Repository.AssertNone(
        "A path of somebody's machine:", Repository.Find(MachinePath(), Repository.Files.Where(IsText)));

    [Theory]
    [InlineData("class AgentRun", true)]
    [InlineData("an agent's turn", true)]
    [InlineData("var agents = 1;", true)]
    [InlineData("theAgentStore", true)]
    [InlineData("reagent, agenda", false)]
    public void TheWordIsFoundInTextAndInNames(string text, bool found) => Assert.Equal(found, Agent().IsMatch(text));

    private static bool IsText(string file) => Path.GetExtension(file) is not (".png" or ".ico" or ".db");

    // Only its name is needed here.
    private sealed class OrchestrationContext;

    [GeneratedRegex(@"(?<![A-Za-z])[Aa]gents?(?![a-z])|(?<=[a-z0-9])Agents?(?![a-z])")]
    private static partial Regex Agent();

    [GeneratedRegex(@"\b(Microsoft\.Data\.Sqlite|SQLitePCL|Sqlite\w*|Npgsql|Postgre\w*|OpenAI|Azure|Anthropic|Microsoft\.AspNetCore)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Vendor();

    [GeneratedRegex(@"\b(DateTime(Offset)?\.(Utc)?Now|TimeProvider|Stopwatch|Guid\.(NewGuid|CreateVersion7)|Random|Task\.(Run|Delay|Yield)|Thread|Environment\.(?!NewLine)|File\.|HttpClient|ConfigureAwait)\b")]
    private static partial Regex Unrepeatable();

    [GeneratedRegex(@"(?<![\w.])/(home|Users|root|work|build|workspace)/[A-Za-z0-9]|[A-Z]:\\Users\\")]
    private static partial Regex MachinePath();
}
