using System.Text.RegularExpressions;
using Dapper;
using Holdfast.Agents.Engines;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Holdfast.Agents.Storage;

/// <summary>
/// Brings the tables to the version that this release knows, under a lock, so that of two hosts that start at once one does it and the
/// other finds it done. A store that a newer release has only expanded is used as it is.
/// </summary>
internal sealed partial class PostgresSchema(string place, PostgresOptions options, ILogger logger)
{
    private const string Lock = "(1212370980, hashtext(current_schema()))";

    /// <summary>Null where there are no tables yet; whatever the search path names besides.</summary>
    private const string Table = "to_regclass(quote_ident(current_schema()) || '.holdfast_schema')";

    /// <summary>Of the client too: one that gave up would undo a long migration at every start.</summary>
    private const int Unlimited = 0;

    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(5);

    private int Known => options.Migrations[^1].Version;

    /// <exception cref="StoreRefusedException">Another release's store that this one cannot use, or one that this one may not change yet.</exception>
    public async Task MigrateAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        CommandDefinition Command(string sql, object? args) => new(sql, args, transaction, Unlimited, cancellationToken: cancellation);

        // Waiting for another host that migrates is no fault, however long that takes.
        await connection.ExecuteAsync(Command("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0", null));
        await LockAsync(connection, Command);
        var found = await connection.QueryFirstAsync<bool>(Command($"SELECT {Table} IS NOT NULL", null))
            ? await connection.QueryFirstOrDefaultAsync<Row>(Command("SELECT version, oldest FROM holdfast_schema", null)) : null;
        if (found?.Oldest > Known)
        {
            throw new StoreRefusedException(
                $"{place} has schema version {found.Version} and takes hosts that know version {found.Oldest} or later; this release knows versions up to {Known}. It has been left untouched. Run the newer release, or name another database in {options.Setting}.");
        }

        var missing = options.Migrations.Where(one => one.Version > (found?.Version ?? 0)).ToList();
        if (missing.Count > 0)
        {
            await RefuseIfServedAsync(connection, Command, missing.Max(one => one.Oldest), found);
            await BringAsync(connection, Command, missing);
        }

        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Waits for as long as another host migrates, and says so.</summary>
    private async Task LockAsync(NpgsqlConnection connection, Func<string, object?, CommandDefinition> command)
    {
        if (await connection.QueryFirstAsync<bool>(command($"SELECT pg_try_advisory_xact_lock{Lock}", null)))
        {
            return;
        }

        var began = TimeProvider.System.GetTimestamp();
        var locked = connection.ExecuteAsync(command($"SELECT pg_advisory_xact_lock{Lock}", null));
        do
        {
            logger.LogInformation("{Place}: another host brings the tables to its version, for {Seconds} s by now. The start waits for that, and then brings them to version {Version} if they are not there yet.",
                place, (int)TimeProvider.System.GetElapsedTime(began).TotalSeconds, Known);
        }
        while (await Task.WhenAny(locked, Task.Delay(SayEvery, TimeProvider.System, CancellationToken.None)) != locked);
        await locked;
    }

    private async Task BringAsync(NpgsqlConnection connection, Func<string, object?, CommandDefinition> command, IReadOnlyList<Migration> missing)
    {
        // Tables of one store belong to one role, also where another that has its rights makes them: whoever comes next could not use them otherwise.
        await connection.ExecuteAsync(command($"SELECT set_config('role', pg_get_userbyid(relowner), TRUE) FROM pg_class WHERE oid = {Table} AND pg_get_userbyid(relowner) <> current_user", null));
        await connection.ExecuteAsync(command("CREATE TABLE IF NOT EXISTS holdfast_schema (one BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one), version BIGINT NOT NULL, oldest BIGINT NOT NULL)", null));
        foreach (var migration in missing)
        {
            await connection.ExecuteAsync(command(Translate(migration.Sql) + migration.Postgres, null));
        }

        await connection.ExecuteAsync(command("""
            INSERT INTO holdfast_schema (version, oldest) VALUES (@Known, @oldest)
            ON CONFLICT (one) DO UPDATE SET version = @Known, oldest = @oldest
            """, new { Known, oldest = options.Migrations.Max(one => one.Oldest) }));
    }

    /// <summary>What an older host still works with is not taken away under its runs, nor under itself while it may take new ones.</summary>
    /// <param name="oldest">The oldest version whose hosts could go on.</param>
    private async Task RefuseIfServedAsync(NpgsqlConnection connection, Func<string, object?, CommandDefinition> command, int oldest, Row? found)
    {
        if (found is null || oldest <= found.Oldest)
        {
            return;
        }

        // A run that is just being accepted is stored by the time that this has the lock, and none is accepted after it.
        await connection.ExecuteAsync(command("SELECT id FROM engines WHERE schema_version < @oldest ORDER BY id FOR UPDATE", new { oldest }));
        var served = await connection.QueryFirstOrDefaultAsync<Served>(command($"""
            SELECT * FROM (
              SELECT e.id, e.location, e.schema_version AS schemaversion, e.heartbeat, e.retired_at IS NULL AND e.heartbeat > COALESCE(CAST(@now AS BIGINT), {PostgresDialect.Now}) - @absence AS isseen,
                (SELECT COUNT(*) FROM runs r WHERE r.engine = e.id AND r.ended_at IS NULL) AS live
              FROM engines e WHERE e.schema_version < @oldest) AS e
            WHERE live > 0 OR isseen ORDER BY live = 0, id LIMIT 1
            """, new { oldest, now = options.Clock?.GetUtcNow().UtcTicks, absence = EngineHold.Absence.Ticks }));
        if (served is not null)
        {
            var engine = $"{place} cannot be brought to schema version {Known} yet: engine {served.Id} in {served.Location}";
            var own = $"or, if it is this host's own, start a release of schema version {oldest} first, which goes on with it; or name another database in {options.Setting}.";
            throw new StoreRefusedException(served.Live > 0
                ? $"{engine} is served by a release of version {served.SchemaVersion}, has {served.Live} runs that have not ended, and could not go on. Let them end or cancel them, then start this release again; {own}"
                : $"{engine} was seen at {Times.Show(served.Heartbeat)}, served by a release of version {served.SchemaVersion} that could not go on. Stop its host and start this release {EngineHold.Absence.TotalMinutes} minutes later; {own}");
        }
    }

    /// <summary>Ids and cursors are compared by their bytes, and every number has 64 bits, as SQLite has it.</summary>
    internal static string Translate(string sql)
    {
        var typed = Tail().Replace(RowId().Replace(sql, "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"), ");");
        return Integer().Replace(Text().Replace(typed, "TEXT COLLATE \"C\""), "BIGINT");
    }

    [GeneratedRegex(@"\bINTEGER NOT NULL PRIMARY KEY\b")]
    private static partial Regex RowId();

    [GeneratedRegex(@"\) STRICT(, WITHOUT ROWID)?;")]
    private static partial Regex Tail();

    [GeneratedRegex(@"\bTEXT\b")]
    private static partial Regex Text();

    [GeneratedRegex(@"\bINTEGER\b")]
    private static partial Regex Integer();

    private sealed class Row
    {
        public long Version { get; init; }

        public long Oldest { get; init; }
    }

    private sealed class Served
    {
        public string Id { get; init; } = "";

        public string Location { get; init; } = "";

        public long SchemaVersion { get; init; }

        public long Heartbeat { get; init; }

        public long Live { get; init; }
    }
}
