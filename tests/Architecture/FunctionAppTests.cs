using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Holdfast.Architecture;

/// <summary>
/// The function app over its source, because its packages are not on every machine. Where they are, tests/Host.Functions.Tests holds the compiled
/// functions to the same.
/// </summary>
public sealed partial class FunctionAppTests
{
    /// <summary>Settings that the Functions host reads, not we: which worker it starts, and where it keeps its leases.</summary>
    private static readonly string[] OfTheFunctionsHost = ["FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"];

    /// <summary>What stands in no sample: the host's own way to say what host.json says.</summary>
    private static readonly string[] OfHostJson = ["AzureFunctionsJobHost:functionTimeout"];

    private static readonly string Host = string.Join('\n', Repository.Code("src/Host.Functions").Select(Repository.Read));

    [Fact]
    public void EveryOrchestratorAndActivityHasAFunctionOfItsNameAndKind()
    {
        var registered = Registered().Matches(Repository.Read("src/Agents/AgentSystem.cs"))
            .Select(one => (one.Groups["name"].Value, Kind: one.Groups["kind"].Value == "Orchestrator" ? "OrchestrationTrigger" : "ActivityTrigger")).ToList();
        Assert.True(registered.Count >= 7, "AgentSystem.Register is not read as it is written.");
        Assert.Equal(registered.Order(), Functions().Where(function => function.Kind is "OrchestrationTrigger" or "ActivityTrigger").Order());
    }

    [Fact]
    public void AFunctionRunsWhatItIsCalled()
    {
        var acts = Acts().Matches(Host).Select(act => (Called: act.Groups["name"].Value, Runs: act.Groups["runs"].Value)).ToList();
        Assert.Equal(Functions().Where(function => function.Kind == "ActivityTrigger").Select(function => function.Name).Order(), acts.Select(act => act.Called).Order());
        Assert.All(acts, act => Assert.Equal(act.Called, act.Runs));
    }

    [Fact]
    public void OneRouteTakesEveryRequest()
    {
        Assert.Equal("{*path}", Assert.Single(Route().Matches(Host)).Groups["route"].Value);
        Assert.Equal("", HostJson().GetProperty("extensions").GetProperty("http").GetProperty("routePrefix").GetString());
    }

    [Fact]
    public void EverySettingOfTheSampleIsReadAndEverySettingThatIsReadStandsInTheSample()
    {
        var models = Quoted().Matches(Repository.Read("src/Providers.OpenAI/ModelSettings.cs").Split("Variables { get; }")[1].Split(';')[0]).Select(one => one.Groups["name"].Value);
        var host = Settings().Matches(Repository.Read("src/Host.Functions/FunctionsSettings.cs")).Select(one => one.Groups["name"].Value);
        Assert.Equal(models.Concat(host).Concat(OfChannels()).Concat(OfTheFunctionsHost).Order(StringComparer.Ordinal), Sample().Order(StringComparer.Ordinal));
        Assert.Equal(OfHostJson, Asked().Matches(Host).Select(one => one.Groups["name"].Value));
    }

    [Fact]
    public void WhatHostJsonNamesStandsInTheSample()
    {
        var engine = HostJson().GetProperty("extensions").GetProperty("durableTask");
        Assert.Contains(engine.GetProperty("hubName").GetString()!.Trim('%'), Sample());
        Assert.Contains(engine.GetProperty("storageProvider").GetProperty("connectionStringName").GetString(), Sample());
        Assert.Equal("NonRunningStates", engine.GetProperty("overridableExistingInstanceStates").GetString());
        Assert.Equal("CurrentOrOlder", engine.GetProperty("versionMatchStrategy").GetString());
    }

    [Fact]
    public void TheVersionThatInstancesBeginAsIsTheRelease() => Assert.Equal(
        XDocument.Parse(Repository.Read("Directory.Build.props")).Descendants("Version").Single().Value,
        HostJson().GetProperty("extensions").GetProperty("durableTask").GetProperty("defaultVersion").GetString());

    [Fact]
    public void TheSampleHoldsNoSecret() => Repository.AssertNone("A value that only a laptop's stand-ins may have:", Values()
        .Where(value => value.Name.EndsWith("_KEY", StringComparison.Ordinal) && value.Value.GetString() != "").Select(value => value.Name));

    [Fact]
    public void NothingOfTheAppNeedsALibraryOfSqlite() => Repository.AssertNone("SQLite's library need not be where functions run:", Repository.Find(
        Sqlite(), [.. Repository.Code("src/Host.Functions"), .. Repository.Code("examples/refund-desk-functions"), "examples/refund-desk/ShopTools.cs", "examples/refund-desk-functions/refund-desk-functions.csproj"]));

    /// <summary>Each part of each channel that has parts.</summary>
    private static IEnumerable<string> OfChannels() => Channels().Matches(Repository.Read("src/Providers.Messaging/MessagingSettings.cs"))
        .SelectMany(channel => channel.Groups["part"].Captures.Select(part => $"HOLDFAST_CHANNELS__{channel.Groups["name"].Value}__{part.Value}".ToUpperInvariant()));

    private static IEnumerable<(string Name, string Kind)> Functions() => Function().Matches(Host)
        .Select(function => (function.Groups["name"] is { Success: true } name ? name.Value : function.Groups["type"].Value, function.Groups["kind"].Value));

    private static IEnumerable<string> Sample() => Values().Select(value => value.Name);

    private static IEnumerable<JsonProperty> Values() => Json("local.settings.sample.json").GetProperty("Values").EnumerateObject();

    private static JsonElement HostJson() => Json("host.json");

    private static JsonElement Json(string file) => JsonDocument.Parse(Repository.Read(file), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip }).RootElement;

    [GeneratedRegex(@"\.Add(?<kind>Orchestrator|Activity)\((?<name>\w+)\.Name,")]
    private static partial Regex Registered();

    [GeneratedRegex(@"\[Function\((""(?<name>\w+)""|(?<type>\w+)\.Name)\)\]\s+public [^\n]*\(\s*\[(?<kind>\w+Trigger)\b")]
    private static partial Regex Function();

    [GeneratedRegex(@"Holdfast\.Sqlite|Sqlite(Dialect|Connection)|refund-desk/Shop\.cs")]
    private static partial Regex Sqlite();

    [GeneratedRegex(@"\[Function\(""(?<name>\w+)""\)\]\s+public [^\n]*\s+runtime\.ActAsync\(""(?<runs>\w+)"",")]
    private static partial Regex Acts();

    [GeneratedRegex(@"HttpTrigger\([^)]*Route = ""(?<route>[^""]*)""")]
    private static partial Regex Route();

    [GeneratedRegex(@"""(?<name>[A-Z][A-Z0-9_]+)""")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"Part\(section, ""(?<name>\w+)""(, ""(?<part>\w+)"")+\)")]
    private static partial Regex Channels();

    [GeneratedRegex(@"public const string \w+ = ""(?<name>\w+)"";")]
    private static partial Regex Settings();

    [GeneratedRegex(@"(settings|configuration|Configuration)\[""(?<name>[^""]+)""\]|GetEnvironmentVariable\(""(?<name>[^""]+)""\)")]
    private static partial Regex Asked();
}
