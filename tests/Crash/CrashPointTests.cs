using Holdfast.Durable.Embedded;

namespace Holdfast.Crash;

/// <summary>
/// Kills the host at every named point between two durable steps of the engine, and proves that each was hit. HOLDFAST_TORTURE_SEEDS times
/// over (default 1), each time one passing of the point later.
/// </summary>
public sealed class CrashPointTests
{
    public static TheoryData<string> Points => [.. EngineCrashPoints.All];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task AKillThereLosesNothingAndDoublesNothing(string point)
    {
        for (var passing = 1; passing <= RandomKillTests.Setting("HOLDFAST_TORTURE_SEEDS", 1); passing++)
        {
            await KillAtAsync(point, passing);
        }
    }

    private static async Task KillAtAsync(string point, int passing)
    {
        using var giveUp = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        await using var host = new HostProcess();
        var shop = new ShopFile(host.DataDirectory);
        var ledger = new Ledger(host.DataDirectory);
        await host.StartAsync($"{point}:{passing}");

        (string Agent, string Input)[] work =
        [
            ("refund-desk", "Please refund order A-1001, it arrived broken."),
            ("refund-desk", "Please refund order A-1002, it arrived broken."),
            ("looper", "go"),
            ("flaky", "go"),
        ];
        work = [.. Enumerable.Repeat(work, passing).SelectMany(one => one)];
        var runs = work.Select((one, i) => new Person(host, shop).SeeThroughAsync(one.Agent, one.Input, $"key-{i}", giveUp.Token)).ToList();
        await host.EndsAsKilledAsync(point, giveUp.Token);
        ledger.Snapshot();
        await host.StartAsync();

        foreach (var (one, run) in work.Zip(await Task.WhenAll(runs)))
        {
            RandomKillTests.JudgeRun(shop, one.Input, run);
        }

        ledger.Judge();
    }
}
