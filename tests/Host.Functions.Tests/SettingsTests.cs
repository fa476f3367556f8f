using Holdfast.Agents.Definitions;
using Holdfast.Agents.Models;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Holdfast.Providers.OpenAI;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

/// <summary>What keeps an app from starting, told before anything is reached.</summary>
public sealed class SettingsTests
{
    private static readonly Dictionary<string, string?> Good = new()
    {
        ["HOLDFAST_STORE"] = "Host=localhost;Database=holdfast;Username=me", ["TASKHUB_NAME"] = "hub",
        ["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"] = "Endpoint=https://east.durabletask.io;Authentication=ManagedIdentity;ClientID=1;TaskHub=hub",
    };

    [Fact]
    public void TheLeastThatIsEnough()
    {
        var settings = Read([]);
        Assert.Equal(("hub", "https://east.durabletask.io", false, true), (settings.Hub, settings.SchedulerEndpoint, settings.StoreByIdentity, settings.PlatformIdentifies));
        Assert.Null(Options(settings).Token);
        Assert.NotNull(Options(Read(new() { ["HOLDFAST_STORE_SIGNIN"] = "managedIdentity" })).Token);
    }

    [Theory]
    [InlineData("HOLDFAST_STORE", "", "HOLDFAST_STORE is not set.")]
    [InlineData("HOLDFAST_STORE", "sqlite", "so SQLite is refused here: set HOLDFAST_STORE to Host=")]
    [InlineData("HOLDFAST_STORE", "Data Source=agents.db", "so SQLite is refused here: set HOLDFAST_STORE to Host=")]
    [InlineData("HOLDFAST_STORE_SIGNIN", "entra", "HOLDFAST_STORE_SIGNIN 'entra' is not known. Give managedIdentity or password.")]
    [InlineData("HOLDFAST_IDENTITY", "anyone", "HOLDFAST_IDENTITY 'anyone' is not known. Give platform or keys.")]
    [InlineData("TASKHUB_NAME", null, "TASKHUB_NAME is not set.")]
    [InlineData("DURABLE_TASK_SCHEDULER_CONNECTION_STRING", null, "DURABLE_TASK_SCHEDULER_CONNECTION_STRING is not set.")]
    [InlineData("DURABLE_TASK_SCHEDULER_CONNECTION_STRING", "Authentication=None", "DURABLE_TASK_SCHEDULER_CONNECTION_STRING names no Endpoint.")]
    [InlineData("DURABLE_TASK_SCHEDULER_CONNECTION_STRING", "Endpoint=https://a; taskhub = other", "TASKHUB_NAME is 'hub', but DURABLE_TASK_SCHEDULER_CONNECTION_STRING names TaskHub=other. Name the same hub in both")]
    public void ASettingThatIsMissingOrCannotBeUsedIsNamedWithTheRemedy(string name, string? value, string words) =>
        Assert.Contains(words, Assert.Throws<StartException>(() => Read(new() { [name] = value })).Message, StringComparison.Ordinal);

    [Fact]
    public void APasswordBesideAnIdentityIsRefused() => Assert.Contains("Take one of the two away",
        Assert.Throws<StartException>(() => Read(new() { ["HOLDFAST_STORE_SIGNIN"] = "managedIdentity", ["HOLDFAST_STORE_PASSWORD"] = "x" })).Message, StringComparison.Ordinal);

    [Fact]
    public void APasswordMayBeASecretAndStandsInNoLineOfTheLogWhereverItWasSet()
    {
        var secrets = new SecretSource(null, static name => name == "HOLDFAST_SECRET_DB" ? "canary-4711" : null);
        Assert.Equal("canary-4711", FunctionsStore.Options(Read(new() { ["HOLDFAST_STORE_PASSWORD"] = "secret:db" }), secrets).Password);
        FunctionsStore.Options(Read(new() { ["HOLDFAST_STORE_PASSWORD"] = "canary-4712" }), secrets);
        FunctionsStore.Options(Read(new() { ["HOLDFAST_STORE"] = "Host=localhost;Database=holdfast;Username=me;PWD=canary-4713;SSL Password=canary-4714" }), secrets);
        Assert.Equal("secret:db secret secret secret", secrets.Redact("canary-4711 canary-4712 canary-4713 canary-4714"));
        Assert.Contains("HOLDFAST_STORE_PASSWORD: There is no secret 'other'.", Assert.Throws<SecretException>(
            () => FunctionsStore.Options(Read(new() { ["HOLDFAST_STORE_PASSWORD"] = "secret:other" }), secrets)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ADatabaseElsewhereWhoseServerNobodyWouldCheckIsRefused() => Assert.Contains("SSL Mode=VerifyFull", Assert.Throws<StoreRefusedException>(
        () => Options(Read(new() { ["HOLDFAST_STORE"] = "Host=db.example.org;Database=holdfast;Username=me" }))).Message, StringComparison.Ordinal);

    [Fact]
    public void TwoHubsOrTwoSchedulersAreTwoEnginesAndTheSameOneHasOneIdHoweverItIsWritten()
    {
        string Id(string hub, string endpoint) => FunctionsEngine.Describe(
            Read(new() { ["TASKHUB_NAME"] = hub, ["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"] = $"Endpoint={endpoint};Authentication=None" }), "the store", null!).Id;

        Assert.Equal(Id("hub", "https://a/"), Id("HUB", "https://A"));
        Assert.Equal(Id("hub", "https://a"), Id("hub", "https://a;TaskHub=HUB"));
        Assert.Equal(3, new[] { Id("hub", "https://a"), Id("other", "https://a"), Id("hub", "https://b") }.Distinct().Count());
    }

    [Fact]
    public void AToolThatMayTakeAsLongAsItsFunctionIsAStartError()
    {
        var tools = Toolbox.From(new Slow());
        FunctionsHost.Check(tools, new ModelCatalog(), TimeSpan.FromMinutes(20));
        Assert.Contains("Tool 'slow' may take 00:15:00", Assert.Throws<StartException>(
            () => FunctionsHost.Check(tools, new ModelCatalog(), TimeSpan.FromMinutes(15))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AModelOrAStreamThatMayTakeAsLongAsItsFunctionIsAStartErrorToo()
    {
        var models = ModelSettings.Read(Configuration(new() { ["OPENAI_API_KEY"] = "canary-4711" }), new SecretSource(null, static _ => null));
        FunctionsHost.Check(Toolbox.From(), models, null);
        FunctionsHost.Check(Toolbox.From(), models, TimeSpan.FromMinutes(5));
        Assert.Contains("A reply of model 'default' may take 00:03:00, but a function is ended after 00:04:00", Refusal(models), StringComparison.Ordinal);
        Assert.Contains("A stream of events may take 00:03:20", Refusal(new ModelCatalog()), StringComparison.Ordinal);

        static string Refusal(ModelCatalog models) => Assert.Throws<StartException>(() => FunctionsHost.Check(Toolbox.From(), models, TimeSpan.FromMinutes(4))).Message;
    }

    [Fact]
    public void TheFunctionTimeoutIsTheOneOfHostJsonUnlessASettingSaysOtherwise()
    {
        var host = Path.Combine(AppContext.BaseDirectory, "host.json");
        Assert.Equal(TimeSpan.FromMinutes(30), FunctionsHost.TimeoutOf(host, Configuration([])));
        Assert.Equal(TimeSpan.FromMinutes(5), FunctionsHost.TimeoutOf(host, Configuration(new() { ["AzureFunctionsJobHost:functionTimeout"] = "00:05:00" })));
        Assert.Contains("nowhere.json cannot be used", Assert.Throws<StartException>(() => FunctionsHost.TimeoutOf("nowhere.json", Configuration([]))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"functionTimeout": 30}""", "functionTimeout is 30. Write it as text")]
    [InlineData("""{"functionTimeout": ["00:30:00"]}""", "Write it as text")]
    [InlineData("""{"functionTimeout": null}""", "names no functionTimeout")]
    [InlineData("""{"version": "2.0"}""", "names no functionTimeout")]
    [InlineData("""{"functionTimeout": "soon"}""", "functionTimeout 'soon'")]
    [InlineData("[]", "it is no JSON object")]
    [InlineData("30", "it is no JSON object")]
    [InlineData("{", "cannot be used")]
    public async Task AHostJsonThatSaysNoTimeIsWrongConfiguration(string json, string words)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("holdfast-host-json-").FullName, "host.json");
        await File.WriteAllTextAsync(file, json, TestContext.Current.CancellationToken);
        Assert.Contains(words, Assert.Throws<StartException>(() => FunctionsHost.TimeoutOf(file, Configuration([]))).Message, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    private static PostgresOptions Options(FunctionsSettings settings) => FunctionsStore.Options(settings, new SecretSource(null, static _ => null));

    private static FunctionsSettings Read(Dictionary<string, string?> changed) => FunctionsSettings.Read(Configuration(changed));

    private static IConfiguration Configuration(Dictionary<string, string?> changed) =>
        new ConfigurationBuilder().AddInMemoryCollection(Good).AddInMemoryCollection(changed).Build();

    private sealed class Slow
    {
        [Tool("slow", Timeout = "15m"), System.ComponentModel.Description("Takes its time.")]
        public string Wait() => "at last";
    }
}
