using System.Collections.Concurrent;
using System.Data;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Holdfast.Agents.Storage;

/// <summary>
/// The agent store on PostgreSQL 15 or later. Transactions run side by side; each locks the rows that it decides about. One that the
/// database undid is run again; one whose commit was not answered is asked after, so that nothing is done twice or taken for lost.
/// </summary>
public sealed class PostgresDialect : IDialect
{
    private const int OldestServer = 150000;
    private const int MostTries = 10;
    private static readonly TimeSpan WarnEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RefuseAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(5);

    // Ticks of the database's clock.
    internal const string Now = "621355968000000000 + CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 10000000 AS BIGINT)";

    private readonly CancellationTokenSource stopping = new();
    private readonly NpgsqlDataSource source;
    private readonly NpgsqlDataSource probing;
    private readonly PostgresOptions options;
    private readonly PostgresPresence presence;
    private readonly ILogger logger;
    private readonly StoreSql sql;
    private readonly string place;
    private readonly string process = Guid.NewGuid().ToString("N");
    private readonly ConcurrentBag<string> slots = []; // of CommitMark, free for the next transaction
    private int slotsMade;
    private int hasForgotten;
    private int underWay;

    /// <param name="probing">Keeps no connection: a pool that is all taken is no server that is gone.</param>
    private PostgresDialect(NpgsqlDataSource source, NpgsqlDataSource probing, PostgresOptions options, string place, ILogger logger)
    {
        this.source = source;
        this.probing = probing;
        this.options = options;
        this.place = place;
        this.logger = logger;
        presence = new PostgresPresence(place, ProbeAsync, logger, stopping.Token);

        // The clock is read outside of the SELECT that locks: inside, it would be read before the lock is waited for.
        sql = new StoreSql
        {
            ForUpdate = " FOR UPDATE",
            ForNoKeyUpdate = " FOR NO KEY UPDATE",
            ForKeyShare = " FOR KEY SHARE",
            SkipLocked = " FOR UPDATE SKIP LOCKED",
            LockRun = condition => $"SELECT r.*, {StoreSql.EngineSeen}, {Now} AS store_ticks FROM (SELECT * FROM runs WHERE {condition} FOR UPDATE) AS r",
            ReadClock = $"SELECT {Now}",
            Seen = options.Seen,
        };
    }

    /// <summary>Never completes: whatever PostgreSQL fails with, an operator can mend while the host waits.</summary>
    public Task<Exception> Failed { get; } = new TaskCompletionSource<Exception>().Task;

    public string? Away => presence.Away;

    public string Place => place;

    public int SchemaVersion => options.Migrations[^1].Version;

    /// <summary>Waits for the database, and brings its tables to this release's version.</summary>
    /// <exception cref="StoreRefusedException">It did not answer in time, refuses the sign-in, or is not one that this release can use.</exception>
    public static async Task<PostgresDialect> OpenAsync(PostgresOptions options, ILogger logger, CancellationToken cancellation = default)
    {
        var settings = options.Read();
        var place = $"PostgreSQL at {settings.Host}{(settings.Host!.StartsWith('/') ? "" : $":{settings.Port}")}, database {settings.Database}";
        var alone = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false };
        var dialect = new PostgresDialect(Source(settings, options), Source(alone, options), options, place, logger);
        try
        {
            await dialect.StartAsync(settings.Username!, cancellation);
            return dialect;
        }
        catch
        {
            dialect.Dispose();
            throw;
        }
    }

    public bool Caused(Exception exception) => exception is StoreUnavailableException or ObjectDisposedException
        || (PostgresFailure.Of(exception) != PostgresFault.None && !PostgresFailure.IsTaken(exception)); // one that stays is the work's own

    public Task<(T Result, StoreTransaction Committed)> WriteAsync<T>(Func<StoreTransaction, Task<T>> work, bool refusable) =>
        PersistAsync(() => TryWriteAsync(work, refusable), refusable);

    public Task<T> ReadAsync<T>(Func<StoreTransaction, Task<T>> query, bool refusable) => PersistAsync(async () =>
    {
        await using var connection = await source.OpenConnectionAsync(stopping.Token);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        var result = await query(new StoreTransaction(connection, transaction, sql, options.Clock, "SET TRANSACTION READ ONLY; "));
        await transaction.CommitAsync();
        return result;
    }, refusable);

    /// <summary>Lets what is in a transaction come to its end, for a while, and refuses the rest.</summary>
    public void Dispose()
    {
        if (stopping.IsCancellationRequested)
        {
            return;
        }

        stopping.Cancel();
        SpinWait.SpinUntil(() => Volatile.Read(ref underWay) == 0, LongestStop);
        source.Dispose();
        probing.Dispose();
    }

    private static NpgsqlDataSource Source(NpgsqlConnectionStringBuilder settings, PostgresOptions options)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.ConnectionStringBuilder.TargetSessionAttributes = null; // which a source of several hosts takes apart from the rest
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false)); // numbers and texts are all there is
        if (options.Token is { } token)
        {
            builder.UsePasswordProvider(_ => throw new NotSupportedException("A token is fetched asynchronously."), async (_, cancellation) =>
            {
                try
                {
                    return await token(cancellation);
                }
                catch (Exception e) when (!cancellation.IsCancellationRequested)
                {
                    throw new NoTokenException(e);
                }
            });
        }

        return settings.TargetSessionAttributes is { } wanted && settings.Host!.Contains(',', StringComparison.Ordinal)
            ? builder.BuildMultiHost().WithTargetSession(Enum.Parse<TargetSessionAttributes>(wanted.Replace("-", "", StringComparison.Ordinal), ignoreCase: true))
            : builder.Build();
    }

    private async Task StartAsync(string user, CancellationToken cancellation)
    {
        var (began, said) = (TimeProvider.System.GetTimestamp(), 0L);
        while (true)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancellation);
                await CheckServerAsync(connection, cancellation);
                await new PostgresSchema(place, options, logger).MigrateAsync(connection, cancellation);
                return;
            }
            catch (Exception e) when (PostgresFailure.IsLasting(e))
            {
                throw new StoreRefusedException($"{place} refuses user {user}{(options.Token is null ? "" : " with a token as the password")}: {PostgresFailure.Cause(e)} {await RemedyAsync(e, user, cancellation)}", e);
            }
            catch (Exception e) when (PostgresFailure.Of(e) != PostgresFault.None)
            {
                if (TimeProvider.System.GetElapsedTime(began) >= options.StartLimit)
                {
                    throw new StoreRefusedException(
                        $"{place} has not answered for {(int)options.StartLimit.TotalSeconds} s: {PostgresFailure.Cause(e)} {(PostgresFailure.IsWithoutToken(e) ? options.TokenRemedy : $"Start it, or correct {options.Setting}.")}", e);
                }

                if (said == 0 || TimeProvider.System.GetElapsedTime(said) >= SayEvery)
                {
                    said = TimeProvider.System.GetTimestamp();
                    logger.LogWarning("{Fact} The start waits for it, {Seconds} s at most.", PostgresFailure.Told(place, e), (int)options.StartLimit.TotalSeconds);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, cancellation);
            }
        }
    }

    private async Task<string> RemedyAsync(Exception exception, string user, CancellationToken cancellation) => exception switch
    {
        _ when PostgresFailure.IsUntrusted(exception) => $"Check the server's certificate, its name in it, and Root Certificate in {options.Setting}.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => $"Create the database, or name another in {options.Setting}.",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } when await OwnerAsync(cancellation) is { } owner =>
            $"Its tables belong to role {owner}. As an administrator: GRANT \"{owner}\" TO \"{user}\"; where {user} does not inherit, also set Options=-c role={owner} in {options.Setting}.",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidSchemaName } => "Make it the owner of the database, or grant it CREATE and USAGE on its schema.",
        PostgresException => options.Token is null ? $"Correct the user name or the password in {options.Setting}." : $"Create the role for this identity, or correct the user name in {options.Setting}. {options.TokenRemedy} A token that has expired is fetched anew with the next start.",
        _ => $"Give the password in {options.Setting}.",
    };

    /// <returns>The role that the tables belong to, where that is another whose rights this user has not.</returns>
    private async Task<string?> OwnerAsync(CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        return await connection.QueryFirstOrDefaultAsync<string?>(new CommandDefinition("""
            SELECT tableowner::TEXT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'holdfast_schema' AND NOT pg_has_role(tableowner, 'USAGE')
            """, cancellationToken: cancellation));
    }

    private async Task CheckServerAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var server = (await connection.QueryFirstAsync<Server>(new CommandDefinition("""
            SELECT current_setting('server_version') AS version, CAST(current_setting('server_version_num') AS BIGINT) AS number,
              current_setting('server_encoding') AS encoding, current_setting('synchronous_commit') AS synchronouscommit, pg_is_in_recovery() AS isstandby,
              current_schema() AS schema
            """, cancellationToken: cancellation)))!;
        var fact = server.Number < OldestServer ? $"is version {server.Version}; 15 is the oldest that is supported. Name a newer server in {options.Setting}."
            : server.Encoding != "UTF8" ? $"has the encoding {server.Encoding}. Create a database with ENCODING 'UTF8', and name it in {options.Setting}."
            : server.SynchronousCommit == "off" ? $"has synchronous_commit=off and would lose what it has acknowledged. Set it to on for this database, or take it out of Options in {options.Setting}."
            : server.Schema is null ? $"has no schema for the tables: the first one in its search_path does not exist or is not granted. Create it, or correct Search Path in {options.Setting}."
            : null;
        if (fact is not null)
        {
            throw new StoreRefusedException($"{place} {fact}");
        }

        if (server.IsStandby)
        {
            throw new TakesNoWritesException("it is a standby.");
        }
    }

    private async Task ProbeAsync(Exception cause, CancellationToken cancellation)
    {
        await using var connection = await probing.OpenConnectionAsync(cancellation);
        var fact = await connection.QueryFirstAsync<string?>(new CommandDefinition("""
            SELECT CASE WHEN pg_is_in_recovery() THEN 'it is a standby.'
              WHEN current_setting('transaction_read_only') = 'on' THEN 'it is read-only (default_transaction_read_only).' END
            """, cancellationToken: cancellation));
        if (fact is not null)
        {
            throw new TakesNoWritesException(fact);
        }

        if (PostgresFailure.RefusesWrites(cause))
        {
            await connection.ExecuteAsync(new CommandDefinition("UPDATE holdfast_schema SET oldest = oldest", cancellationToken: cancellation));
        }

        if (!PostgresFailure.IsShort(cause))
        {
            source.Clear(); // what the server cut off, or opened as read-only, is still in the pool
        }
    }

    /// <summary>Runs an attempt again while another would help: soon after a conflict, and once the database is back.</summary>
    /// <param name="refusable">Whether to give up after a while; otherwise it waits for as long as it takes.</param>
    private async Task<T> PersistAsync<T>(Func<Task<T>> attempt, bool refusable)
    {
        Interlocked.Increment(ref underWay);
        try
        {
            var (began, said, taken) = (TimeProvider.System.GetTimestamp(), 0L, 0);
            for (var tries = 1; ; tries++)
            {
                await PresentAsync(refusable);
                try
                {
                    return await attempt();
                }
                catch (Exception e) when (PostgresFailure.Of(e) is var fault and not PostgresFault.None && !stopping.IsCancellationRequested)
                {
                    if (PostgresFailure.IsTaken(e) && ++taken >= MostTries)
                    {
                        throw; // no other was quicker: it will always be so
                    }

                    if (refusable && (PostgresFailure.IsCrowded(e) || tries >= MostTries || TimeProvider.System.GetElapsedTime(began) >= options.RefuseBusyAfter))
                    {
                        throw Unavailable(e);
                    }

                    if (tries >= MostTries && (said == 0 || TimeProvider.System.GetElapsedTime(said) >= WarnEvery))
                    {
                        said = TimeProvider.System.GetTimestamp();
                        logger.LogWarning(e, "{Place}: a transaction has been run {Tries} times in {Seconds} s, and is run again: {Message}",
                            place, tries, (int)TimeProvider.System.GetElapsedTime(began).TotalSeconds, PostgresFailure.Cause(e));
                    }

                    await AgainAsync(e, fault, tries);
                }
            }
        }
        catch (Exception e) when (stopping.IsCancellationRequested && (e is OperationCanceledException || PostgresFailure.Of(e) != PostgresFault.None))
        {
            throw new ObjectDisposedException($"{place} is closed: the process is stopping.");
        }
        finally
        {
            Interlocked.Decrement(ref underWay);
        }
    }

    private async Task AgainAsync(Exception cause, PostgresFault fault, int tries)
    {
        if (fault == PostgresFault.Away)
        {
            presence.Lost(cause); // and a pause below: a server that answers and takes no writes is back at once
        }

        if (PostgresFailure.IsStalePlan(cause))
        {
            source.Clear(); // each connection has prepared it for itself
        }

        logger.LogDebug(cause, "{Place}: a transaction is run again.", place);
        var longest = Math.Min(tries * tries * 4, 2000);
        await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, longest + 1)), TimeProvider.System, stopping.Token);
    }

    /// <summary>Completes when the database answers.</summary>
    private async Task PresentAsync(bool refusable)
    {
        ObjectDisposedException.ThrowIf(stopping.IsCancellationRequested, this);
        var back = presence.Back;
        if (back.IsCompleted)
        {
            return;
        }

        try
        {
            await back.WaitAsync(refusable ? RefuseAfter : Timeout.InfiniteTimeSpan, TimeProvider.System, stopping.Token);
        }
        catch (TimeoutException)
        {
            throw new StoreUnavailableException(presence.Away ?? $"{place} does not answer.");
        }
    }

    private async Task<(T Result, StoreTransaction Committed)> TryWriteAsync<T>(Func<StoreTransaction, Task<T>> work, bool refusable)
    {
        var (slot, isFree) = (slots.TryTake(out var used) ? used : $"{process}.{Interlocked.Increment(ref slotsMade)}", true);
        try
        {
            return await TryWriteAsync(work, new CommitMark(slot, Guid.NewGuid().ToString("N")), refusable);
        }
        catch (Exception e) when (e is StoreUnavailableException || PostgresFailure.Of(e) == PostgresFault.Away)
        {
            isFree = false; // the server may still be at it
            throw;
        }
        finally
        {
            if (isFree)
            {
                slots.Add(slot);
            }
        }
    }

    private async Task<(T Result, StoreTransaction Committed)> TryWriteAsync<T>(Func<StoreTransaction, Task<T>> work, CommitMark mark, bool refusable)
    {
        await using var connection = await source.OpenConnectionAsync(stopping.Token);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted);
        if (Interlocked.Exchange(ref hasForgotten, 1) == 0)
        {
            await connection.ExecuteAsync(CommitMark.Forget, transaction: transaction);
        }

        var store = new StoreTransaction(connection, transaction, sql, options.Clock, mark: mark);
        var result = await work(store);
        try
        {
            await transaction.CommitAsync();
        }
        catch (Exception e) when (store.IsMarked && PostgresFailure.Of(e) == PostgresFault.Away && !PostgresFailure.IsUndone(e))
        {
            presence.Lost(e);
            if (!await IsCommittedAsync(mark, refusable))
            {
                throw;
            }
        }

        return (result, store);
    }

    /// <summary>
    /// What became of a transaction whose commit was not answered. It must not be run again before that is known: it might be stored, and
    /// would be stored twice.
    /// </summary>
    /// <exception cref="StoreUnavailableException">It could not be found out for as long as a client waits.</exception>
    private async Task<bool> IsCommittedAsync(CommitMark mark, bool refusable)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await PresentAsync(refusable);
                await using var connection = await source.OpenConnectionAsync(stopping.Token);
                await using var asking = await connection.BeginTransactionAsync(stopping.Token);
                if (refusable)
                {
                    await connection.ExecuteAsync($"SET LOCAL lock_timeout = {(int)RefuseAfter.TotalMilliseconds}", transaction: asking);
                }

                var token = await connection.QueryFirstAsync<string>(CommitMark.Ask, mark, asking);
                await asking.CommitAsync(stopping.Token);
                return token == mark.Token;
            }
            catch (StoreUnavailableException e)
            {
                throw new StoreUnavailableException(e.Message, mayBeStored: true, e);
            }
            catch (Exception e) when (stopping.IsCancellationRequested && (e is OperationCanceledException or ObjectDisposedException || PostgresFailure.Of(e) != PostgresFault.None))
            {
                throw new StoreUnavailableException($"{place} had not said whether it stored this when the process stopped.", mayBeStored: true, e);
            }
            catch (Exception e) when (PostgresFailure.Of(e) is var fault and not PostgresFault.None)
            {
                if (fault == PostgresFault.Away)
                {
                    presence.Lost(e);
                }
            }

            if (refusable && TimeProvider.System.GetElapsedTime(began) > RefuseAfter)
            {
                throw new StoreUnavailableException($"{place} has not said whether it stored this.", mayBeStored: true);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None); // the server has not noticed yet that nobody listens
        }
    }

    private StoreUnavailableException Unavailable(Exception cause) => PostgresFailure.Of(cause) == PostgresFault.Conflict
        ? new StoreUnavailableException($"{place} was too busy for this: {PostgresFailure.Cause(cause)}", inner: cause)
        : new StoreUnavailableException(PostgresFailure.Told(place, cause), inner: cause);

    private sealed class Server
    {
        public string Version { get; init; } = "";

        public long Number { get; init; }

        public string Encoding { get; init; } = "";

        public string SynchronousCommit { get; init; } = "";

        public bool IsStandby { get; init; }

        public string? Schema { get; init; }
    }
}
