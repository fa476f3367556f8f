using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Holdfast.Agents.Testing;
using Holdfast.Durable.Testing;

namespace Holdfast.Host.Local.Tests;

/// <summary>A host whose runs are in PostgreSQL, started with --store.</summary>
public sealed class PostgresTests : IDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task RunsOutliveTheHostAndADatabaseThatIsAwayAtItsStartIsWaitedFor()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, PostgresServer.NotInstalled);
        await using var server = await PostgresServer.StartAsync();
        string? run;
        await using (var host = HostProcess.Scripted(scratch.At("data"), out var before, "--store", server.ConnectionString))
        {
            Assert.Contains("Store: PostgreSQL at", await host.ReadyAsync(), StringComparison.Ordinal);
            run = await StartAsync(before, HttpStatusCode.OK);
            host.Signal("TERM");
            Assert.Equal(0, (await host.EndAsync()).Code);
        }

        Assert.Empty(Directory.GetFiles(scratch.At("data"), "agents.db*"));
        await server.StopServerAsync();
        var port = HostProcess.FreePort();
        await using var next = HostProcess.Start(HostProcess.Args(scratch.At("data"), port), new Dictionary<string, string> { ["HOLDFAST_STORE"] = server.ConnectionString });
        await UntilAsync(port, "live", HttpStatusCode.OK);
        await UntilAsync(port, "ready", HttpStatusCode.ServiceUnavailable);
        await StartAsync(port, HttpStatusCode.ServiceUnavailable);

        await server.StartServerAsync();
        Assert.Contains("Ready at", await next.ReadyAsync(), StringComparison.Ordinal);
        var found = await Http.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{port}/api/runs/{run}");
        Assert.Equal("ended", found.GetProperty("status").GetString());
        next.Signal("TERM");
        Assert.Contains("does not answer", (await next.EndAsync()).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhileTheDatabaseIsAwayTheHostRefusesAndAfterwardsGoesOn()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, PostgresServer.NotInstalled);
        await using var server = await PostgresServer.StartAsync(durable: true);
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port, "--store", server.ConnectionString);
        await host.ReadyAsync();
        await server.KillAsync();

        await StartAsync(port, HttpStatusCode.ServiceUnavailable);
        await UntilAsync(port, "ready", HttpStatusCode.ServiceUnavailable);
        await UntilAsync(port, "live", HttpStatusCode.OK);

        await server.StartServerAsync();
        await UntilAsync(port, "ready", HttpStatusCode.OK);
        await StartAsync(port, HttpStatusCode.OK);
        await server.KillAsync();
        host.Signal("TERM"); // and it stops without its database too
        Assert.Equal(0, (await host.EndAsync()).Code);
    }

    [Fact]
    public async Task AHostThatWaitsForItsDatabaseStopsWhenItIsTold()
    {
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port, "--store", "Host=/nowhere;Database=d;Username=u");
        await UntilAsync(port, "live", HttpStatusCode.OK);
        host.Signal("TERM");

        Assert.Equal(0, (await host.EndAsync()).Code);
    }

    [Theory]
    [InlineData("postgres", "is neither sqlite nor a connection string. Give one of them: Host=…;Database=…;Username=….")]
    [InlineData("hush", "is neither sqlite nor a connection string.")]
    [InlineData("postgresql://holdfast:hush@db/holdfast", "is an address. Write it as a connection string: Host=SERVER;Port=5432;Database=NAME;Username=USER, with the password in HOLDFAST_STORE_PASSWORD.")]
    [InlineData("postgres://holdfast:hush@db/holdfast?sslmode=require", "is an address. Write it as a connection string:")]
    [InlineData("Host=10.0.0.4;Database=d;Username=u;Password=hush", "Add SSL Mode=VerifyFull")]
    [InlineData("Host=localhost;Nonsense=1;Password=hush", "is not a connection string")]
    public async Task AStoreThatCannotBeIsRefusedWithTheSettingAndWithoutThePassword(string store, string words)
    {
        await using var host = HostProcess.Start(HostProcess.Args(scratch.At("data"), HostProcess.FreePort()), new Dictionary<string, string> { ["HOLDFAST_STORE"] = store });
        var (code, output, errors) = await host.EndAsync();

        Assert.Equal(2, code);
        Assert.StartsWith("--store (HOLDFAST_STORE)", errors, StringComparison.Ordinal);
        Assert.Contains(words, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", errors + output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--store", "Host=/nowhere;Database=d;Username=u;Password=hush")]
    [InlineData("--store=Host=/nowhere;Username=u;pwd=hush")]
    [InlineData("--store", "Host=/nowhere;SSL Password='hush'")]
    [InlineData("--store", "Password=hush;=")]
    [InlineData("keys", "list", "--store", "Host=/nowhere;PASSWORD=hush")]
    public async Task APasswordAsAnOptionIsRefusedBecauseEverybodySeesIt(params string[] args)
    {
        await using var host = HostProcess.Start(args);
        var (code, output, errors) = await host.EndAsync();

        Assert.Equal(2, code);
        Assert.Contains("--store has a password, and a process's options are seen by everyone on its machine. Take it out and set HOLDFAST_STORE_PASSWORD", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", errors + output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData()]
    [InlineData("keys", "list")]
    public async Task APasswordInTheConnectionStringStandsInNoLineOfAHostOrACommand(params string[] command)
    {
        // What is said names the place, so the canary is in that, too.
        var store = new Dictionary<string, string> { ["HOLDFAST_STORE"] = "Host=/canary-4711;Database=canary-4712;Username=u;Password=canary-4711;SSL Password=canary-4712" };
        await using var host = HostProcess.Start(command.Length > 0 ? [.. command, "--data", scratch.At("data")] : HostProcess.Args(scratch.At("data"), HostProcess.FreePort()), store);

        var said = await host.SaysAsync("The start waits for it");

        Assert.Contains("PostgreSQL at /secret, database secret does not answer", said, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACommandThatCannotBeginSaysWhyWithoutThePassword()
    {
        await using var command = HostProcess.Start(["keys", "list"], new Dictionary<string, string> { ["HOLDFAST_STORE"] = "Host=canary-4711;Database=d;Username=u;Password=canary-4711" });
        var (code, output, errors) = await command.EndAsync();

        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("--store (HOLDFAST_STORE) reaches secret, which is another machine", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ThePasswordMayStandInAVariableAndAWrongOneIsSaidAtOnce()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, PostgresServer.NotInstalled);
        await using var server = await PostgresServer.StartAsync();
        await server.ExecuteAsync("CREATE ROLE with_password LOGIN SUPERUSER PASSWORD 'hush'");
        var store = server.ConnectionString.Replace("=holdfast", "=with_password", StringComparison.Ordinal);
        await using (var refused = Start(store, "wrong"))
        {
            var (code, _, errors) = await refused.EndAsync();
            Assert.Equal(1, code);
            Assert.Contains("refuses user with_password: 28P01", errors, StringComparison.Ordinal);
            Assert.Contains("--store (HOLDFAST_STORE)", errors, StringComparison.Ordinal);
        }

        await using var host = Start(store, "hush");
        Assert.DoesNotContain("hush", await host.ReadyAsync(), StringComparison.Ordinal);
    }

    private HostProcess Start(string store, string password) => HostProcess.Start(
        HostProcess.Args(scratch.At("data"), HostProcess.FreePort(), "--store", store), new Dictionary<string, string> { ["HOLDFAST_STORE_PASSWORD"] = password });

    /// <summary>Asks for a run and its end.</summary>
    private static async Task<string?> StartAsync(int port, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/api/runs") { Content = JsonContent.Create(new { agent = "refund-desk", input = "hello" }) };
        request.Headers.Add("Prefer", "wait=20");
        using var response = await Http.SendAsync(request);
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal(expected == HttpStatusCode.ServiceUnavailable, response.Headers.RetryAfter is not null);
        return expected == HttpStatusCode.OK ? (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString() : null;
    }

    private static Task UntilAsync(int port, string health, HttpStatusCode expected) => Patience.UntilAsync(async () =>
    {
        try
        {
            using var response = await Http.GetAsync($"http://127.0.0.1:{port}/health/{health}");
            return response.StatusCode == expected;
        }
        catch (HttpRequestException)
        {
            return false; // it does not listen yet
        }
    });
}
