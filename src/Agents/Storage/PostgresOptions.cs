using System.Data.Common;
using System.Net;
using Npgsql;

namespace Holdfast.Agents.Storage;

/// <summary>How the agent store on PostgreSQL is reached. What the connection string says of the same thing wins.</summary>
/// <param name="ConnectionString">Npgsql's: Host=…;Database=…;Username=…; off this machine also SSL Mode=VerifyFull.</param>
public sealed record PostgresOptions(string ConnectionString)
{
    /// <summary>The name of the setting that the connection string came from, for messages.</summary>
    public string Setting { get; init; } = "The store's connection string";

    /// <summary>The password, where it is not in the connection string.</summary>
    public string? Password { get; init; }

    /// <summary>Gives a token that stands for the password, for a managed identity. Asked for each new connection, so it keeps its own token until that is about to expire.</summary>
    public Func<CancellationToken, ValueTask<string>>? Token { get; init; }

    /// <summary>What to do where <see cref="Token"/> gives none, or one that the server refuses; a sentence that names its settings.</summary>
    public string TokenRemedy { get; init; } = "Mend what gives the token.";

    /// <summary>The most connections of this process; default 20. Times the number of processes it stays under the server's max_connections.</summary>
    public int PoolSize { get; init; } = 20;

    /// <summary>How long one statement may take; default 30 s.</summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a statement may wait for a lock; default 10 s.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a transaction may stand still: a host that hangs holds nobody's lock for longer. Default 10 s.</summary>
    public TimeSpan IdleInTransactionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a new connection may take; default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a start waits for a database that is away; default 60 s.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The store's clock; null, the default, for the database's own, so that it does not matter what time the hosts believe it is.</summary>
    public TimeProvider? Clock { get; init; }

    /// <summary>How long a client's transaction is run again at most.</summary>
    internal TimeSpan RefuseBusyAfter { get; init; } = TimeSpan.FromSeconds(10);

    internal IReadOnlyList<Migration> Migrations { get; init; } = AgentSchema.Migrations;

    internal Action<string, object?>? Seen { get; init; }

    /// <exception cref="StoreRefusedException">It cannot be used; see the message.</exception>
    public void Check() => Read();

    /// <exception cref="StoreRefusedException">It cannot be read, names no server or database, or would trust a server that nobody has checked.</exception>
    internal NpgsqlConnectionStringBuilder Read()
    {
        NpgsqlConnectionStringBuilder read;
        try
        {
            read = new NpgsqlConnectionStringBuilder(ConnectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException)
        {
            // Its message may quote the string, and with it the password.
            throw new StoreRefusedException($"{Setting} is not a connection string that Npgsql can read. Write it as Host=…;Database=…;Username=….");
        }

        if (string.IsNullOrEmpty(read.Host) || string.IsNullOrEmpty(read.Database) || string.IsNullOrEmpty(read.Username))
        {
            throw new StoreRefusedException($"{Setting} names no {(string.IsNullOrEmpty(read.Host) ? "Host" : string.IsNullOrEmpty(read.Database) ? "Database" : "Username")}. Write it as Host=…;Database=…;Username=….");
        }

        // Require encrypts, but takes whoever answers for the server: the password would go to anyone in between.
        if (read.SslMode != SslMode.VerifyFull && read.Host.Split(',').FirstOrDefault(host => !IsHere(host.Trim())) is { } away)
        {
            throw new StoreRefusedException(
                $"{Setting} reaches {away}, which is another machine, with SSL Mode={read.SslMode}: nobody would check that it is that server. Add SSL Mode=VerifyFull, and Root Certificate=FILE if its authority is your own.");
        }

        return Complete(read);
    }

    private NpgsqlConnectionStringBuilder Complete(NpgsqlConnectionStringBuilder read)
    {
        // Npgsql's own builder answers for every key that it knows; this one for those that are there.
        var said = new DbConnectionStringBuilder { ConnectionString = read.ConnectionString };
        read.Password ??= Password;
        read.ApplicationName ??= "holdfast";
        read.MaxPoolSize = said.ContainsKey("Maximum Pool Size") ? read.MaxPoolSize : PoolSize;
        read.Timeout = said.ContainsKey("Timeout") ? read.Timeout : (int)ConnectTimeout.TotalSeconds;
        read.CommandTimeout = (int)(StatementTimeout + TimeSpan.FromSeconds(10)).TotalSeconds; // a server that is gone without a word cannot end a statement itself
        read.KeepAlive = said.ContainsKey("Keepalive") ? read.KeepAlive : 30;
        read.MaxAutoPrepare = said.ContainsKey("Max Auto Prepare") ? read.MaxAutoPrepare : 100;
        read.AutoPrepareMinUsages = said.ContainsKey("Auto Prepare Min Usages") ? read.AutoPrepareMinUsages : 3;
        if (read.Host!.Contains(',', StringComparison.Ordinal))
        {
            // Otherwise the first that answers is taken, and stayed with when it has become a standby.
            read.TargetSessionAttributes = said.ContainsKey("Target Session Attributes") ? read.TargetSessionAttributes : "read-write";
            read.HostRecheckSeconds = said.ContainsKey("Host Recheck Seconds") ? read.HostRecheckSeconds : 1;
        }

        read.NoResetOnClose = true; // nothing here changes a session
        read.IncludeErrorDetail = false; // which quotes rows
        read.Enlist = false;
        read.Options = string.Join(' ', new[]
        {
            $"-c statement_timeout={(long)StatementTimeout.TotalMilliseconds}",
            $"-c lock_timeout={(long)LockTimeout.TotalMilliseconds}",
            $"-c idle_in_transaction_session_timeout={(long)IdleInTransactionTimeout.TotalMilliseconds}",
            read.Options,
        }.Where(option => !string.IsNullOrEmpty(option)));
        return read;
    }

    /// <summary>Whether a host is this machine: nobody stands in between.</summary>
    private static bool IsHere(string host)
    {
        if (host.StartsWith('/') || host.StartsWith('@') || host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        return IPAddress.TryParse(host.Trim('[', ']'), out var address) ? IPAddress.IsLoopback(address)
            : host.LastIndexOf(':') is > 0 and var port && (host[..port].Equals("localhost", StringComparison.OrdinalIgnoreCase)
                || (IPAddress.TryParse(host[..port].Trim('[', ']'), out var before) && IPAddress.IsLoopback(before)));
    }
}
