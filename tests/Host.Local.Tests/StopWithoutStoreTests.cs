using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Holdfast.Agents.Testing;
using Holdfast.Durable.Testing;

namespace Holdfast.Host.Local.Tests;

/// <summary>A host that is told to stop while its database is away: it ends in time, and nothing that it has accepted is lost.</summary>
public sealed class StopWithoutStoreTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task InTheMiddleOfWorkItEndsInTimeAndTheWorkGoesOnAtTheNextStart()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, PostgresServer.NotInstalled);
        await using var server = await PostgresServer.StartAsync(durable: true);
        string run;
        await using (var host = HostProcess.Scripted(scratch.At("data"), out var port, "--store", server.ConnectionString))
        {
            await host.ReadyAsync();
            var holder = HoldAsync(server, "turns");
            using var response = await Http.PostAsJsonAsync($"http://127.0.0.1:{port}/api/runs", new { agent = "refund-desk", input = "hello" });
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
            run = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
            await EndWithoutAsync(server, host, holder);
        }

        await server.StartServerAsync();
        await using var next = HostProcess.Scripted(scratch.At("data"), out var again, "--store", server.ConnectionString);
        await next.ReadyAsync();
        await Patience.UntilAsync(async () => (await Http.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{again}/api/runs/{run}")).GetProperty("status").GetString() == "ended");
    }

    [Fact]
    public async Task InTheMiddleOfItsStartItEndsInTimeAndTheNextStartGoesOn()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, PostgresServer.NotInstalled);
        await using var server = await PostgresServer.StartAsync(durable: true);
        await using (var before = HostProcess.Scripted(scratch.At("data"), out _, "--store", server.ConnectionString))
        {
            await before.ReadyAsync();
            before.Signal("TERM");
            Assert.Equal(0, (await before.EndAsync()).Code);
        }

        var holder = HoldAsync(server, "engines");
        await using (var host = HostProcess.Scripted(scratch.At("data"), out _, "--store", server.ConnectionString))
        {
            await EndWithoutAsync(server, host, holder);
        }

        await server.StartServerAsync();
        await using var next = HostProcess.Scripted(scratch.At("data"), out _, "--store", server.ConnectionString);
        await next.ReadyAsync();
    }

    /// <summary>Holds a table until the server is killed, so that a host comes to a stand at it.</summary>
    private static async Task HoldAsync(PostgresServer server, string table) => await Assert.ThrowsAnyAsync<Exception>(
        () => server.ExecuteAsync($"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(300)"));

    /// <summary>Kills the server once the host waits for what is held, and then tells the host to stop.</summary>
    private static async Task EndWithoutAsync(PostgresServer server, HostProcess host, Task holder)
    {
        await Patience.UntilAsync(async () =>
        {
            try
            {
                await server.ExecuteAsync("DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted) THEN RAISE EXCEPTION 'Nobody waits.'; END IF; END $$");
                return true;
            }
            catch (Exception e) when (e.Message.Contains("Nobody waits", StringComparison.Ordinal))
            {
                return false;
            }
        });
        await server.KillAsync();
        await holder.Patiently();
        host.Signal("TERM");
        var (code, output, errors) = await host.EndAsync().WaitAsync(Bound);
        Assert.True(code == 0, $"It ended with {code}: {errors}{output}");
    }
}
