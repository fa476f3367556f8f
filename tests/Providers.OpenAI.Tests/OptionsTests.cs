using Holdfast.Providers.OpenAI.Tests.Service;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI.Tests;

public sealed class OptionsTests
{
    private static readonly OpenAIModelOptions Valid = new() { Model = "gpt", ApiKey = RecordedService.Key };

    [Fact]
    public void TheKeyIsNotPrinted() => Assert.DoesNotContain(RecordedService.Key, Valid.ToString(), StringComparison.Ordinal);

    [Fact]
    public void TheDefaultIsResponsesAtOpenAIWithABearerKey()
    {
        var client = OpenAIModel.Create(Valid);

        Assert.IsType<ResponsesChatClient>(client);
        Assert.Equal(new Uri("https://api.openai.com/v1"), client.GetService<ChatClientMetadata>()!.ProviderUri);
        Assert.Equal(KeyHeader.Bearer, Valid.KeyHeader);
    }

    [Fact]
    public void AnAzureEndpointIsNamedAsOne()
    {
        var client = OpenAIModel.Create(Valid with { Endpoint = new("https://house.openai.azure.com/openai/v1/"), KeyHeader = KeyHeader.ApiKey });

        Assert.Equal("azure.ai.openai", client.GetService<ChatClientMetadata>()!.ProviderName);
    }

    [Fact]
    public void AnIdentityStandsForTheKeyOfAnAzureResource()
    {
        var identity = Valid with { ApiKey = null, Identity = new Identity(), Endpoint = new("https://house.openai.azure.com/openai/v1/"), KeyHeader = KeyHeader.ApiKey };

        identity.Validate();
        Assert.IsType<System.ClientModel.Primitives.BearerTokenPolicy>(identity.Authentication());
        Assert.IsNotType<System.ClientModel.Primitives.BearerTokenPolicy>((identity with { ApiKey = "k" }).Authentication());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("https://models.example.org/v1/")]
    [InlineData("http://house.openai.azure.com/openai/v1/")]
    public void AnIdentityIsShownToNobodyButAzure(string? endpoint)
    {
        var refused = Refused(Valid with { ApiKey = null, Identity = new Identity(), Endpoint = endpoint is null ? null : new(endpoint) });

        Assert.Contains("an identity signs in to Azure alone, over https", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAzureEndpointWithoutItsPathIsRefusedWithTheRightAddress()
    {
        var refused = Refused(Valid with { Endpoint = new("https://house.openai.azure.com/") });

        Assert.Contains("https://house.openai.azure.com/openai/v1/", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sk-with-line-break\n")]
    [InlineData("sk- with space")]
    [InlineData("sk-é")]
    [InlineData("")]
    public void AKeyThatNoHeaderHoldsIsRefusedWithoutRepeatingIt(string key)
    {
        var refused = Refused(Valid with { ApiKey = key });

        Assert.Equal("ApiKey", refused.ParamName);
        Assert.DoesNotContain("sk-", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingModelIsRefused() => Assert.Equal("Model", Refused(Valid with { Model = " " }).ParamName);

    [Theory]
    [InlineData("ftp://server/v1")]
    [InlineData("https://user:secret@server/v1")]
    [InlineData("https://server/v1?api-version=1")]
    public void AnEndpointThatIsNoPlainWebAddressIsRefused(string endpoint)
    {
        var refused = Refused(Valid with { Endpoint = new(endpoint) });

        Assert.Equal("Endpoint", refused.ParamName);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(3601)]
    public void ATimeoutOutsideItsRangeIsRefused(int seconds) =>
        Assert.Equal("Timeout", Refused(Valid with { Timeout = TimeSpan.FromSeconds(seconds) }).ParamName);

    [Fact]
    public void NoTokensAtAllAreRefused() => Assert.Equal("MaxOutputTokens", Refused(Valid with { MaxOutputTokens = 0 }).ParamName);

    [Fact]
    public void AnUnknownApiIsRefused() => Assert.Equal("Api", Refused(Valid with { Api = (OpenAIApi)7 }).ParamName);

    private static ArgumentException Refused(OpenAIModelOptions options) => Assert.ThrowsAny<ArgumentException>(() => OpenAIModel.Create(options));

    /// <summary>Stands for a managed identity; it is never asked here.</summary>
    private sealed class Identity : System.ClientModel.AuthenticationTokenProvider
    {
        public override System.ClientModel.Primitives.GetTokenOptions? CreateTokenOptions(IReadOnlyDictionary<string, object> properties) => null;

        public override System.ClientModel.Primitives.AuthenticationToken GetToken(System.ClientModel.Primitives.GetTokenOptions options, CancellationToken cancellationToken) =>
            throw new NotSupportedException("Not asked.");

        public override ValueTask<System.ClientModel.Primitives.AuthenticationToken> GetTokenAsync(
            System.ClientModel.Primitives.GetTokenOptions options, CancellationToken cancellationToken) => throw new NotSupportedException("Not asked.");
    }
}
