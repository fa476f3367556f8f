using System.Data.Common;
using Holdfast.Agents.Secrets;

namespace Holdfast.Agents.Storage;

/// <summary>The passwords that stand in a connection string, as Npgsql takes them: Password, PWD, PSW, SSL Password.</summary>
public static class ConnectionPasswords
{
    /// <summary>Those of a string that may be none that Npgsql can read: what is wrong with it is said elsewhere.</summary>
    public static IReadOnlyList<string> In(string connection) =>
        [.. Parts(connection).Where(part => IsPassword(part.Key)).Select(part => part.Value).Where(value => value.Length > 0).Distinct(StringComparer.Ordinal)];

    /// <summary>Has a source know them as secrets, so that they are kept out of the log, too.</summary>
    /// <param name="setting">Where the string was written.</param>
    public static void Keep(SecretSource secrets, string setting, string connection)
    {
        foreach (var password in In(connection))
        {
            secrets.Resolve(setting, password);
        }
    }

    private static bool IsPassword(string key) => key.EndsWith("password", StringComparison.OrdinalIgnoreCase)
        || key.Equals("pwd", StringComparison.OrdinalIgnoreCase) || key.Equals("psw", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<(string Key, string Value)> Parts(string connection)
    {
        try
        {
            var read = new DbConnectionStringBuilder { ConnectionString = connection };
            return read.Keys.Cast<string>().Select(key => (key, read[key] as string ?? ""));
        }
        catch (ArgumentException)
        {
            return connection.Split(';').Select(static part => part.Split('=', 2)).Select(static part => (part[0].Trim(), part.Length > 1 ? part[1].Trim() : ""));
        }
    }
}
