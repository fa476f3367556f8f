using Holdfast.Agents.Secrets;
using Holdfast.Agents.Storage;
using Holdfast.Providers.Azure;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Functions;

/// <summary>The agent store that settings name.</summary>
internal static class FunctionsStore
{
    /// <exception cref="StoreRefusedException">It cannot be used as it is set.</exception>
    /// <exception cref="SecretException">The password names a secret that there is not.</exception>
    public static PostgresOptions Options(FunctionsSettings settings, SecretSource secrets)
    {
        ConnectionPasswords.Keep(secrets, FunctionsSettings.Store, settings.StoreConnection);

        var options = new PostgresOptions(settings.StoreConnection)
        {
            Setting = FunctionsSettings.Store,
            Password = settings.Password is { } password ? secrets.Resolve(FunctionsSettings.StorePassword, password).Reveal() : null,
            Token = settings.StoreByIdentity ? new DatabaseToken(AzureIdentity.Managed(settings.Client), TimeProvider.System).GetAsync : null,
            TokenRemedy = $"Give the app the managed identity that {FunctionsSettings.ClientId} names ({settings.Client ?? "it is not set: the system's"}) and a role of that name in the database, or correct {FunctionsSettings.StoreSignIn}.",
        };
        options.Check();
        return options;
    }

    /// <exception cref="StoreRefusedException">It did not answer in time, or is not one that this release can use.</exception>
    public static async Task<AgentStore> OpenAsync(PostgresOptions options, ILogger logger, CancellationToken stopping) =>
        new(await PostgresDialect.OpenAsync(options, logger, stopping));
}
