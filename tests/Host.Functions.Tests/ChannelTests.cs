using Holdfast.Agents.Definitions;
using Holdfast.Agents.Links;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Models;
using Holdfast.Agents.Models.Scripted;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

/// <summary>How an app tells people, and where it leads them: what its settings say of both, held together before it starts.</summary>
public sealed class ChannelTests : IDisposable
{
    private const string Key = "a-key-of-forty-letters-that-signs-links-";

    private static readonly Dictionary<string, string?> Mail = new()
    {
        ["HOLDFAST_CHANNELS:EMAIL:SERVER"] = "smtp.example.org", ["HOLDFAST_CHANNELS:EMAIL:FROM"] = "Desk <desk@example.org>",
    };

    private readonly string folder = Directory.CreateTempSubdirectory("holdfast-app-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void ASettingThatATemplateLeavesEmptyIsNoChannel() => Assert.Empty(Channels(new()
    {
        ["HOLDFAST_CHANNELS:EMAIL:SERVER"] = "", ["HOLDFAST_CHANNELS:EMAIL:PORT"] = "", ["HOLDFAST_CHANNELS:TEAMS:WEBHOOK"] = "", ["HOLDFAST_CHANNELS:WEBHOOK:URL"] = "",
    }));

    [Fact]
    public void ThoseThatAreNamedAreTriedInTheirOrder() => Assert.Equal(["email", "webhook"], Channels(new(Mail)
    {
        ["HOLDFAST_CHANNELS:WEBHOOK:URL"] = "https://tickets.example.org/", ["HOLDFAST_CHANNELS:WEBHOOK:SECRET"] = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        ["HOLDFAST_CHANNELS:EMAIL:PORT"] = "",
    }).Select(channel => channel.Name));

    [Theory]
    [InlineData("EMAIL:PORT", "no", "channels:email:port 'no' is not a number from 1 to 65535. As a setting of the app, channels:email:server is HOLDFAST_CHANNELS__EMAIL__SERVER.")]
    [InlineData("SMS:NUMBER", "1", "channels:SMS is not known.")]
    [InlineData("CONSOLE", "true", "HOLDFAST_CHANNELS__CONSOLE is set, but nobody sits before a function app")]
    public void OneThatIsWrongIsAStartErrorThatNamesIt(string name, string value, string words) => Assert.Contains(words,
        Assert.Throws<StartException>(() => Channels(new(Mail) { [$"HOLDFAST_CHANNELS:{name}"] = value })).Message, StringComparison.Ordinal);

    [Fact]
    public void WhereNobodyIsToldNoKeyIsNeededAndWhereSomebodyIsTheKeyIs()
    {
        Assert.Null(Keys(Settings([]), []));
        Assert.Contains("People are told by email, and HOLDFAST_LINK_KEY is not set", Assert.Throws<StartException>(
            () => Keys(Settings(new() { ["HOLDFAST_URL"] = "https://desk.example.org" }), Channels(Mail))).Message, StringComparison.Ordinal);
        Assert.Single(Keys(Settings(new() { ["HOLDFAST_URL"] = "https://desk.example.org", ["HOLDFAST_LINK_KEY"] = Key }), Channels(Mail))!.Ids);
        Assert.Contains("HOLDFAST_LINK_KEY: key 1 has 5 characters.", Assert.Throws<SecretException>(() => Keys(Settings(new() { ["HOLDFAST_LINK_KEY"] = "short" }), [])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutAnAddressNobodyCanBeToldWhereToDecide() => Assert.Contains("Set HOLDFAST_URL to https://", Assert.Throws<StartException>(
        () => Keys(Settings(new() { ["HOLDFAST_LINK_KEY"] = Key }), Channels(Mail))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(null, "app-1.azurewebsites.net", "https://app-1.azurewebsites.net/")]
    [InlineData("https://desk.example.org", "app-1.azurewebsites.net", "https://desk.example.org/")]
    [InlineData(null, "localhost:7071", "http://localhost:7071/")]
    [InlineData("http://localhost:7071", null, "http://localhost:7071/")]
    [InlineData(null, null, null)]
    public void TheAddressIsWhatIsSetOrTheNameThatThePlatformGives(string? url, string? name, string? address) =>
        Assert.Equal(address, Settings(new() { ["HOLDFAST_URL"] = url, ["WEBSITE_HOSTNAME"] = name }).Address?.AbsoluteUri);

    [Theory]
    [InlineData("http://desk.example.org")]
    [InlineData("desk.example.org")]
    [InlineData("https://desk.example.org/desk")]
    [InlineData("https://me:pw@desk.example.org")]
    [InlineData("ftp://desk.example.org")]
    public void AnAddressWhoseLinksOthersCouldReadOrThatIsNoneIsRefused(string url) => Assert.Contains("HOLDFAST_URL is no https address",
        Assert.Throws<StartException>(() => Settings(new() { ["HOLDFAST_URL"] = url })).Message, StringComparison.Ordinal);

    [Fact]
    public void APolicyThatNobodyCanSatisfyIsAStartErrorWithFileAndLine()
    {
        Write("agents/clerk/agent.yaml", "name: clerk\ninstructions: instructions.md\ntools: [pay]\napprovals:\n  - tool: pay\n    stages: [{by: ['role:boss']}]\n");
        Write("agents/clerk/instructions.md", "Be kind.");
        Write("agents/clerk/script.yaml", "rules:\n  - say: Hello!\n");
        var tools = Toolbox.From(new Till());
        Assert.Equal(["clerk"], Catalog(tools, []).Names);

        Write("people.yaml", "tenant: 8f2d3c64-0000-4000-8000-000000000001\npeople:\n  - {id: ana, name: Ana, email: ana@example.org, roles: [boss]}\n");
        Assert.Contains("can be reached by this host, which has no channel", Assert.Throws<DefinitionException>(() => Catalog(tools, [])).Message, StringComparison.Ordinal);
        Assert.Single(Catalog(tools, Channels(Mail)).People.All);

        Write("policies/pay.yaml", "approvals:\n  - tool: pay\n    stages:\n      - {by: ['role:boss'], of: 2}\n");
        Assert.Contains("policies/pay.yaml(4): approvals[0].stages[0]: a quorum of 2 from 1 person",
            Assert.Throws<DefinitionException>(() => Catalog(tools, Channels(Mail))).Message.Replace('\\', '/'), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AKeyThatIsRevokedSignsNothingHere()
    {
        using var store = new AgentStore(SqliteDialect.Open(Path.Combine(folder, "agents.db"), TimeProvider.System, NullLogger.Instance));
        var keys = Keys(Settings(new() { ["HOLDFAST_LINK_KEY"] = Key }), [])!;
        await FunctionsLinks.CheckAsync(store, keys);
        await FunctionsLinks.CheckAsync(store, null);

        await new IssuedLinks(store).RevokeKeyAsync(keys.Ids[0], "root");

        Assert.Contains($"HOLDFAST_LINK_KEY: Link key {keys.Ids[0]}, which would sign, is revoked.",
            (await Assert.ThrowsAsync<StartException>(() => FunctionsLinks.CheckAsync(store, keys))).Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<IChannel> Channels(Dictionary<string, string?> settings) => FunctionsChannels.Read(Configuration(settings), Secrets());

    private static LinkKeys? Keys(FunctionsSettings settings, IReadOnlyList<IChannel> channels) => FunctionsLinks.Keys(settings, channels, Secrets());

    private static FunctionsSettings Settings(Dictionary<string, string?> settings) => FunctionsSettings.Read(Configuration(new(settings)
    {
        ["HOLDFAST_STORE"] = "Host=localhost;Database=holdfast;Username=me", ["TASKHUB_NAME"] = "hub",
        ["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"] = "Endpoint=http://localhost:8080;Authentication=None",
    }));

    private static IConfiguration Configuration(Dictionary<string, string?> settings) => new ConfigurationBuilder().AddInMemoryCollection(settings).Build();

    private static SecretSource Secrets() => new(null, static _ => null);

    private AgentCatalog Catalog(Toolbox tools, IReadOnlyList<IChannel> channels) =>
        FunctionsHost.Catalog(folder, tools, new ModelCatalog().AddScripted(agent => new ScriptedModel(Script.Load(Path.GetDirectoryName(agent.Source!.File)!))), channels);

    private void Write(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, file))!);
        File.WriteAllText(Path.Combine(folder, file), text);
    }

    private sealed class Till
    {
        [Tool("pay", Does = Effect.External), System.ComponentModel.Description("Pays.")]
        public string Pay() => "paid";
    }
}
