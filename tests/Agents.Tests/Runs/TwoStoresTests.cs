using Holdfast.Agents.Engines;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Engines;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class TwoStoresTests
{
    [Theory]
    [InlineData("engine.db")]
    [InlineData("agents.db")]
    public async Task AStoreThatWasRestoredAloneIsAStartError(string restored)
    {
        var (desk, _, _, _, _) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.StopAbruptlyAsync();
        var backup = Directory.CreateTempSubdirectory("holdfast-backup-").FullName;
        Copy(restored, desk.Data, backup);
        await desk.ReopenAsync();
        await desk.StopAbruptlyAsync();
        Delete(desk, restored);
        Copy(restored, backup, desk.Data);
        Directory.Delete(backup, recursive: true);

        var error = await Assert.ThrowsAsync<StoresApartException>(() => desk.ReopenAsync());
        Assert.Contains("engine.db", error.Message, StringComparison.Ordinal);
        Assert.Contains("agents.db", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{restored} was restored alone", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("engine.db")]
    [InlineData("agents.db")]
    public async Task AStoreThatIsMissingIsAStartError(string missing)
    {
        var (desk, _, _, _, _) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.StopAbruptlyAsync();
        Delete(desk, missing);

        var error = await Assert.ThrowsAsync<StoresApartException>(() => desk.ReopenAsync());
        Assert.Contains("engine.db", error.Message, StringComparison.Ordinal);
        Assert.Contains("agents.db", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEngineThatIsMissingIsFoundAmongSeveral()
    {
        var (desk, _, _, _, _) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.TamperAsync("INSERT INTO engines (rowid, id, location, epoch, holder, heartbeat) VALUES (0, '', 'elsewhere', 1, '', 0)");
        await desk.StopAbruptlyAsync();
        Delete(desk, "engine.db");

        var error = await Assert.ThrowsAsync<StoresApartException>(() => desk.ReopenAsync());
        Assert.Contains("Its engine.db is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACopiedDataDirectoryIsAStartErrorThatNamesBoth()
    {
        var (desk, _, _, _, _) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.StopAbruptlyAsync();
        var (original, copy) = (desk.Data, Directory.CreateTempSubdirectory("holdfast-copy-").FullName);
        foreach (var file in Directory.GetFiles(original))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        var error = await Assert.ThrowsAsync<StoresApartException>(() => desk.ReopenAsync(copy));
        Assert.Contains(original, error.Message, StringComparison.Ordinal);
        Assert.Contains(copy, error.Message, StringComparison.Ordinal);
        Directory.Delete(original, recursive: true);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task AKillBetweenTheCountsOfAStartIsNoStartError(int steps)
    {
        var (desk, _, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.TamperAsync("UPDATE engines SET next_epoch = epoch + 1"); // the store noted the next count
        for (var i = 0; i < steps; i++)
        {
            await desk.Engine.AdvanceEpochAsync(); // the engine took it
        }

        await desk.RestartAsync();
        await desk.RestartAsync();
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }

    [Theory]
    [InlineData(AgentCrashPoints.EpochNoted)]
    [InlineData(AgentCrashPoints.EpochMarked)]
    public async Task AStartThatIsKilledThereAgainAndAgainIsNoStartError(string point)
    {
        var (desk, _, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        for (var kill = 0; kill < 3; kill++)
        {
            await Assert.ThrowsAsync<KilledException>(() => desk.RestartAsync(deployment => deployment with { Options = new() { CrashPoint = Desks.DyingAt(point) } }));
        }

        await desk.RestartAsync(deployment => deployment with { Options = new() });
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }

    [Fact]
    public async Task AProcessWhoseEngineAnotherHoldsBeginsNothingMoreAndSaysSo()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.TamperAsync("UPDATE engines SET holder = 'another'");
        await desk.DecideAsync(approval.Id, "approve");
        await desk.SettleAsync();

        Assert.Contains("held by another process", (await desk.System.Failed).Message, StringComparison.Ordinal);
        Assert.Empty(refund.Requests);
        Assert.NotEqual("ended", (await desk.FindAsync(run)).Status);

        await desk.RestartAsync();
        await desk.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }

    private static void Copy(string file, string from, string to)
    {
        foreach (var name in new[] { file, file + "-wal" }.Where(name => File.Exists(Path.Combine(from, name))))
        {
            File.Copy(Path.Combine(from, name), Path.Combine(to, name));
        }
    }

    private static void Delete(RunHarness desk, string file)
    {
        foreach (var path in Directory.GetFiles(desk.Data, file + "*"))
        {
            File.Delete(path);
        }
    }
}
