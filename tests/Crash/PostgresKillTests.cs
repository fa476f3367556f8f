using System.Text.Json;
using Holdfast.Agents.Testing;
using Npgsql;

namespace Holdfast.Crash;

/// <summary>
/// kill -9 of the database server and of the host at random moments under load, with the shop's file as judge. HOLDFAST_TORTURE_SERVER_KILLS
/// sets the number of the server's (default 5, in torture 50), HOLDFAST_TORTURE_SEED the moments.
/// </summary>
public sealed class PostgresKillTests(ITestOutputHelper output)
{
    private static int ServerKills => RandomKillTests.Setting("HOLDFAST_TORTURE_SERVER_KILLS", Environment.GetEnvironmentVariable("HOLDFAST_TORTURE") is null ? 5 : 50);

    [Fact]
    public Task AServerThatIsKilledLosesAndDoublesNothing() => UnderLoadAsync(ServerKills, hostEvery: 0);

    [Fact]
    public Task AHostThatIsKilledOnPostgreSQLLosesAndDoublesNothing() => UnderLoadAsync(ServerKills * 2, hostEvery: 1);

    [Fact]
    public Task ServerAndHostThatAreKilledInTurnLoseAndDoubleNothing() => UnderLoadAsync(ServerKills, hostEvery: 2);

    /// <param name="hostEvery">Each how many-th kill is the host's; the others are the server's. 0 for none.</param>
    private async Task UnderLoadAsync(int kills, int hostEvery)
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, PostgresServer.NotInstalled);
        var random = new Random(RandomKillTests.Setting("HOLDFAST_TORTURE_SEED", 7));
        using var giveUp = new CancellationTokenSource(TimeSpan.FromSeconds(120 + (kills * 8)), TimeProvider.System);
        await using var server = await PostgresServer.StartAsync(durable: true);
        await using var host = new HostProcess(server.ConnectionString);
        var shop = new ShopFile(host.DataDirectory);
        var ledger = new Ledger(() => Open(server));
        await host.StartAsync();

        var ended = new List<(string Input, JsonElement Run)>();
        using var enough = new CancellationTokenSource();
        var load = Enumerable.Range(0, 12).Select(LoadAsync).ToList();
        for (var kill = 1; kill <= kills; kill++)
        {
            // Real time is the point: a kill that waits for a signal would only ever hit what signals.
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(200, 1500)), TimeProvider.System, giveUp.Token);
            if (hostEvery > 0 && kill % hostEvery == 0)
            {
                await host.KillAsync();
                ledger.Snapshot();
                await host.StartAsync();
            }
            else
            {
                await server.KillAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 3000)), TimeProvider.System, giveUp.Token);
                await server.StartServerAsync();
                ledger.Snapshot();
            }
        }

        await enough.CancelAsync();
        await Task.WhenAll(load);
        Assert.True(ended.Count > kills, $"Only {ended.Count} runs ended under {kills} kills.{Environment.NewLine}{host.Output}");
        var lost = ledger.Judge();
        foreach (var (input, run) in ended)
        {
            RandomKillTests.JudgeRun(shop, input, run);
        }

        // A server's kill hits no call of the model: what had to be stored waited until it was. Only a host's kill loses one.
        Assert.True(hostEvery > 0 || lost == 0, $"{lost} model calls were bought again though no host was killed.");
        output.WriteLine($"{kills} kills, {ended.Count} runs ended, {lost} model calls bought again because a kill hit them.");

        async Task LoadAsync(int worker)
        {
            for (var i = 0; !enough.IsCancellationRequested; i++)
            {
                var (agent, input) = RandomKillTests.Work[(worker + i) % RandomKillTests.Work.Length];
                var run = await new Person(host, shop).SeeThroughAsync(agent, input, $"{worker}-{i}", giveUp.Token);
                lock (ended)
                {
                    ended.Add((input, run));
                }
            }
        }
    }

    private static NpgsqlConnection Open(PostgresServer server)
    {
        var connection = new NpgsqlConnection(server.ConnectionString + ";Pooling=false");
        connection.Open();
        return connection;
    }
}
