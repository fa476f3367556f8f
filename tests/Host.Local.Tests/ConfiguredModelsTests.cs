using Holdfast.Providers.OpenAI;

namespace Holdfast.Host.Local.Tests;

public sealed class ConfiguredModelsTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void AnOpenAIKeyIsEnoughForADefaultModel()
    {
        var model = Default(new() { ["OPENAI_API_KEY"] = "sk-1" });

        Assert.Equal(("gpt-5.4", null, "sk-1", KeyHeader.Bearer, OpenAIApi.Responses), (model.Model, model.Endpoint, model.ApiKey, model.KeyHeader, model.Api));
    }

    [Fact]
    public void TheModelsNameComesFromTheOptionBeforeTheVariable()
    {
        Dictionary<string, string> variables = new() { ["OPENAI_API_KEY"] = "sk-1", ["OPENAI_MODEL"] = "small", ["OPENAI_BASE_URL"] = "http://127.0.0.1:11434/v1" };

        Assert.Equal(("small", "http://127.0.0.1:11434/v1"), (Default(variables).Model, Default(variables).Endpoint!.ToString()));
        Assert.Equal("large", Default(variables, args: ["--model", "large"]).Model);
    }

    [Theory]
    [InlineData("https://desk.openai.azure.com")]
    [InlineData("https://desk.openai.azure.com/")]
    [InlineData("https://desk.openai.azure.com/openai")]
    [InlineData("https://desk.openai.azure.com/openai/v1")]
    [InlineData("https://desk.openai.azure.com/openai/v1/")]
    [InlineData("https://desk.openai.azure.us")]
    [InlineData("https://desk.openai.azure.cn/openai")]
    public void AnAzureResourceIsCalledAtItsV1EndpointWithItsOwnHeader(string endpoint)
    {
        var fromVariables = Default(new() { ["AZURE_OPENAI_ENDPOINT"] = endpoint, ["AZURE_OPENAI_API_KEY"] = "k", ["AZURE_OPENAI_DEPLOYMENT"] = "desk-model" });
        var fromFile = Default([], $$$"""{"models": {"default": {"model": "desk-model", "endpoint": "{{{endpoint}}}", "apiKey": "k"} } }""");

        Assert.All(new[] { fromVariables, fromFile }, model =>
        {
            Assert.Equal($"https://{new Uri(endpoint).Host}/openai/v1", model.Endpoint!.ToString().TrimEnd('/'));
            Assert.Equal(("desk-model", "k", KeyHeader.ApiKey), (model.Model, model.ApiKey, model.KeyHeader));
        });
    }

    [Fact]
    public void TheFileNamesAsManyModelsAsThereAre()
    {
        var models = Options([], """
            {"models": {
              "default": {"model": "large", "apiKey": "k1", "maxOutputTokens": 900},
              "local": {"model": "small", "endpoint": "http://127.0.0.1:8080/v1", "apiKey": "none", "api": "chatCompletions"}
            }}
            """);

        Assert.Equal(["default", "local"], models.Keys.Order());
        Assert.Equal(("large", 900), (models["default"].Model, models["default"].MaxOutputTokens));
        Assert.Equal((OpenAIApi.ChatCompletions, KeyHeader.Bearer), (models["local"].Api, models["local"].KeyHeader));
    }

    [Fact]
    public void AVariableCompletesTheFileSoThatAKeyNeedNotStandInIt()
    {
        var model = Default(new() { ["HOLDFAST_MODELS__DEFAULT__APIKEY"] = "k" }, """{"models": {"default": {"model": "large"}}}""");

        Assert.Equal(("large", "k"), (model.Model, model.ApiKey));
    }

    [Fact]
    public void VariablesAloneNameADefaultModelWhateverTheirCase() =>
        Assert.Equal("large", Default(new() { ["HOLDFAST_MODELS__DEFAULT__APIKEY"] = "k", ["HOLDFAST_MODELS__DEFAULT__MODEL"] = "large" }).Model);

    [Theory]
    [InlineData("""{"models": {"default": {"apiKey": "canary"}}}""", "models:default names no model. Add \"model\".")]
    [InlineData("""{"models": {"default": {"model": "m"}}}""", "models:default has no key. Add \"apiKey\"")]
    [InlineData("""{"models": {"default": {"model": "m", "apiKey": "canary", "api": "chat"}}}""", "models:default:api 'chat' is not known. Give responses or chatCompletions.")]
    [InlineData("""{"models": {"default": {"model": "m", "apiKey": "canary", "endpoint": "localhost:8080"}}}""", "models:default:endpoint is not an address.")]
    [InlineData("""{"models": {"default": {"model": "m", "apiKey": "canary", "endpoint": "file:///etc/passwd"}}}""", "models:default:endpoint is not an address.")]
    [InlineData("""{"models": {"default": {"model": "m", "apiKey": "canary", "maxOutputTokens": 0}}}""", "models:default:maxOutputTokens '0' is not a number above 0.")]
    [InlineData("""{"models": {"default": {"modle": "m", "apiKey": "canary"}}}""", "models:default:modle is not known. A model has: model, endpoint, apiKey, api, maxOutputTokens.")]
    [InlineData("""{"models": {"default": {"model": "m", "apiKey": "canary with a space"}}}""", "Model 'default' cannot be used: The key of model 'm' has a space")]
    [InlineData("""{"models": {"default": {"model": "m", "apiKey": "canary", "endpoint": "https://user:canary@127.0.0.1/"}}}""", "Model 'default' cannot be used:")]
    [InlineData("""{"AZURE_OPENAI_ENDPOINT": "https://desk.openai.azure.com", "AZURE_OPENAI_API_KEY": "canary"}""", "no deployment is named. Set AZURE_OPENAI_DEPLOYMENT")]
    [InlineData("""{"AZURE_OPENAI_ENDPOINT": "https://desk.openai.azure.com", "AZURE_OPENAI_DEPLOYMENT": "d"}""", "AZURE_OPENAI_API_KEY is not. Set it.")]
    public void AModelThatIsConfiguredWronglyIsAnErrorThatSaysWhatToSetAndNotTheKey(string file, string words)
    {
        var refused = Assert.Throws<ModelSettingsException>(() => ConfiguredModels.Read(Settings([], file)));

        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refused.Message, StringComparison.Ordinal);
    }

    private OpenAIModelOptions Default(Dictionary<string, string> variables, string? file = null, params string[] args) => Options(variables, file, args)["default"];

    private IReadOnlyDictionary<string, OpenAIModelOptions> Options(Dictionary<string, string> variables, string? file = null, params string[] args) =>
        Options(Settings(variables, file, args));

    private static IReadOnlyDictionary<string, OpenAIModelOptions> Options(HostSettings settings) =>
        ModelSettings.Options(settings.Configuration, settings.Secrets, settings.Model);

    private HostSettings Settings(Dictionary<string, string> variables, string? file, params string[] args)
    {
        var path = scratch.At($"{Guid.NewGuid()}.json");
        if (file is not null)
        {
            File.WriteAllText(path, file);
        }

        return HostSettings.Read(args, variables, path);
    }
}
