using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Holdfast.Agents.Testing;

namespace Holdfast.Host.Local.Tests;

/// <summary>
/// infra-bicep/hooks/database-role.sh and the operator's lines of docs/running-on-functions.md over a real PostgreSQL, with an administrator
/// who is no superuser as in Azure. The Azure CLI and the function that makes a role of Entra's are played; TLS and the firewall are not in it.
/// </summary>
public sealed partial class CloudDatabaseTests : IAsyncLifetime
{
    private static readonly string Root = FindRoot();

    private readonly Scratch scratch = new();
    private PostgresServer? server;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, PostgresServer.NotInstalled);
        Play("az", "case \"$*\" in *get-access-token*) echo a-token ;; esac");
        Play("host", $"HOLDFAST_STORE=$(printf %s \"${{HOLDFAST_STORE:-}}\" | sed 's/SSL Mode=VerifyFull;//') exec dotnet '{HostProcess.Program}' \"$@\""); // no TLS on a socket
        server = await PostgresServer.StartAsync();
        await server.ExecuteAsync("CREATE ROLE administrator LOGIN CREATEROLE CREATEDB");
        await server.ExecuteAsync("""
            CREATE FUNCTION pgaadauth_create_principal_with_oid(role text, object text, kind text, admin boolean, mfa boolean) RETURNS text LANGUAGE plpgsql AS
            $$ BEGIN EXECUTE format('CREATE ROLE %I LOGIN', role); RETURN 'Created role for ' || role; END $$
            """);
        await server.ExecuteAsync("CREATE DATABASE app OWNER administrator");
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        scratch.Dispose();
    }

    [Fact]
    public async Task WhatAnOperatorMakesInTheCloudBelongsToTheApp()
    {
        Assert.Equal(0, (await HookAsync("")).Code);
        var (code, key, said) = await HookAsync($"run {Line("database-role.sh run", "keys add ")}");
        Assert.True(code == 0, said);
        Assert.StartsWith("hf_", key, StringComparison.Ordinal);
        Assert.Equal("id-demo", await AskAsync("app", "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"));
        Assert.Contains(" me ", (await HookAsync($"run {Line("database-role.sh run", "keys list")}")).Output, StringComparison.Ordinal);
        Assert.Contains("No engine has served this store yet.", (await HookAsync($"run {Line("database-role.sh run", "engines list")}")).Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheHookMayRunAgain()
    {
        Assert.Equal((0, "", "id-demo may use the database app.\n"), await HookAsync(""));
        Assert.Equal((0, "", "id-demo may use the database app.\n"), await HookAsync(""));
    }

    [Fact]
    public async Task ADatabaseThatBelongsToSomebodyElseIsToldWithItsOwner()
    {
        await server!.ExecuteAsync("CREATE DATABASE earlier");
        await server.ExecuteAsync("REVOKE CONNECT, TEMPORARY ON DATABASE earlier FROM PUBLIC; GRANT CONNECT ON DATABASE earlier TO administrator");
        var (code, _, said) = await HookAsync("", database: "earlier");
        Assert.Equal(1, code);
        Assert.Contains("id-demo may not make its tables in earlier: the database belongs to holdfast; its schema public belongs to pg_database_owner, and administrator can give no right", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnAdministratorWhoMayNotBecomeTheRoleIsToldAndTheAppIsNotHeldUp()
    {
        // As it would be were the role made by a superuser of Azure's, to whom alone it belongs.
        await server!.ExecuteAsync("CREATE ROLE \"id-demo\" LOGIN; ALTER ROLE administrator NOCREATEROLE");
        var (code, _, said) = await HookAsync("");
        Assert.Equal(0, code);
        Assert.Contains("administrator could not be made a member of id-demo, so 'database-role.sh run' will be refused. The app does not need it.\n", said, StringComparison.Ordinal);
        Assert.EndsWith("id-demo may use the database app.\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheLaptopsLineMakesAKey()
    {
        await server!.ExecuteAsync("CREATE ROLE postgres SUPERUSER LOGIN");
        await server.ExecuteAsync("CREATE DATABASE holdfast");
        var line = Line("HOLDFAST_STORE_PASSWORD=laptop", "keys add ").Replace("Host=localhost;", $"Host={server.Socket};", StringComparison.Ordinal);
        Assert.Contains(" --store ", line, StringComparison.Ordinal);
        var (code, key, said) = await ShellAsync(line);
        Assert.True(code == 0, said);
        Assert.StartsWith("hf_", key, StringComparison.Ordinal);
    }

    private void Play(string name, string script)
    {
        File.WriteAllText(scratch.At(name), $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(scratch.At(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public async Task AnInstanceWithOneConnectionServesManyRunsAtOnce()
    {
        var port = HostProcess.FreePort();
        await using var host = HostProcess.Start(HostProcess.Args(scratch.At("data"), port, "--store", $"{server!.ConnectionString};Maximum Pool Size=1"));
        await host.ReadyAsync();
        using var http = new HttpClient();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/api/runs") { Content = JsonContent.Create(new { agent = "refund-desk", input = "hello" }) };
            request.Headers.Add("Prefer", "wait=30");
            using var response = await http.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }));
    }

    /// <summary>The command of the document, with the tests' host in place of the example's.</summary>
    private string Line(string before, string words)
    {
        var line = File.ReadLines(Path.Combine(Root, "docs/running-on-functions.md"))
            .Single(line => line.Contains($"{before} ./build.sh run -- {words}", StringComparison.Ordinal));
        return Command().Match(line).Value.Replace("./build.sh run --", scratch.At("host"), StringComparison.Ordinal);
    }

    private Task<(int Code, string Output, string Said)> HookAsync(string arguments, string database = "app") =>
        ShellAsync($"'{Path.Combine(Root, "infra-bicep/hooks/database-role.sh")}' {arguments}", new Dictionary<string, string>
        {
            ["HOLDFAST_DATABASE"] = database,
            ["HOLDFAST_DATABASE_ADMINISTRATOR"] = "administrator",
            ["HOLDFAST_DATABASE_HOST"] = server!.Socket,
            ["HOLDFAST_DATABASE_ROLE"] = "id-demo",
            ["HOLDFAST_DATABASE_ROLE_OBJECT"] = "0001",
            ["HOLDFAST_DATABASE_SERVER"] = "/subscriptions/s/server",
            ["HOLDFAST_IDENTITY"] = "keys",
            ["PATH"] = $"{scratch.Path}:{Environment.GetEnvironmentVariable("PATH")}",
        });

    private async Task<(int Code, string Output, string Said)> ShellAsync(string command, IReadOnlyDictionary<string, string>? variables = null)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", command])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = scratch.Path,
        };
        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var said = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await said);
    }

    private async Task<string> AskAsync(string database, string sql) =>
        (await ShellAsync($"psql --no-psqlrc --tuples-only --no-align --host '{server!.Socket}' --username holdfast --dbname {database} --command \"{sql}\"")).Output.Trim();

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }

    // Without the variable that takes what it says, and the hook that runs it.
    [GeneratedRegex(@"(HOLDFAST_STORE_PASSWORD=\w+ )?\./build\.sh run -- [^)\n]+")]
    private static partial Regex Command();
}
