using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Holdfast.Architecture.Infra;

/// <summary>infra-bicep, held to the published reference. No compiler has seen it: docs/decisions/0011.</summary>
public sealed partial class InfraTests
{
    /// <summary>Settings that the Functions host itself reads, in Azure only, where an identity takes a connection string's place.</summary>
    private static readonly string[] OfThePlatform =
    [
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "AzureWebJobsStorage__accountName", "AzureWebJobsStorage__clientId", "AzureWebJobsStorage__credential",
    ];

    /// <summary>Settings of the sample that Azure does not need: identities take the place of keys, and the plan says the runtime.</summary>
    private static readonly string[] OfALaptop =
        ["AZURE_OPENAI_API_KEY", "AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME", "HOLDFAST_CHANNELS__EMAIL__TLS", "HOLDFAST_STORE_PASSWORD", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"];

    /// <summary>Settings that stand in no sample: a prefix of names, and the host's own way to say what host.json says.</summary>
    private static readonly string[] OfNoSample = ["AzureFunctionsJobHost__functionTimeout", "HOLDFAST_SECRET_NAME"];

    /// <summary>What azd keeps with an environment by itself, and what it reads of the outputs.</summary>
    private static readonly string[] OfTheDeveloperCli = ["AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP"];

    /// <summary>Connections that a machine has for its users: https://learn.microsoft.com/azure/postgresql/configure-maintain/concepts-limits, read 2026-11.</summary>
    private static readonly Dictionary<string, int> Connections = new(StringComparer.Ordinal) { ["Standard_B1ms"] = 35, ["Standard_D2ds_v5"] = 844 };

    private static readonly TemplateCheck Check = new(Repository.Files.Where(file => file.StartsWith("infra-bicep/", StringComparison.Ordinal))
        .ToDictionary(file => file["infra-bicep/".Length..], Repository.Read));

    [Fact]
    public void EveryResourceIsAsTheReferenceHasIt() => Repository.AssertNone("Not as published:", Check.AgainstTheReference());

    [Fact]
    public void EveryEntryNamesThePublishedPageItWasReadIn() => Repository.AssertNone("No source:",
        Check.Resources.Types.Where(type => !type.Value.Source.StartsWith("https://learn.microsoft.com/", StringComparison.Ordinal)).Select(type => type.Key));

    [Fact]
    public void NothingIsListedInVain() => Repository.AssertNone("Listed in vain:", Check.ListedInVain());

    [Fact]
    public void EveryNameStandsForSomething() => Repository.AssertNone("Not declared:", Check.Undeclared());

    [Fact]
    public void EverythingDeclaredIsRead() => Repository.AssertNone("Declared in vain:", Check.Unread());

    [Fact]
    public void EveryOutputAndMemberThatIsReadIsThere() => Repository.AssertNone("Read, and not there:", Check.MissingMembers());

    [Fact]
    public void EveryModuleIsGivenWhatItNeeds() => Repository.AssertNone("Given wrongly:", Check.ModuleParams());

    [Fact]
    public void EveryParameterFileFitsItsTemplate() => Repository.AssertNone("Does not fit:", Check.ParameterFiles());

    [Fact]
    public void NoKeyIsFetchedAndNoSecretGivenOut() => Repository.AssertNone("A secret:", Check.Secrets());

    [Fact]
    public void EveryRoleIsListedAndBoundToOneResource() => Repository.AssertNone("Roles:", Check.Roles());

    [Fact]
    public void EveryNameIsMadeByOneRule() => Repository.AssertNone("Named otherwise:", Check.Names());

    [Fact]
    public void ATemplateSaysInItsFirstLineWhatItIsFor() => Repository.AssertNone("Says nothing:",
        Check.Templates.Concat(Check.Parameters).Select(template => template.File).Where(file => !Repository.Read($"infra-bicep/{file}").StartsWith("// ", StringComparison.Ordinal)));

    [Theory]
    [InlineData("modules/storage.bicep", "account", "properties.allowSharedKeyAccess", "false")]
    [InlineData("modules/storage.bicep", "account", "properties.allowBlobPublicAccess", "false")]
    [InlineData("modules/database.bicep", "server", "properties.authConfig.passwordAuth", "Disabled")]
    [InlineData("modules/monitoring.bicep", "insights", "properties.DisableLocalAuth", "true")]
    [InlineData("modules/monitoring.bicep", "workspace", "properties.features.disableLocalAuth", "true")]
    [InlineData("modules/model.bicep", "account", "properties.disableLocalAuth", "true")]
    [InlineData("modules/functions.bicep", "publishing", "properties.allow", "false")]
    [InlineData("modules/functions.bicep", "app", "properties.httpsOnly", "true")]
    [InlineData("modules/functions.bicep", "app", "properties.functionAppConfig.deployment.storage.authentication.type", "UserAssignedIdentity")]
    [InlineData("modules/functions.bicep", "signIn", "properties.globalValidation.requireAuthentication", "true")]
    [InlineData("modules/functions.bicep", "signIn", "properties.globalValidation.unauthenticatedClientAction", "Return401")]
    [InlineData("modules/registration.bicep", "principal", "appRoleAssignmentRequired", "true")]
    public void NoKeyOpensWhereAnIdentityWillDo(string file, string resource, string path, string value) =>
        Assert.Equal(value, Value(file, resource, path) switch { WordNode word => word.Value, var other => other.Literal });

    [Fact]
    public void OnlyHealthAndPersonalLinksMayBeAskedWithoutSigningIn() => Assert.Equal(
        Paths().Matches(Repository.Read("src/Agents.Http/PlatformIdentity.cs").Split("ExcludedPaths { get; } =")[1].Split(';')[0]).Select(path => path.Value),
        Assert.IsType<ListNode>(Value("modules/functions.bicep", "signIn", "properties.globalValidation.excludedPaths")).Items.Select(path => path.Literal));

    [Fact]
    public void WhatIsASecretIsASecureParameterAllTheWay() => Assert.All(
        new[] { "linkKey", "mailPassword", "teamsWebhook", "webhookSecret" }, name => Assert.All(
            new[] { "main.bicep", "modules/functions.bicep" }, file => Assert.NotNull(Check.Templates.Single(template => template.File == file)[name]!.Decorator("secure"))));

    [Fact]
    public void OneInstanceForOrchestratorsIsAlwaysReady()
    {
        var ready = Assert.IsType<ListNode>(Value("modules/functions.bicep", "app", "properties.functionAppConfig.scaleAndConcurrency.alwaysReady"));
        Assert.Equal("durable", Assert.IsType<ObjectNode>(Assert.Single(ready.Items))["name"]!.Literal);
        Assert.All(Sizes().Properties, size => Assert.NotEqual("0", Assert.IsType<NumberNode>(((ObjectNode)size.Value)["alwaysReady"]).Value));
    }

    [Fact]
    public void TheSignInStandsBeforeTheAppUnlessKeysTakeItsPlace()
    {
        var on = Assert.IsType<OperationNode>(Value("modules/functions.bicep", "signIn", "properties.platform.enabled"));
        Assert.Equal(("==", "identity", "platform"), (on.Sign, (on.Operands[0] as NameNode)?.Name, on.Operands[1].Literal));
        Assert.Equal("identity", Assert.IsType<NameNode>(Value("modules/functions.bicep", "settings", "properties.HOLDFAST_IDENTITY")).Name);
        Assert.Equal("platform", Main["identity"]!.Value!.Literal);
    }

    [Fact]
    public void NoPreviewIsChosenByDefault()
    {
        Assert.Equal("Recreate", Main["update"]!.Value!.Literal);
        Assert.Equal(["Recreate"], Parameters.Possible(Parameters["update"]!.Value!));
    }

    [Fact]
    public void TheDatabaseIsMadeAfterItsAdministratorAndTheAdministratorNotRightAfterTheServer()
    {
        Assert.Equal(("fromAzure", "administrator"), (After("administrator"), After("database")));
        Assert.Null(Database["fromAzure"]!.Body["dependsOn"]);
        Assert.All(["fromAzure", "administrator", "database"], name => Assert.Equal("server", (Database[name]!.Body["parent"] as NameNode)?.Name));
    }

    [Fact]
    public void AllInstancesTogetherHaveNoMoreConnectionsThanTheDatabaseTakes()
    {
        Assert.All(Sizes().Properties.Select(size => (ObjectNode)size.Value), size =>
            Assert.InRange(Number(size, "instances") * Number(size, "pool"), 1, Connections[size["databaseMachine"]!.Literal!]));
        var store = Assert.IsType<TextNode>(Value("modules/functions.bicep", "settings", "properties.HOLDFAST_STORE"));
        Assert.Equal(";Maximum Pool Size=", store.Parts[^2].ToString()![^19..]);
        Assert.Equal("pool", (store.Parts[^1] as NameNode)?.Name);
    }

    [Fact]
    public void AHistoryIsKeptNoLongerThanItsSchedulerKeepsIt() => Assert.All(
        Sizes().Properties.Select(size => (ObjectNode)size.Value).Where(size => size["schedulerSku"]!.Literal == "Consumption"), size => Assert.InRange(Number(size, "historyDays"), 1, 30));

    [Fact]
    public void EverySizeHasTheSameParameters()
    {
        var sizes = Sizes().Properties.ToDictionary(size => size.Name, size => ((ObjectNode)size.Value).Properties.Select(property => property.Name).Order(StringComparer.Ordinal).ToList());
        Assert.Equal(["dev", "prod"], sizes.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(sizes["dev"], sizes["prod"]);
    }

    [Fact]
    public void EverySettingInAzureIsOneThatTheHostReadsAndTheOtherWayRound() =>
        Assert.Equal(Expected().Order(StringComparer.Ordinal), Settings().Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("azure.yaml", "path: infra-bicep")]
    [InlineData("azure.yaml", "run: infra-bicep/hooks/database-role.sh check\n")]
    [InlineData("azure.yaml", "run: infra-bicep/hooks/database-role.sh\n")]
    [InlineData("azure.yaml", "run: infra-bicep/hooks/sign-in.sh\n")]
    public void TheDeveloperCliFindsIt(string file, string line) => Assert.Contains(line, Repository.Read(file).ReplaceLineEndings("\n"), StringComparison.Ordinal);

    [Fact]
    public void TheServiceHasTheNameThatTheAppIsTaggedWithAndIsOneProject()
    {
        var service = Service().Match(Repository.Read("azure.yaml").ReplaceLineEndings("\n"));
        Assert.Equal(Main["service"]!.Value!.Literal, service.Groups["name"].Value);
        var tags = Assert.IsType<CallNode>(Value("modules/functions.bicep", "app", "tags"));
        Assert.Equal("service", (tags.Arguments.OfType<ObjectNode>().Select(tag => tag["azd-service-name"]).Single(tag => tag is not null) as NameNode)?.Name);
        Assert.Single(Repository.Files, file => Path.GetDirectoryName(file) == service.Groups["project"].Value && file.EndsWith(".csproj", StringComparison.Ordinal));
    }

    [Fact]
    public void TheDocumentNamesEverySettingAndEveryVariable() => Repository.AssertNone("docs/running-on-functions.md does not name:",
        Settings().Concat(Sample().Except(["FUNCTIONS_WORKER_RUNTIME"])).Concat(OfNoSample).Concat(Chosen()).Distinct().Where(name => !Document.Contains($"`{name}`", StringComparison.Ordinal)));

    [Fact]
    public void TheDocumentGivesEachDefaultAsItIs() => Repository.AssertNone("Another default than main.bicepparam has:", Parameters.Expressions.Select(one => one.Node).OfType<CallNode>()
        .Where(call => call is { Name: "readEnvironmentVariable", Arguments: [_, { Literal.Length: > 0 }] }).Select(call => (Name: call.Arguments[0].Literal!, Otherwise: call.Arguments[1].Literal!))
        .Where(variable => !Regex.IsMatch(Document, $@"\| `{variable.Name}` \|.*\| `{Regex.Escape(variable.Otherwise)}` \|")).Select(variable => $"{variable.Name}: {variable.Otherwise}"));

    [Fact]
    public void EveryVariableOfTheHooksAndOfTheDocumentsCommandsIsGivenBySomebody()
    {
        var read = Variables().Matches(Hooks + string.Join('\n', Commands())).Select(variable => variable.Groups["name"].Value);
        Repository.AssertNone("Neither an output of main.bicep nor chosen by azd env set:",
            read.Distinct().Except(Outputs()).Except(Chosen()).Except(OfTheDeveloperCli));
    }

    [Fact]
    public void EveryOutputIsReadBySomebody() => Repository.AssertNone("Nobody reads of main.bicep's outputs:",
        Outputs().Except(OfTheDeveloperCli).Except(Variables().Matches(Hooks + string.Join('\n', Commands())).Select(variable => variable.Groups["name"].Value)));

    [Fact]
    public void OnALaptopAKeyIsMadeBeforeTheFirstRequest()
    {
        var laptop = Document.Split("\n## On a laptop\n")[1].Split("\n## ")[0];
        var key = laptop.IndexOf("./build.sh run -- keys add ", StringComparison.Ordinal);
        Assert.InRange(laptop.IndexOf("/api/runs ", StringComparison.Ordinal), key, laptop.IndexOf("/decision\"", StringComparison.Ordinal));
        Assert.InRange(key, 1, laptop.Length);
    }

    [Fact]
    public void WithoutTheSchedulerEverythingThatHostJsonSaysOfItIsSaidAnew()
    {
        using var host = JsonDocument.Parse(Repository.Read("host.json"));
        var provider = host.RootElement.GetProperty("extensions").GetProperty("durableTask").GetProperty("storageProvider").EnumerateObject().Select(property => property.Name);
        var said = Anew().Matches(Document).Select(one => (Name: one.Groups["name"].Value, Value: one.Groups["value"].Value)).ToList();
        Assert.Equal(provider.Order(), said.Select(one => one.Name).Order());
        Assert.Contains(said.Single(one => one.Name == "connectionStringName").Value, Sample());
    }

    [Fact]
    public void EveryCommandOfTheDocumentIsOneThatAShellUnderstands()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no sh.");
        Assert.NotEmpty(Commands());
        Assert.All(Commands(), block =>
        {
            using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-n"]) { RedirectStandardInput = true })!;
            shell.StandardInput.Write(block);
            shell.StandardInput.Close();
            shell.WaitForExit();
            Assert.Equal(0, shell.ExitCode);
        });
    }

    private static Template Main => Check.Templates.Single(template => template.File == "main.bicep");

    private static Template Database => Check.Templates.Single(template => template.File == "modules/database.bicep");

    private static Template Parameters => Check.Parameters.Single(file => file.File == "main.bicepparam");

    private static string Document => Repository.Read("docs/running-on-functions.md").ReplaceLineEndings("\n");

    private static string Hooks => Repository.Read("infra-bicep/hooks/database-role.sh") + Repository.Read("infra-bicep/hooks/sign-in.sh");

    private static IEnumerable<string> Commands() => Document.Split("```sh\n")[1..].Select(block => block.Split("```")[0]);

    /// <summary>The variables that main.bicepparam reads.</summary>
    private static IEnumerable<string> Chosen() => Parameters.Expressions.Select(one => one.Node).OfType<CallNode>()
        .Where(call => call.Name == "readEnvironmentVariable").Select(call => call.Arguments[0].Literal!);

    private static IEnumerable<string> Outputs() => Main.Outputs.Select(output => output.Name);

    private static string After(string resource) => Assert.IsType<NameNode>(Assert.Single(Assert.IsType<ListNode>(Database[resource]!.Body["dependsOn"]).Items)).Name;

    private static int Number(ObjectNode size, string column) => int.Parse(Assert.IsType<NumberNode>(size[column]).Value, CultureInfo.InvariantCulture);

    private static IEnumerable<string> Expected() => Sample().Except(OfALaptop).Union(OfThePlatform);

    private static IReadOnlyList<string> Sample()
    {
        using var sample = JsonDocument.Parse(Repository.Read("local.settings.sample.json"), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip });
        return [.. sample.RootElement.GetProperty("Values").EnumerateObject().Select(value => value.Name)];
    }

    private static IEnumerable<string> Settings() => Assert.IsType<ObjectNode>(Value("modules/functions.bicep", "settings", "properties")).Properties.Select(property => property.Name);

    private static ObjectNode Sizes() => Assert.IsType<ObjectNode>(Parameters["sizes"]!.Value);

    private static Node Value(string file, string resource, string path)
    {
        Node? node = Check.Templates.Single(template => template.File == file)[resource]?.Body;
        foreach (var name in path.Split('.'))
        {
            node = (node as ObjectNode)?[name];
        }

        return node ?? throw new InvalidOperationException($"{file}: {resource} has no {path}.");
    }

    [GeneratedRegex(@"(?<="")/[^""]+(?="")")]
    private static partial Regex Paths();

    [GeneratedRegex(@"\nservices:\n  (?<name>\w+):\n    project: (?<project>\S+)\n")]
    private static partial Regex Service();

    [GeneratedRegex(@"\$\{?(?<name>(HOLDFAST|AZURE)_[A-Z_]+)|(?<=[ ;])(?<name>HOLDFAST_DATABASE[A-Z_]*)(?=[ ;])")]
    private static partial Regex Variables();

    [GeneratedRegex(@"""AzureFunctionsJobHost__extensions__durableTask__storageProvider__(?<name>\w+)"": ""(?<value>\w+)""")]
    private static partial Regex Anew();
}
