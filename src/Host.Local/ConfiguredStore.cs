using Holdfast.Agents.Storage;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Local;

/// <summary>The agent store that settings name.</summary>
internal static class ConfiguredStore
{
    public const string Sqlite = "sqlite";

    // A process's options are seen by everyone on its machine, so the password stands in a variable.
    private const string Password = "store_password";
    private const string PasswordVariable = "HOLDFAST_STORE_PASSWORD";

    /// <exception cref="StartException">It is neither, or a connection string that cannot be used.</exception>
    public static PostgresOptions? Check(HostSettings settings)
    {
        if (settings.Store == Sqlite)
        {
            return null;
        }

        if (!settings.Store.Contains('=', StringComparison.Ordinal) || IsAddress(settings.Store))
        {
            // Whatever it is, a password may stand in it: it is not said back.
            throw new StartException(IsAddress(settings.Store)
                ? $"{HostSettings.Named("store")} is an address. Write it as a connection string: Host=SERVER;Port=5432;Database=NAME;Username=USER, with the password in {PasswordVariable}."
                : $"{HostSettings.Named("store")} is neither sqlite nor a connection string. Give one of them: Host=…;Database=…;Username=….");
        }

        ConnectionPasswords.Keep(settings.Secrets, HostSettings.Named("store"), settings.Store);

        var options = new PostgresOptions(settings.Store)
        {
            Setting = HostSettings.Named("store"), Password = settings.Configuration[Password] is { Length: > 0 } password ? settings.Secrets.Resolve(PasswordVariable, password).Reveal() : null,
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

    private static bool IsAddress(string store) => store.IndexOf("://", StringComparison.Ordinal) is > 0 and var at && Uri.CheckSchemeName(store[..at]);

    /// <exception cref="StartException">It has a password, which as an option is no secret.</exception>
    public static void CheckOption(string option)
    {
        if (ConnectionPasswords.In(option).Count > 0)
        {
            throw new StartException($"--store has a password, and a process's options are seen by everyone on its machine. Take it out and set {PasswordVariable}, also to secret:NAME; or set HOLDFAST_STORE in place of --store. If others use this machine, change the password.");
        }
    }

    /// <summary>Whether a host has ever served from this data directory, or a command has begun its store.</summary>
    public static bool IsIn(string data) => File.Exists(FileIn(data));

    public static async Task<AgentStore> OpenAsync(PostgresOptions? options, string data, ILogger logger, CancellationToken stopping) => new(options is null
        ? SqliteDialect.Open(FileIn(data), TimeProvider.System, logger)
        : await PostgresDialect.OpenAsync(options, logger, stopping));

    private static string FileIn(string data) => Path.Combine(data, "agents.db");
}
