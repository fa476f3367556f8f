using System.Globalization;
using System.Text.Json;

namespace Holdfast.Crash;

/// <summary>
/// kill -9 at random moments under load, over the HTTP API, with the shop's file as judge. HOLDFAST_TORTURE_KILLS sets the number of kills
/// (default 30), HOLDFAST_TORTURE_SEED the moments.
/// </summary>
public sealed class RandomKillTests(ITestOutputHelper output)
{
    internal static readonly (string Agent, string Input)[] Work =
    [
        ("refund-desk", "Please refund order A-1001, it arrived broken."),
        ("refund-desk", "Please refund order A-1002, it arrived broken."),
        ("refund-desk", "hello"),
        ("looper", "go"),
    ];

    [Fact]
    public async Task EveryAcceptedRunEndsAndNothingIsRefundedRepliedOrBoughtTwice()
    {
        var kills = Setting("HOLDFAST_TORTURE_KILLS", 30);
        var random = new Random(Setting("HOLDFAST_TORTURE_SEED", 7));
        using var giveUp = new CancellationTokenSource(TimeSpan.FromSeconds(120 + (kills * 4)), TimeProvider.System);
        await using var host = new HostProcess();
        var shop = new ShopFile(host.DataDirectory);
        var ledger = new Ledger(host.DataDirectory);
        await host.StartAsync();

        var ended = new List<(string Input, JsonElement Run)>();
        using var enough = new CancellationTokenSource();
        var load = Enumerable.Range(0, 12).Select(worker => LoadAsync(worker)).ToList();
        for (var kill = 0; kill < kills; kill++)
        {
            // Real time is the point: a kill that waits for a signal would only ever hit what signals.
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(20, 900)), TimeProvider.System, giveUp.Token);
            await host.KillAsync();
            ledger.Snapshot();
            await host.StartAsync();
        }

        await enough.CancelAsync();
        await Task.WhenAll(load);

        // Or the kills would prove little: under each a few runs were begun, decided or ended.
        Assert.True(ended.Count * 2 > kills, $"Only {ended.Count} runs ended under {kills} kills.");
        var rebought = ledger.Judge();
        foreach (var (input, run) in ended)
        {
            JudgeRun(shop, input, run);
        }

        output.WriteLine($"{kills} kills, {ended.Count} runs ended, {rebought} model calls bought again because a kill hit them.");

        async Task LoadAsync(int worker)
        {
            for (var i = 0; !enough.IsCancellationRequested; i++)
            {
                var (agent, input) = Work[(worker + i) % Work.Length];
                var run = await new Person(host, shop).SeeThroughAsync(agent, input, $"{worker}-{i}", giveUp.Token);
                lock (ended)
                {
                    ended.Add((input, run));
                }
            }
        }
    }

    internal static void JudgeRun(ShopFile shop, string input, JsonElement run)
    {
        var id = run.GetProperty("id").GetString()!;
        Assert.Equal("completed", run.GetProperty("outcome").GetProperty("kind").GetString());
        var expected = input.Contains("refund", StringComparison.Ordinal) ? 1 : 0;
        Assert.Equal(expected, shop.Refunds(id));
        Assert.Equal(expected, shop.Replies(id));
    }

    internal static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
