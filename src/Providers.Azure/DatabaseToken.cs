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
    private volatile Kept? kept;

    /// <summary>A token; where a new one cannot be had, the old one until it expires.</summary>
    /// <exception cref="Azure.Identity.AuthenticationFailedException">The identity got none; says why.</exception>
    public async ValueTask<string> GetAsync(CancellationToken cancellation)
    {
        if (Good(Margin) is { } good)
        {
            return good;
        }

        await renewing.WaitAsync(cancellation);
        try
        {
            return Good(Margin) ?? await RenewAsync(cancellation);
        }
        finally
        {
            renewing.Release();
        }
    }

    public void Dispose() => renewing.Dispose();

    private async ValueTask<string> RenewAsync(CancellationToken cancellation)
    {
        try
        {
            var token = await identity.GetTokenAsync(new TokenRequestContext([Scope]), cancellation);
            kept = new Kept(token.Token, token.ExpiresOn);
            return token.Token;
        }
        catch (Exception) when (!cancellation.IsCancellationRequested && Good(TimeSpan.Zero) is not null)
        {
            return kept!.Token; // tried again by the next connection
        }
    }

    /// <summary>The token that is kept, if it is good for longer than this.</summary>
    private string? Good(TimeSpan longer) => kept is { } one && one.ExpiresOn - time.GetUtcNow() > longer ? one.Token : null;

    // A reference, so that it is read whole by those who do not wait for a renewal.
    private sealed record Kept(string Token, DateTimeOffset ExpiresOn);
}
