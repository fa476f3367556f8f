using System.Diagnostics;
using System.Text.Json;

namespace Holdfast.Architecture.Infra;

/// <summary>infra-bicep, held to the published reference. No compiler has seen it: docs/decisions/0011.</summary>
public sealed class InfraTests
{
    /// <summary>Settings that the Functions host itself reads, in Azure only, where an identity takes a connection string's place.</summary>
    private static readonly string[] OfThePlatform =
    [
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "AzureWebJobsStorage__accountName", "AzureWebJobsStorage__clientId", "AzureWebJobsStorage__credential",
    ];

    /// <summary>Settings of the sample that Azure does not need: identities take the place of keys, and the plan says the runtime.</summary>
    private static readonly string[] OfALaptop =
        ["AZURE_OPENAI_API_KEY", "AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME", "HOLDFAST_STORE_PASSWORD", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"];

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
    public void OnlyHealthMayBeAskedWithoutSigningIn() => Assert.Equal(["/health/live", "/health/ready"],
        Assert.IsType<ListNode>(Value("modules/functions.bicep", "signIn", "properties.globalValidation.excludedPaths")).Items.Select(path => path.Literal));

    [Fact]
    public void OneInstanceForOrchestratorsIsAlwaysReady()
    {
        var ready = Assert.IsType<ListNode>(Value("modules/functions.bicep", "app", "properties.functionAppConfig.scaleAndConcurrency.alwaysReady"));
        Assert.Equal("durable", Assert.IsType<ObjectNode>(Assert.Single(ready.Items))["name"]!.Literal);
        Assert.All(Sizes().Properties, size => Assert.NotEqual("0", Assert.IsType<NumberNode>(((ObjectNode)size.Value)["alwaysReady"]).Value));
    }

    [Fact]
    public void AnUpdateLetsWorkInFlightEnd() => Assert.Equal("RollingUpdate", Check.Templates.Single(template => template.File == "main.bicep")["update"]!.Value!.Literal);

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
    [InlineData("azure.yaml", "  app:")]
    public void TheDeveloperCliFindsIt(string file, string line) => Assert.Contains(line, Repository.Read(file).ReplaceLineEndings("\n"), StringComparison.Ordinal);

    [Fact]
    public void TheServiceHasTheNameThatTheAppIsTaggedWith() => Assert.Equal("app", Check.Templates.Single(template => template.File == "main.bicep")["service"]!.Value!.Literal);

    [Fact]
    public void TheDocumentNamesEverySettingAndEveryVariable()
    {
        var document = Repository.Read("docs/running-on-functions.md");
        var variables = Check.Parameters.SelectMany(file => file.Expressions).Select(one => one.Node).OfType<CallNode>()
            .Where(call => call.Name == "readEnvironmentVariable").Select(call => call.Arguments[0].Literal!);
        Repository.AssertNone("docs/running-on-functions.md does not name:", Settings().Concat(variables).Where(name => !document.Contains($"`{name}`", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("docs/running-on-functions.md")]
    public void EveryCommandOfTheDocumentIsOneThatAShellUnderstands(string document)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no sh.");
        var blocks = Repository.Read(document).Split("```sh\n")[1..];
        Assert.NotEmpty(blocks);
        Assert.All(blocks, block =>
        {
            using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-n"]) { RedirectStandardInput = true })!;
            shell.StandardInput.Write(block.Split("```")[0]);
            shell.StandardInput.Close();
            shell.WaitForExit();
            Assert.Equal(0, shell.ExitCode);
        });
    }

    private static IEnumerable<string> Expected()
    {
        using var sample = JsonDocument.Parse(Repository.Read("local.settings.sample.json"), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip });
        return [.. sample.RootElement.GetProperty("Values").EnumerateObject().Select(value => value.Name).Except(OfALaptop).Union(OfThePlatform)];
    }

    private static IEnumerable<string> Settings() => Assert.IsType<ObjectNode>(Value("modules/functions.bicep", "settings", "properties")).Properties.Select(property => property.Name);

    private static ObjectNode Sizes() => Assert.IsType<ObjectNode>(Check.Parameters.Single(file => file.File == "main.bicepparam")["sizes"]!.Value);

    private static Node Value(string file, string resource, string path)
    {
        Node? node = Check.Templates.Single(template => template.File == file)[resource]?.Body;
        foreach (var name in path.Split('.'))
        {
            node = (node as ObjectNode)?[name];
        }

        return node ?? throw new InvalidOperationException($"{file}: {resource} has no {path}.");
    }
}
