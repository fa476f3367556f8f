using Azure.Core;

namespace Holdfast.Providers.Azure;

/// <summary>
/// The password of an identity in Azure's PostgreSQL: a token, which is kept until it is about to expire, because a pool asks for every
/// connection that it opens.
/// </summary>
public sealed class DatabaseToken(TokenCredential identity, TimeProvider time) : IDisposable
{
    private const string Scope = "https://ossrdbms-aad.database.windows.net/.default";

    /// <summary>How long a token has to be good for yet: a sign-in that takes its time must not arrive with a dead one.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim renewing = new(1, 1);
    private AccessToken token;

    /// <exception cref="Azure.Identity.AuthenticationFailedException">The identity got none; says why.</exception>
    public async ValueTask<string> GetAsync(CancellationToken cancellation)
    {
        if (!IsGood())
        {
            await renewing.WaitAsync(cancellation);
            try
            {
                if (!IsGood())
                {
                    token = await identity.GetTokenAsync(new TokenRequestContext([Scope]), cancellation);
                }
            }
            finally
            {
                renewing.Release();
            }
        }

        return token.Token;
    }

    public void Dispose() => renewing.Dispose();

    private bool IsGood() => token.Token is not null && token.ExpiresOn - time.GetUtcNow() > Margin;
}
