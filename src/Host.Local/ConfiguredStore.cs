using Holdfast.Agents.Storage;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Local;

/// <summary>The agent store that settings name.</summary>
internal static class ConfiguredStore
{
    public const string Sqlite = "sqlite";

    // A process's options are seen by everyone on its machine, so the password may stand in a variable: HOLDFAST_STORE_PASSWORD.
    private const string Password = "store_password";

    /// <exception cref="StartException">It is neither, or a connection string that cannot be used.</exception>
    public static PostgresOptions? Check(HostSettings settings)
    {
        if (settings.Store == Sqlite)
        {
            return null;
        }

        if (!settings.Store.Contains('=', StringComparison.Ordinal))
        {
            throw new StartException($"{HostSettings.Named("store")} '{settings.Store}' is not known. Give sqlite, or a connection string: Host=…;Database=…;Username=….");
        }

        var options = new PostgresOptions(settings.Store)
        {
            Setting = HostSettings.Named("store"), Password = settings.Configuration[Password] is { Length: > 0 } password ? settings.Secrets.Resolve("HOLDFAST_STORE_PASSWORD", password).Reveal() : null,
        };
        try
        {
            options.Check();
            return options;
        }
        catch (StoreRefusedException e)
        {
            throw new StartException(e.Message, inner: e);
        }
    }

    public static async Task<AgentStore> OpenAsync(PostgresOptions? options, string data, ILogger logger, CancellationToken stopping) => new(options is null
        ? SqliteDialect.Open(Path.Combine(data, "agents.db"), TimeProvider.System, logger)
        : await PostgresDialect.OpenAsync(options, logger, stopping));
}
