using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace Holdfast.Agents.Storage;

/// <summary>The server answers, and takes no writes.</summary>
internal sealed class TakesNoWritesException(string message) : Exception(message);

/// <summary>What stands for the password gave none, so nobody has signed in yet.</summary>
internal sealed class NoTokenException(Exception inner) : Exception($"there is no token for the sign-in: {inner.Message}", inner);

/// <summary>What a failure of PostgreSQL means for the work that met it.</summary>
internal enum PostgresFault
{
    /// <summary>Not the database's: the work's own.</summary>
    None,

    /// <summary>Another transaction was in the way, and this one has been undone: the same again may pass at once.</summary>
    Conflict,

    /// <summary>The database, or the way to it, is gone for now.</summary>
    Away,
}

internal static class PostgresFailure
{
    private const string IdleInTransactionTimeout = "25P03";

    // A unique violation is one of two that began together: run again, the later finds what the earlier wrote.
    private static readonly HashSet<string> Conflicts =
    [
        PostgresErrorCodes.SerializationFailure, PostgresErrorCodes.DeadlockDetected, PostgresErrorCodes.UniqueViolation,
        PostgresErrorCodes.LockNotAvailable, PostgresErrorCodes.QueryCanceled,
    ];

    // Classes of SQLSTATE: connection, resources, intervention by an operator, system; invalid sign-in, where it worked before.
    private static readonly string[] AwayClasses = ["08", "53", "57", "58", "28"];

    public static PostgresFault Of(Exception exception) => exception switch
    {
        PostgresException e when Conflicts.Contains(e.SqlState) || IsStalePlan(e) => PostgresFault.Conflict,
        PostgresException e when AwayClasses.Contains(e.SqlState[..2]) || e.SqlState is IdleInTransactionTimeout
            or PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InvalidCatalogName => PostgresFault.Away,
        PostgresException => PostgresFault.None,
        NpgsqlException when IsCrowded(exception) => PostgresFault.Conflict,
        NpgsqlException or SocketException or TimeoutException or IOException or TakesNoWritesException or NoTokenException => PostgresFault.Away,
        _ => PostgresFault.None,
    };

    /// <summary>Whether a start that met it would meet it again, however long it waited.</summary>
    public static bool IsLasting(Exception exception) => exception is PostgresException
    {
        SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InvalidCatalogName
            or PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidSchemaName,
    } || IsUntrusted(exception) || (exception is NpgsqlException && exception.Message.StartsWith("No password has been provided", StringComparison.Ordinal));

    /// <summary>Whether the server is not the one that was meant, or speaks no TLS that this machine would take.</summary>
    public static bool IsUntrusted(Exception exception) => Chain(exception).Any(one => one is AuthenticationException);

    public static bool IsWithoutToken(Exception exception) => Chain(exception).Any(one => one is NoTokenException);

    /// <summary>What became of the server, as a sentence.</summary>
    public static string Told(string place, Exception exception) =>
        $"{place} {(IsWithoutToken(exception) ? "cannot be signed in to" : RefusesWrites(exception) ? "takes no writes" : "does not answer")}: {Cause(exception)}";

    /// <summary>What is at the bottom of a failure, as a sentence: what is put around it says only where it was met.</summary>
    public static string Cause(Exception exception)
    {
        var message = (Chain(exception).FirstOrDefault(one => one is NoTokenException) ?? exception.GetBaseException()).Message.TrimEnd();
        return message.EndsWith('.') ? message : $"{message}.";
    }

    /// <summary>Whether a unique key is there already: of one that was quicker, or for good.</summary>
    public static bool IsTaken(Exception exception) => exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    /// <summary>Whether the server answers, and is short of something: room on its disk, memory, connections. What reads may pass.</summary>
    public static bool IsShort(Exception exception) => exception is PostgresException { SqlState: ['5', '3' or '8', ..] };

    /// <summary>Whether only a write can tell that it is over; that there are connections again, a connection tells.</summary>
    public static bool RefusesWrites(Exception exception) => (IsShort(exception) && exception is not PostgresException { SqlState: PostgresErrorCodes.TooManyConnections })
        || exception is TakesNoWritesException or PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction };

    /// <summary>Whether the server said so itself, so that it is certain that the transaction has been undone.</summary>
    public static bool IsUndone(Exception exception) => exception is PostgresException { InvariantSeverity: "ERROR" };

    /// <summary>Whether all connections of this process were taken for too long: the database is there.</summary>
    public static bool IsCrowded(Exception exception) => exception is NpgsqlException and not PostgresException && exception.Message.Contains("pool has been exhausted", StringComparison.Ordinal);

    /// <summary>Whether a newer host has added a column under a statement that was prepared before.</summary>
    public static bool IsStalePlan(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.FeatureNotSupported } e && e.MessageText.Contains("cached plan", StringComparison.Ordinal);

    private static IEnumerable<Exception> Chain(Exception exception)
    {
        for (var one = exception; one is not null; one = one.InnerException)
        {
            yield return one;
        }
    }
}
