using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Holdfast.Agents.Tests.Storage;

/// <summary>What transactions on PostgreSQL do when they meet each other, a cut wire, or a server that is away.</summary>
public sealed class PostgresTests
{
    [PostgresFact]
    public async Task ACommitThatWasNotAnsweredThoughDoneIsNotDoneAgain()
    {
        var server = await PostgresServer.SharedAsync();
        using var wire = new CutAtCommit(server.Socket);
        using var store = await OpenAsync(server, wire.Host);
        var works = 0;
        wire.Arm(isDone: true);
        await WriteAsync(store, "name", () => works++);

        Assert.Equal((1, 1, 1L), (wire.Cuts, works, await CountAsync(store)));
    }

    [PostgresFact]
    public async Task ACommitThatDidNotArriveIsRunAgain()
    {
        var server = await PostgresServer.SharedAsync();
        using var wire = new CutAtCommit(server.Socket);
        using var store = await OpenAsync(server, wire.Host);
        var works = 0;
        wire.Arm(isDone: false);
        await WriteAsync(store, "name", () => works++);

        Assert.Equal((1, 2, 1L), (wire.Cuts, works, await CountAsync(store)));
    }

    [PostgresFact]
    public async Task ACommitThatTheServerGetsLateIsWaitedForAndNotRunAgain()
    {
        await using var server = await PostgresServer.StartAsync();
        using var wire = new CutAtCommit(server.Socket) { Late = () => Patience.UntilAsync(async () => await server.AskAsync("SELECT COUNT(*) FROM pg_locks WHERE NOT granted") != "0") };
        using var store = new AgentStore(await PostgresDialect.OpenAsync(new PostgresOptions(server.ConnectionString.Replace(server.Socket, wire.Host, StringComparison.Ordinal)), NullLogger.Instance));
        var works = 0;
        wire.Arm(isDone: false);
        await WriteAsync(store, "name", () => works++).Patiently();

        Assert.Equal((1, 1, 1L), (wire.Cuts, works, await CountAsync(store)));
    }

    [PostgresFact]
    public async Task ACommitThatACrashLostIsNotTakenForTheOneThatHasItsNumberSince()
    {
        await using var server = await PostgresServer.StartAsync(durable: true);
        await server.ExecuteAsync("ALTER SYSTEM SET wal_writer_delay = '10s'"); // so that nothing of it reaches the disk by itself
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        using var wire = new CutAtCommit(server.Socket);
        using var store = new AgentStore(await PostgresDialect.OpenAsync(new PostgresOptions(server.ConnectionString.Replace(server.Socket, wire.Host, StringComparison.Ordinal)), NullLogger.Instance));
        await WriteAsync(store, "first");
        var (works, number) = (0, "");
        var back = new TaskCompletionSource();
        wire.Arm(isDone: false);
        var writing = store.WriteAsync(async tx =>
        {
            works++;
            number = await tx.FirstAsync<string>("SELECT CAST(pg_current_xact_id() AS TEXT)");
            await tx.ExecuteAsync("INSERT INTO agents (name, version) VALUES ('second', '1')");
            wire.Open = works == 1 ? back.Task : wire.Open;
            return true;
        });
        await Patience.UntilAsync(() => Task.FromResult(wire.Cuts == 1));
        var lost = number;
        await server.KillAsync();
        await server.StartServerAsync();
        for (var others = 0; others < 50; others++)
        {
            await server.ExecuteAsync("SELECT pg_current_xact_id()");
        }

        Assert.Equal("committed", await server.AskAsync($"SELECT pg_xact_status('{lost}')")); // of another
        back.SetResult();
        await writing.Patiently();

        Assert.Equal((2, 2L), (works, await CountAsync(store)));
    }

    [PostgresFact]
    public async Task OfTwoThatLockEachOtherOutBothAreDone()
    {
        var server = await PostgresServer.SharedAsync();
        using var store = await OpenAsync(server);
        await WriteAsync(store, "a");
        await WriteAsync(store, "b");
        using var both = new Barrier(2);
        var first = 0;
        async Task<int> ChangeAsync(string one, string two)
        {
            var tries = 0;
            return await store.WriteAsync(async tx =>
            {
                await tx.ExecuteAsync("UPDATE agents SET version = version || '+' WHERE name = @one", new { one });
                if (tries++ == 0)
                {
                    Interlocked.Increment(ref first);
                    await Task.Run(both.SignalAndWait); // each holds one now and wants the other's
                }

                await tx.ExecuteAsync("UPDATE agents SET version = version || '+' WHERE name = @two", new { two });
                return tries;
            });
        }

        var tries = await Task.WhenAll(ChangeAsync("a", "b"), ChangeAsync("b", "a")).Patiently();
        Assert.InRange(tries.Sum(), 3, 10); // one was undone by the database, and run again: perhaps before the other had gone on
        Assert.Equal(["1++", "1++"], await store.ReadAsync(tx => tx.ListAsync<string>("SELECT version FROM agents")));
    }

    [PostgresFact]
    public async Task TheClockIsTheDatabasesReadAfterTheLock()
    {
        var server = await PostgresServer.SharedAsync();
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))));
        var run = await desk.RunAsync();
        using var store = new AgentStore(await PostgresDialect.OpenAsync(new PostgresOptions(desk.Database.ConnectionString!), NullLogger.Instance));
        var (locked, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var holder = store.WriteAsync(async tx =>
        {
            await tx.LockRunAsync("id = @run", new { run });
            locked.SetResult();
            await release.Task;
            await tx.ReadClockAsync();
            return tx.Now;
        });
        await locked.Task.Patiently();
        var waiter = store.WriteAsync(async tx =>
        {
            await tx.LockRunAsync("id = @run", new { run });
            return tx.Now;
        });
        await Patience.UntilAsync(async () => await store.ReadAsync(tx => tx.FirstAsync<long>("SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()")) > 0);
        release.SetResult();

        Assert.True(await waiter.Patiently() > await holder.Patiently(), "It waited for the lock with a clock that it had read before.");
    }

    [PostgresFact]
    public async Task WithoutALockThereIsNoClock()
    {
        using var store = await OpenAsync(await PostgresServer.SharedAsync());
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => store.WriteAsync(tx => Task.FromResult(tx.Now)));
        Assert.Contains("lock a run first", error.Message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task WhileTheServerIsAwayClientsAreRefusedAndStepsWait()
    {
        await using var server = await PostgresServer.StartAsync();
        using var store = await OpenAsync(server);
        Assert.Null(store.Away);
        await server.KillAsync();

        var step = WriteAsync(store, "step");
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.WriteAsync(tx => tx.ExecuteAsync("DELETE FROM agents"), refusable: true)).Patiently();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => CountAsync(store)).Patiently();
        Assert.False(refused.MayBeStored);
        Assert.NotNull(store.Away);
        Assert.False(step.IsCompleted);
        Assert.False(store.Failed.IsCompleted);

        await server.StartServerAsync();
        await step.Patiently();
        Assert.Equal(1, await CountAsync(store));
        Assert.Null(store.Away);
    }

    [PostgresFact]
    public async Task AServerThatAnswersAndIsReadOnlyIsAwayUntilItTakesWrites()
    {
        await using var server = await PostgresServer.StartAsync();
        var said = new Said();
        using var store = await OpenAsync(server, logger: said);
        await MakeReadOnlyAsync(server, "on");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => InsertAsync(store, "refused", refusable: true)).Patiently();
        await MakeReadOnlyAsync(server, "off");
        await Patience.UntilAsync(() => Task.FromResult(store.Away is null)); // though nobody waits to write

        await MakeReadOnlyAsync(server, "on");
        var works = 0;
        var step = WriteAsync(store, "step", () => Interlocked.Increment(ref works));
        await Patience.UntilAsync(() => Task.FromResult(store.Away?.Contains("takes no writes: it is read-only", StringComparison.Ordinal) == true));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.WriteAsync(tx => tx.ExecuteAsync("DELETE FROM agents"), refusable: true)).Patiently();
        Assert.False(step.IsCompleted);
        Assert.InRange(works, 1, 5);
        Assert.Contains("takes no writes", Assert.Single(said.Errors), StringComparison.Ordinal);

        await MakeReadOnlyAsync(server, "off");
        await step.Patiently();
        Assert.Equal((1L, null), (await CountAsync(store), store.Away));
    }

    [PostgresFact]
    public async Task AServerThatIsShortOfRoomIsAwayUntilAWriteCanPassThoughNobodyWaitsToWrite()
    {
        var server = await PostgresServer.SharedAsync();
        var schema = await server.NewSchemaAsync();
        var said = new Said();
        using var store = new AgentStore(await PostgresDialect.OpenAsync(new PostgresOptions(server.ConnectionTo(schema)), said));
        await server.ExecuteAsync($"""
            CREATE SEQUENCE {schema}.tries;
            {NoRoom(schema)}
            CREATE TRIGGER no_room BEFORE INSERT ON {schema}.agents EXECUTE FUNCTION {schema}.no_room();
            CREATE TRIGGER no_room BEFORE UPDATE ON {schema}.holdfast_schema EXECUTE FUNCTION {schema}.no_room()
            """);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => InsertAsync(store, "name", refusable: true)).Patiently();
        await using var connection = new NpgsqlConnection(server.ConnectionTo(schema));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var tries = new NpgsqlCommand("SELECT last_value FROM tries", connection);
        await Patience.UntilAsync(async () => (long)(await tries.ExecuteScalarAsync())! > 3);
        Assert.Contains("takes no writes: 53100: could not extend file.", store.Away, StringComparison.Ordinal);
        Assert.Contains("takes no writes", Assert.Single(said.Errors), StringComparison.Ordinal);

        await server.ExecuteAsync($"DROP FUNCTION {schema}.no_room CASCADE");
        await Patience.UntilAsync(() => Task.FromResult(store.Away is null));
        await InsertAsync(store, "name", refusable: true);
        Assert.Equal(1, await CountAsync(store));
    }

    [PostgresFact]
    public async Task AShortageThatOnlyOneWriteMeetsHoldsUpNoOther()
    {
        var server = await PostgresServer.SharedAsync();
        var schema = await server.NewSchemaAsync();
        var said = new Said();
        using var store = new AgentStore(await PostgresDialect.OpenAsync(new PostgresOptions(server.ConnectionTo(schema)), said));
        await server.ExecuteAsync($"CREATE SEQUENCE {schema}.tries; {NoRoom(schema)} CREATE TRIGGER no_room BEFORE INSERT ON {schema}.agents EXECUTE FUNCTION {schema}.no_room()");
        var works = 0;
        var step = WriteAsync(store, "step", () => Interlocked.Increment(ref works));
        await Patience.UntilAsync(async () =>
        {
            Assert.Equal(0, await CountAsync(store));
            return Volatile.Read(ref works) > 3;
        });
        Assert.Single(said.Errors);

        await server.ExecuteAsync($"DROP FUNCTION {schema}.no_room CASCADE");
        await step.Patiently();
        Assert.Equal(1, await CountAsync(store));
    }

    [PostgresFact]
    public async Task AServerThatHasNoConnectionLeftIsBackWhenOneIsFreeThoughNobodyWrites()
    {
        var server = await PostgresServer.SharedAsync();
        var schema = await server.NewSchemaAsync();
        await server.ExecuteAsync($"CREATE ROLE {schema} LOGIN; ALTER SCHEMA {schema} OWNER TO {schema}; ALTER ROLE {schema} CONNECTION LIMIT 1");
        using var store = new AgentStore(await PostgresDialect.OpenAsync(
            new PostgresOptions(server.ConnectionTo(schema).Replace("=holdfast", $"={schema}", StringComparison.Ordinal)), NullLogger.Instance));
        var (reading, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var read = store.ReadAsync(async tx =>
        {
            reading.SetResult();
            await release.Task;
            return await tx.FirstAsync<long>("SELECT COUNT(*) FROM agents");
        });
        await reading.Task.Patiently();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => CountAsync(store)).Patiently();
        Assert.Contains("does not answer: 53300", store.Away, StringComparison.Ordinal);

        release.SetResult();
        Assert.Equal(0, await read.Patiently());
        await Patience.UntilAsync(() => Task.FromResult(store.Away is null));
        Assert.Equal(0, await CountAsync(store));
    }

    [PostgresFact]
    public async Task OfSeveralHostsTheOneThatTakesWritesIsUsed()
    {
        await using var standby = await PostgresServer.StartAsync();
        await standby.ExecuteAsync("ALTER SYSTEM SET default_transaction_read_only = on");
        await standby.ExecuteAsync("SELECT pg_reload_conf()");
        var server = await PostgresServer.SharedAsync();
        var connection = server.ConnectionTo(await server.NewSchemaAsync());
        foreach (var (hosts, said) in new[] { ($"{standby.Socket},{server.Socket}", ""), ($"{server.Socket},{standby.Socket}", ";Target Session Attributes=any") })
        {
            using var store = new AgentStore(await PostgresDialect.OpenAsync(
                new PostgresOptions(connection.Replace(server.Socket, hosts, StringComparison.Ordinal) + said) { StartLimit = TimeSpan.FromSeconds(5) }, NullLogger.Instance));
            await WriteAsync(store, $"name{said}");
        }
    }

    [PostgresFact]
    public async Task AStepThatIsUndoneAgainAndAgainSaysSoAndAClientIsRefusedInTime()
    {
        var said = new Said();
        using var store = await OpenAsync(await PostgresServer.SharedAsync(), logger: said, refuseBusyAfter: TimeSpan.Zero);
        var (works, mended) = (0, false);
        async Task<int> UndoneAsync(StoreTransaction tx)
        {
            works++;
            return await tx.ExecuteAsync(Volatile.Read(ref mended) ? "DELETE FROM agents" : "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$");
        }

        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.WriteAsync(UndoneAsync, refusable: true));
        Assert.Equal(1, works);
        var step = store.WriteAsync(UndoneAsync);
        await Patience.UntilAsync(() => Task.FromResult(said.Warnings.Count > 0));
        Assert.Contains("a transaction has been run 10 times", said.Warnings[0], StringComparison.Ordinal);
        Volatile.Write(ref mended, true);
        await step.Patiently();
        Assert.Single(said.Warnings);
    }

    [PostgresFact]
    public async Task WhenEveryConnectionIsTakenClientsAreRefusedAndTheServerIsNotTakenForGone()
    {
        var server = await PostgresServer.SharedAsync();
        using var store = new AgentStore(await PostgresDialect.OpenAsync(
            new PostgresOptions(server.ConnectionTo(await server.NewSchemaAsync())) { PoolSize = 1, ConnectTimeout = TimeSpan.FromSeconds(1) }, NullLogger.Instance));
        var release = new TaskCompletionSource();
        var taken = store.WriteAsync(async tx =>
        {
            await tx.ExecuteAsync("INSERT INTO agents (name, version) VALUES ('first', '1')");
            await release.Task;
            return true;
        });
        var step = WriteAsync(store, "second");
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.WriteAsync(tx => tx.ExecuteAsync("DELETE FROM agents"), refusable: true)).Patiently();
        Assert.Contains("was too busy for this", error.Message, StringComparison.Ordinal);
        Assert.Null(store.Away);
        release.SetResult();
        await Task.WhenAll(taken, step).Patiently();

        Assert.Equal(2, await CountAsync(store));
    }

    [PostgresFact]
    public async Task WhatWaitsForTheServerEndsWithTheHost()
    {
        await using var server = await PostgresServer.StartAsync();
        var store = await OpenAsync(server);
        await server.KillAsync();
        var step = WriteAsync(store, "step");
        await Patience.UntilAsync(() => Task.FromResult(store.Away is not null));
        store.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => step).Patiently();
    }

    [PostgresFact]
    public async Task WhetherItWasStoredIsSaidToBeUnknownWhenNobodyCanTell()
    {
        await using var server = await PostgresServer.StartAsync();
        using var wire = new CutAtCommit(server.Socket);
        using var store = await OpenAsync(server, wire.Host);
        wire.Arm(isDone: true);
        var write = store.WriteAsync(async tx =>
        {
            await tx.ReadClockAsync();
            return await tx.ExecuteAsync("INSERT INTO agents (name, version) VALUES ('name', '1')");
        }, refusable: true);
        wire.Dispose(); // and there is no other way to the server

        Assert.True((await Assert.ThrowsAsync<StoreUnavailableException>(() => write).Patiently()).MayBeStored);
    }

    [PostgresFact]
    public async Task WhetherItWasStoredIsSaidToBeUnknownToWhatWaitsForThatWhenTheHostStops()
    {
        var server = await PostgresServer.SharedAsync();
        using var wire = new CutAtCommit(server.Socket);
        var store = await OpenAsync(server, wire.Host);
        wire.Arm(isDone: true);
        var write = store.WriteAsync(async tx =>
        {
            await tx.ReadClockAsync();
            return await tx.ExecuteAsync("INSERT INTO agents (name, version) VALUES ('name', '1')");
        });
        wire.Dispose(); // and there is no other way to the server
        await Patience.UntilAsync(() => Task.FromResult(store.Away is not null));
        store.Dispose();

        Assert.True((await Assert.ThrowsAsync<StoreUnavailableException>(() => write).Patiently()).MayBeStored);
    }

    [PostgresFact]
    public async Task TextThatNoDatabaseCanHoldIsStoredWithAMarkInItsPlace()
    {
        using var store = await OpenAsync(await PostgresServer.SharedAsync());
        await WriteAsync(store, "a\0b\ud800c");

        Assert.Equal("a\ufffdb\ufffdc", await store.ReadAsync(tx => tx.FirstAsync<string>("SELECT name FROM agents")));
    }

    [PostgresFact]
    public async Task ReadsAreOfOneStateAndWriteNothing()
    {
        using var store = await OpenAsync(await PostgresServer.SharedAsync());
        var (before, after) = await store.ReadAsync(async tx =>
        {
            var count = await tx.FirstAsync<long>("SELECT COUNT(*) FROM agents");
            await WriteAsync(store, "meanwhile");
            return (count, await tx.FirstAsync<long>("SELECT COUNT(*) FROM agents"));
        });
        Assert.Equal((0L, 0L), (before, after));
        Assert.Equal(1, await CountAsync(store));

        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.ReadAsync(tx => tx.ExecuteAsync("DELETE FROM agents")));
    }

    private static async Task<AgentStore> OpenAsync(PostgresServer server, string? host = null, ILogger? logger = null, TimeSpan? refuseBusyAfter = null)
    {
        var connection = server.ConnectionTo(await server.NewSchemaAsync());
        var options = new PostgresOptions(host is null ? connection : connection.Replace(server.Socket, host, StringComparison.Ordinal));
        return new AgentStore(await PostgresDialect.OpenAsync(
            refuseBusyAfter is { } limit ? options with { RefuseBusyAfter = limit } : options, logger ?? NullLogger.Instance));
    }

    private static Task<int> WriteAsync(AgentStore store, string name, Action? seen = null) => store.WriteAsync(async tx =>
    {
        seen?.Invoke();
        return await tx.ExecuteAsync("INSERT INTO agents (name, version) VALUES (@name, '1')", new { name });
    });

    private static Task<int> InsertAsync(AgentStore store, string name, bool refusable) =>
        store.WriteAsync(tx => tx.ExecuteAsync("INSERT INTO agents (name, version) VALUES (@name, '1')", new { name }), refusable);

    private static string NoRoom(string schema) => $"""
        CREATE FUNCTION {schema}.no_room() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM nextval(''{schema}.tries''); RAISE EXCEPTION ''could not extend file'' USING ERRCODE = ''53100''; END';
        """;

    private static Task<long> CountAsync(AgentStore store) => store.ReadAsync(tx => tx.FirstAsync<long>("SELECT COUNT(*) FROM agents"));

    private static async Task MakeReadOnlyAsync(PostgresServer server, string word)
    {
        await server.ExecuteAsync($"ALTER SYSTEM SET default_transaction_read_only = {word}");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        await Patience.UntilAsync(async () => await server.AskAsync("SHOW default_transaction_read_only") == word);
    }
}
