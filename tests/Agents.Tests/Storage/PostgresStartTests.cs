using System.Diagnostics;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Holdfast.Agents.Tests.Storage;

/// <summary>Which PostgreSQL is taken, and what is said of one that is not.</summary>
public sealed class PostgresStartTests
{
    [Theory]
    [InlineData("Host=db.example.com;Database=d;Username=u", "SSL Mode=Prefer")]
    [InlineData("Host=db.example.com;Database=d;Username=u;SSL Mode=Disable", "SSL Mode=VerifyFull")]
    [InlineData("Host=db.example.com;Database=d;Username=u;SSL Mode=Require", "nobody would check that it is that server")]
    [InlineData("Host=db.example.com;Database=d;Username=u;SSL Mode=VerifyCA", "db.example.com")]
    [InlineData("Host=127.0.0.1,10.0.0.4;Database=d;Username=u", "10.0.0.4")]
    [InlineData("Database=d;Username=u", "names no Host")]
    [InlineData("Host=localhost;Username=u", "names no Database")]
    [InlineData("Host=localhost;Database=d", "names no Username")]
    [InlineData("Host=localhost;Wrong=1;Password=secret", "is not a connection string")]
    public void AConnectionStringThatCannotBeUsedIsRefusedWithTheSetting(string text, string words)
    {
        var error = Assert.Throws<StoreRefusedException>(() => new PostgresOptions(text) { Setting = "--store" }.Check());
        Assert.StartsWith("--store", error.Message, StringComparison.Ordinal);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=db.example.com;Database=d;Username=u;SSL Mode=VerifyFull")]
    [InlineData("Host=127.0.0.1;Database=d;Username=u")]
    [InlineData("Host=127.0.0.1:5433,[::1]:5433;Database=d;Username=u")]
    [InlineData("Host=localhost;Database=d;Username=u")]
    [InlineData("Host=/var/run/postgresql;Database=d;Username=u")]
    public void OnThisMachineTlsMayBeOff(string text) => new PostgresOptions(text).Check();

    [Fact]
    public void WhatTheConnectionStringSaysWins()
    {
        var unsaid = new PostgresOptions("Host=localhost;Database=d;Username=u") { PoolSize = 50 }.Read();
        Assert.Equal((50, 5, 100, "holdfast"), (unsaid.MaxPoolSize, unsaid.Timeout, unsaid.MaxAutoPrepare, unsaid.ApplicationName));
        var settings = new PostgresOptions("Host=localhost;Database=d;Username=u;MaxPoolSize=7;Timeout=1;Application Name=mine;Options=-c work_mem=1MB") { PoolSize = 50 }.Read();
        Assert.Equal((7, 1, "mine"), (settings.MaxPoolSize, settings.Timeout, settings.ApplicationName));
        Assert.Equal("-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=10000 -c work_mem=1MB", settings.Options);
    }

    [PostgresFact]
    public async Task EachConnectionHasItsLimits()
    {
        var server = await PostgresServer.SharedAsync();
        using var store = await OpenAsync(server.ConnectionTo(await server.NewSchemaAsync()));

        Assert.Equal("30s 10s 10s holdfast", await store.ReadAsync(tx => tx.FirstAsync<string>("""
            SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout') || ' ' || current_setting('idle_in_transaction_session_timeout')
              || ' ' || current_setting('application_name')
            """)));
    }

    [PostgresFact]
    public async Task OfHostsThatStartAtOnceOneMigratesAndTheOthersFindItDone()
    {
        var server = await PostgresServer.SharedAsync();
        var connection = server.ConnectionTo(await server.NewSchemaAsync());
        var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => OpenAsync(connection)))).Patiently();

        Assert.Equal(AgentSchema.Version, await stores[0].ReadAsync(tx => tx.FirstAsync<long>("SELECT version FROM holdfast_schema")));
        Array.ForEach(stores, store => store.Dispose());
    }

    [PostgresFact]
    public async Task AMigrationAndTheWaitForItMayTakeLongerThanAnyStatement()
    {
        var server = await PostgresServer.SharedAsync();
        var connection = server.ConnectionTo(await server.NewSchemaAsync()) + ";Command Timeout=1";
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            await using var one = new NpgsqlConnection(connection);
            await one.OpenAsync();
            await new PostgresSchema("the store", [new Migration(1, 1, "SELECT pg_sleep(2);")]).MigrateAsync(one);
        }))).Patiently();
    }

    [PostgresFact]
    public async Task AServerThatIsNotThereIsWaitedForAndThenRefusedWithTheSetting()
    {
        var began = Stopwatch.StartNew();
        var error = await Assert.ThrowsAsync<StoreRefusedException>(() => PostgresDialect.OpenAsync(
            new PostgresOptions("Host=/nowhere;Database=d;Username=u") { Setting = "--store", StartLimit = TimeSpan.FromSeconds(1) }, NullLogger.Instance));
        Assert.Matches("^PostgreSQL at /nowhere, database d has not answered for 1 s: .* Start it, or correct --store.$", error.Message);
        Assert.True(began.Elapsed >= TimeSpan.FromSeconds(1));
    }

    [PostgresFact]
    public async Task AServerThatComesWhileItIsWaitedForIsTaken()
    {
        await using var server = await PostgresServer.StartAsync();
        await server.StopServerAsync();
        var opening = OpenAsync(server.ConnectionString);
        await server.StartServerAsync();
        (await opening.Patiently()).Dispose();
    }

    [PostgresFact]
    public async Task ARefusedSignInIsSaidAtOnce()
    {
        var server = await PostgresServer.SharedAsync();
        await server.ExecuteAsync("DROP ROLE IF EXISTS with_password; CREATE ROLE with_password LOGIN PASSWORD 'right'; GRANT CREATE ON DATABASE postgres TO with_password; CREATE SCHEMA IF NOT EXISTS of_password AUTHORIZATION with_password");
        var connection = server.ConnectionString.Replace("Username=holdfast", "Username=with_password;Search Path=of_password", StringComparison.Ordinal);

        Assert.Contains("refuses user with_password: 28P01", await RefusedAsync(new PostgresOptions(connection) { Password = "wrong" }), StringComparison.Ordinal);
        Assert.Contains("Give the password in", await RefusedAsync(new PostgresOptions(connection)), StringComparison.Ordinal);
        Assert.Contains("Create the database", await RefusedAsync(new PostgresOptions(connection.Replace("Database=postgres", "Database=none", StringComparison.Ordinal)) { Password = "right" }), StringComparison.Ordinal);
        (await PostgresDialect.OpenAsync(new PostgresOptions(connection) { Password = "right" }, NullLogger.Instance)).Dispose();

        // A token stands for the password, is asked for with each new connection, and one that is refused is said to be one.
        var token = "expired";
        var options = new PostgresOptions(connection) { Token = _ => ValueTask.FromResult(token) };
        Assert.Contains("with a token as the password", await RefusedAsync(options), StringComparison.Ordinal);
        token = "right";
        (await PostgresDialect.OpenAsync(options, NullLogger.Instance)).Dispose();
    }

    [PostgresFact]
    public async Task ADatabaseThatWouldLoseWhatItAcknowledgedOrCannotHoldTextIsRefused()
    {
        var server = await PostgresServer.SharedAsync();
        await server.ExecuteAsync("CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
        await server.ExecuteAsync("CREATE DATABASE lossy");
        await server.ExecuteAsync("ALTER DATABASE lossy SET synchronous_commit = off");
        await server.ExecuteAsync("CREATE ROLE poor LOGIN");
        var connection = server.ConnectionString;

        Assert.Contains("ENCODING 'UTF8'", await RefusedAsync(new PostgresOptions(connection.Replace("=postgres", "=ascii", StringComparison.Ordinal))), StringComparison.Ordinal);
        Assert.Contains("synchronous_commit=off", await RefusedAsync(new PostgresOptions(connection.Replace("=postgres", "=lossy", StringComparison.Ordinal))), StringComparison.Ordinal);
        Assert.Contains("grant it CREATE", await RefusedAsync(new PostgresOptions(connection.Replace("=holdfast", "=poor", StringComparison.Ordinal))), StringComparison.Ordinal);
        Assert.Contains("search_path", await RefusedAsync(new PostgresOptions(connection + ";Search Path=nowhere")), StringComparison.Ordinal);
    }

    private static async Task<AgentStore> OpenAsync(string connection) => new(await PostgresDialect.OpenAsync(new PostgresOptions(connection), NullLogger.Instance));

    private static async Task<string> RefusedAsync(PostgresOptions options) =>
        (await Assert.ThrowsAsync<StoreRefusedException>(() => PostgresDialect.OpenAsync(options, NullLogger.Instance)).Patiently()).Message;
}
