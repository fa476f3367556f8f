using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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
        Assert.Null(unsaid.TargetSessionAttributes);
        Assert.Equal("read-write", new PostgresOptions("Host=localhost,127.0.0.1;Database=d;Username=u").Read().TargetSessionAttributes);
        Assert.Equal("any", new PostgresOptions("Host=localhost,127.0.0.1;Database=d;Username=u;Target Session Attributes=any").Read().TargetSessionAttributes);
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
        var options = new PostgresOptions(server.ConnectionTo(await server.NewSchemaAsync()))
        {
            StatementTimeout = TimeSpan.FromSeconds(1), LockTimeout = TimeSpan.FromSeconds(1), Migrations = [new Migration(1, 1, "SELECT pg_sleep(2);")],
        };
        var settings = options.Read();
        settings.CommandTimeout = 1;
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            await using var one = new NpgsqlConnection(settings.ConnectionString);
            await one.OpenAsync();
            await new PostgresSchema("the store", options, NullLogger.Instance).MigrateAsync(one, CancellationToken.None);
        }))).Patiently();
    }

    [PostgresFact]
    public async Task AHostThatWaitsForTheMigrationOfAnotherSaysSoAndEndsWhenItIsTold()
    {
        var server = await PostgresServer.SharedAsync();
        var connection = server.ConnectionTo(await server.NewSchemaAsync());
        await using var another = new NpgsqlConnection(connection);
        await another.OpenAsync(TestContext.Current.CancellationToken);
        await using var hold = new NpgsqlCommand("SELECT pg_advisory_lock(1212370980, hashtext(current_schema()))", another);
        await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        using var stopping = new CancellationTokenSource();
        var said = new Said();
        var opening = PostgresDialect.OpenAsync(new PostgresOptions(connection), said, stopping.Token);
        await Patience.UntilAsync(() => Task.FromResult(said.Informations.Any(line => line.Contains("another host brings the tables to its version", StringComparison.Ordinal))));
        await stopping.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [PostgresFact]
    public async Task AHostEndsInTheMiddleOfItsOwnMigrationWhenItIsTold()
    {
        var server = await PostgresServer.SharedAsync();
        using var stopping = new CancellationTokenSource();
        var options = new PostgresOptions(server.ConnectionTo(await server.NewSchemaAsync())) { Migrations = [new Migration(1, 1, "SELECT pg_sleep(60) AS of_the_stopped;")] };
        var opening = PostgresDialect.OpenAsync(options, NullLogger.Instance, stopping.Token);
        await using var look = new NpgsqlConnection(server.ConnectionString);
        await look.OpenAsync(TestContext.Current.CancellationToken);
        await using var at = new NpgsqlCommand("SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60) AS of_the_stopped%'", look);
        await Patience.UntilAsync(async () => (long)(await at.ExecuteScalarAsync())! > 0);
        await stopping.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [PostgresFact]
    public async Task AUserThatMayMakeNoTablesStartsWhereTheyAreThere()
    {
        var (server, schema, one, _) = await WithUsersAsync();
        (await PostgresDialect.OpenAsync(one, NullLogger.Instance)).Dispose();
        await server.ExecuteAsync($"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC");

        (await PostgresDialect.OpenAsync(one, NullLogger.Instance)).Dispose();
    }

    [PostgresFact]
    public async Task ASecondUserIsToldWhomTheTablesBelongToAndWhatItMakesBelongsToThatOneToo()
    {
        var (server, schema, one, two) = await WithUsersAsync();
        (await PostgresDialect.OpenAsync(one, NullLogger.Instance)).Dispose();
        var message = await RefusedAsync(two);
        Assert.Contains($"Its tables belong to role one-{schema}. As an administrator: GRANT \"one-{schema}\" TO \"two-{schema}\";", message, StringComparison.Ordinal);
        Assert.Contains($"set Options=-c role=one-{schema} in --store", message, StringComparison.Ordinal);

        // As it is told to.
        await server.ExecuteAsync($"GRANT \"one-{schema}\" TO \"two-{schema}\"");
        var next = new Migration(AgentSchema.Version + 1, 2, "CREATE TABLE moods (mood TEXT) STRICT; ALTER TABLE runs ADD COLUMN mood TEXT;");
        var later = new Migration(AgentSchema.Version + 2, 2, "CREATE TABLE tempers (temper TEXT) STRICT;");
        (await PostgresDialect.OpenAsync(two with { Migrations = [.. AgentSchema.Migrations, next] }, NullLogger.Instance)).Dispose();
        var roled = two with { ConnectionString = $"{two.ConnectionString};Options=-c role=one-{schema}", Migrations = [.. AgentSchema.Migrations, next, later] };
        (await PostgresDialect.OpenAsync(roled, NullLogger.Instance)).Dispose();
        using var store = new AgentStore(await PostgresDialect.OpenAsync(one, NullLogger.Instance));
        Assert.Equal([$"one-{schema}"], await store.ReadAsync(tx => tx.ListAsync<string>("SELECT DISTINCT tableowner::TEXT FROM pg_tables WHERE schemaname = current_schema()")));
        await store.WriteAsync(tx => tx.ExecuteAsync("INSERT INTO moods VALUES ('good'); INSERT INTO tempers VALUES ('even')"));
    }

    [PostgresFact]
    public async Task AnIdentityThatGivesNoTokenIsSaidWithItsCauseAndTheSettings()
    {
        await using var server = await PostgresServer.StartAsync();
        await server.ExecuteAsync("CREATE ROLE with_password LOGIN PASSWORD 'right'; GRANT CREATE ON SCHEMA public TO with_password");
        var cause = new InvalidOperationException("ManagedIdentityCredential authentication unavailable");
        var given = true;
        var options = new PostgresOptions(server.ConnectionString.Replace("=holdfast", "=with_password", StringComparison.Ordinal))
        {
            TokenRemedy = "Correct AZURE_CLIENT_ID.", StartLimit = TimeSpan.FromSeconds(1), Token = _ => Volatile.Read(ref given) ? ValueTask.FromResult("right") : throw cause,
        };
        using var store = new AgentStore(await PostgresDialect.OpenAsync(options, NullLogger.Instance));
        Volatile.Write(ref given, false);
        var said = new Said();
        var error = await Assert.ThrowsAsync<StoreRefusedException>(() => PostgresDialect.OpenAsync(options, said)).Patiently();
        Assert.EndsWith("has not answered for 1 s: there is no token for the sign-in: ManagedIdentityCredential authentication unavailable. Correct AZURE_CLIENT_ID.", error.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be signed in to: there is no token for the sign-in: ManagedIdentityCredential authentication unavailable. The start waits", said.Warnings[0], StringComparison.Ordinal);

        // Nor where it gave one before.
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.WriteAsync(tx => tx.ExecuteAsync("SELECT pg_terminate_backend(pg_backend_pid())"), refusable: true)).Patiently();
        await Patience.UntilAsync(() => Task.FromResult(
            store.Away?.EndsWith("cannot be signed in to: there is no token for the sign-in: ManagedIdentityCredential authentication unavailable.", StringComparison.Ordinal) == true));
        Volatile.Write(ref given, true);
        await Patience.UntilAsync(() => Task.FromResult(store.Away is null));
    }

    [Theory]
    [InlineData(true, "The remote certificate")]
    [InlineData(false, "")]
    public async Task AServerThatNobodyVouchesForIsRefusedAtOnceWithTheRemedy(bool withCertificate, string cause)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var stopping = new CancellationTokenSource();
        var serving = ServeAsync(listener, withCertificate, stopping.Token);
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var message = await RefusedAsync(new PostgresOptions($"Host=localhost;Port={port};Database=d;Username=u;Password=p;SSL Mode=VerifyFull"));

        Assert.Contains($"refuses user u: {cause}", message, StringComparison.Ordinal);
        Assert.EndsWith(". Check the server's certificate, its name in it, and Root Certificate in --store.", message, StringComparison.Ordinal);
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving).Patiently();
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
        await server.ExecuteAsync("DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN");
        var connection = server.ConnectionString;

        Assert.Contains("ENCODING 'UTF8', and name it in --store", await RefusedAsync(new PostgresOptions(connection.Replace("=postgres", "=ascii", StringComparison.Ordinal))), StringComparison.Ordinal);
        Assert.Contains("take it out of Options in --store", await RefusedAsync(new PostgresOptions(connection.Replace("=postgres", "=lossy", StringComparison.Ordinal))), StringComparison.Ordinal);
        Assert.Contains("grant it CREATE", await RefusedAsync(new PostgresOptions(connection.Replace("=holdfast", "=poor", StringComparison.Ordinal))), StringComparison.Ordinal);
        Assert.Contains("correct Search Path in --store", await RefusedAsync(new PostgresOptions(connection + ";Search Path=nowhere")), StringComparison.Ordinal);
    }

    private static async Task<AgentStore> OpenAsync(string connection) => new(await PostgresDialect.OpenAsync(new PostgresOptions(connection), NullLogger.Instance));

    private static async Task<string> RefusedAsync(PostgresOptions options) =>
        (await Assert.ThrowsAsync<StoreRefusedException>(() => PostgresDialect.OpenAsync(options with { Setting = "--store" }, NullLogger.Instance)).Patiently()).Message;

    /// <summary>A schema in which two users may make tables.</summary>
    private static async Task<(PostgresServer Server, string Schema, PostgresOptions One, PostgresOptions Two)> WithUsersAsync()
    {
        var server = await PostgresServer.SharedAsync();
        var schema = await server.NewSchemaAsync();
        await server.ExecuteAsync($"CREATE ROLE \"one-{schema}\" LOGIN; CREATE ROLE \"two-{schema}\" LOGIN; GRANT USAGE, CREATE ON SCHEMA {schema} TO PUBLIC");
        return (server, schema, Of("one"), Of("two"));

        PostgresOptions Of(string user) => new(server.ConnectionTo(schema).Replace("=holdfast", $"={user}-{schema}", StringComparison.Ordinal));
    }

    /// <summary>A server that says yes to TLS, and then gives a certificate of its own making, or none.</summary>
    private static async Task ServeAsync(TcpListener listener, bool withCertificate, CancellationToken stopping)
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        while (true)
        {
            using var client = await listener.AcceptTcpClientAsync(stopping);
            try
            {
                await using var stream = client.GetStream();
                await stream.ReadExactlyAsync(new byte[8], stopping); // an SSLRequest
                stream.WriteByte((byte)'S');
                if (!withCertificate)
                {
                    await stream.ReadAtLeastAsync(new byte[1 << 16], 5, cancellationToken: stopping); // its hello
                    await stream.WriteAsync(new byte[] { 21, 3, 3, 0, 2, 2, 40 }, stopping); // the alert handshake_failure
                    await stream.ReadExactlyAsync(new byte[1 << 16], stopping);
                }

                await using var secured = new SslStream(stream);
                await secured.AuthenticateAsServerAsync(certificate);
                await secured.ReadExactlyAsync(new byte[1 << 16], stopping);
            }
            catch (Exception e) when (e is IOException or AuthenticationException)
            {
                // It was hung up on, as it should be.
            }
        }
    }
}
