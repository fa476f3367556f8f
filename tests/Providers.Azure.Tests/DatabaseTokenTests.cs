using Azure.Core;
using Azure.Identity;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Providers.Azure.Tests;

public sealed class DatabaseTokenTests
{
    private readonly VirtualTime time = new();

    [Fact]
    public async Task ATokenIsAskedForWithTheDatabasesScopeAndKeptUntilItIsAboutToExpire()
    {
        var entra = new Entra(time);
        using var password = new DatabaseToken(entra, time);
        Assert.Equal("token 1", await password.GetAsync(CancellationToken.None));
        time.Advance(TimeSpan.FromMinutes(54));
        Assert.Equal("token 1", await password.GetAsync(CancellationToken.None));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("token 2", await password.GetAsync(CancellationToken.None));
        Assert.Equal(["https://ossrdbms-aad.database.windows.net/.default"], entra.Scopes.Distinct());
    }

    [Fact]
    public async Task ManyConnectionsAtOnceAskForOneToken()
    {
        var entra = new Entra(time) { Answers = new TaskCompletionSource() };
        using var password = new DatabaseToken(entra, time);
        var asking = Enumerable.Range(0, 20).Select(_ => password.GetAsync(CancellationToken.None).AsTask()).ToList();
        entra.Answers.SetResult();
        Assert.All(await Task.WhenAll(asking), token => Assert.Equal("token 1", token));
    }

    [Fact]
    public async Task AFailureIsNotKept()
    {
        var entra = new Entra(time) { Fails = true };
        using var password = new DatabaseToken(entra, time);
        await Assert.ThrowsAsync<AuthenticationFailedException>(() => password.GetAsync(CancellationToken.None).AsTask());
        entra.Fails = false;
        Assert.Equal("token 1", await password.GetAsync(CancellationToken.None));
    }

    [Fact]
    public async Task WhileNoNewTokenCanBeHadTheOldOneIsGivenUntilItExpires()
    {
        var entra = new Entra(time);
        using var password = new DatabaseToken(entra, time);
        await password.GetAsync(CancellationToken.None);
        entra.Fails = true;
        time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("token 1", await password.GetAsync(CancellationToken.None));
        time.Advance(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<AuthenticationFailedException>(() => password.GetAsync(CancellationToken.None).AsTask());
        entra.Fails = false;
        Assert.Equal("token 2", await password.GetAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("5d9ff5d5-9b86-4e1c-b3c6-2c3d9f0b1a11")]
    public void TheIdentityIsAManagedOneAndNoOther(string? clientId) => Assert.IsType<ManagedIdentityCredential>(AzureIdentity.Managed(clientId));

    /// <summary>Stands for the service that gives tokens: each is good for an hour.</summary>
    private sealed class Entra(TimeProvider time) : TokenCredential
    {
        private int given;

        public List<string> Scopes { get; } = [];

        public bool Fails { get; set; }

        public TaskCompletionSource? Answers { get; init; }

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new NotSupportedException("Asked for without waiting.");

        public override async ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            await (Answers?.Task ?? Task.CompletedTask);
            Scopes.AddRange(requestContext.Scopes);
            return Fails ? throw new AuthenticationFailedException("No identity.") : new AccessToken($"token {++given}", time.GetUtcNow().AddHours(1));
        }
    }
}
