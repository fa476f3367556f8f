using Holdfast.Agents.Engines;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Engines;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class TwoStoresTests
{
    [Fact]
    public async Task AnEngineThatWasRestoredAloneIsAStartError()
    {
        var (desk, _, _, _, _) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.StopAbruptlyAsync();
        var backup = Directory.CreateTempSubdirectory("holdfast-backup-").FullName;
        CopyEngine(desk.Data, backup);
        await desk.ReopenAsync();
        await desk.StopAbruptlyAsync();
        DeleteEngine(desk);
        CopyEngine(backup, desk.Data);
        Directory.Delete(backup, recursive: true);

        await ApartAsync(desk, "engine.db was restored alone");
    }

    [Fact]
    public async Task AStoreThatWasRestoredAloneIsAStartError()
    {
        var (desk, _, _, _, _) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.StopAbruptlyAsync();
        await desk.Database.BackUpAsync(desk.Data);
        await desk.ReopenAsync();
        await desk.StopAbruptlyAsync();
        await desk.Database.RestoreAsync(desk.Data);

        Assert.Matches($"{desk.Database.Name}.*was restored alone", await ApartAsync(desk, "was restored alone"));
    }

    [Fact]
    public async Task AnEngineThatIsMissingIsAStartError()
    {
        var (desk, _, _, _, _) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.StopAbruptlyAsync();
        DeleteEngine(desk);

        await ApartAsync(desk, "Its engine.db is missing");
    }

    [Fact]
    public async Task AStoreThatIsMissingIsAStartError()
    {
        var (desk, _, _, _, _) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.StopAbruptlyAsync();
        await desk.Database.DeleteAsync(desk.Data);

        await ApartAsync(desk, "the agent store has never seen it");
    }

    [Fact]
    public async Task AnEngineThatIsMissingIsFoundAmongSeveral()
    {
        var (desk, _, _, _, _) = await Given.AskedAsync();
        await using var owned = desk;
        await desk.TamperAsync("INSERT INTO engines (id, location, epoch, holder, heartbeat) VALUES ('', 'elsewhere', 1, '', 0)");
        await desk.StopAbruptlyAsync();
        DeleteEngine(desk);

        await ApartAsync(desk, "Its engine.db is missing");
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

    /// <summary>Both are named, for a person to know what to restore.</summary>
    private static async Task<string> ApartAsync(RunHarness desk, string words)
    {
        var error = await Assert.ThrowsAsync<StoresApartException>(() => desk.ReopenAsync());
        Assert.Contains("engine.db", error.Message, StringComparison.Ordinal);
        Assert.Contains(desk.Database.Name, error.Message, StringComparison.Ordinal);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        return error.Message;
    }

    private static void CopyEngine(string from, string to)
    {
        foreach (var name in new[] { "engine.db", "engine.db-wal" }.Where(name => File.Exists(Path.Combine(from, name))))
        {
            File.Copy(Path.Combine(from, name), Path.Combine(to, name));
        }
    }

    private static void DeleteEngine(RunHarness desk)
    {
        foreach (var path in Directory.GetFiles(desk.Data, "engine.db*"))
        {
            File.Delete(path);
        }
    }
}
