using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Storage;

/// <summary>What is the database's failure, and what the work's own, on either database.</summary>
public sealed class StoreFailureTests
{
    [Fact]
    public async Task AKeyThatIsThereForGoodIsTheWorksOwnFailure()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))));
        using var store = await desk.Database.OpenAsync(desk.Data, desk.Time);
        await store.WriteAsync(tx => tx.ExecuteAsync("INSERT INTO agents (name, version) VALUES ('name', '1')"));
        foreach (var sql in new[]
        {
            "INSERT INTO agents (name, version) VALUES ('name', '1')", "INSERT INTO agents (name, version) VALUES ('other', NULL)", "UPDATE agents SET nonsense = 1",
        })
        {
            var error = await Assert.ThrowsAnyAsync<Exception>(() => store.WriteAsync(tx => tx.ExecuteAsync(sql)));
            Assert.False(store.Caused(error), $"{sql}: {error.Message}");
        }

        await store.WriteAsync(tx => tx.ExecuteAsync("DELETE FROM agents WHERE name = 'name'"));
    }

    [Fact]
    public async Task AStepWhoseOwnWorkTheDatabaseRefusesPausesItsRunAndIsNotRunForEver()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."), FakeReply.Says("Done."))));
        await desk.TamperAsync("INSERT INTO model_attempts (run, turn, attempt, state, held) SELECT COALESCE(MAX(run), 0) + 1, 1, 1, 'held', 0 FROM runs");
        var broken = await desk.RunAsync();
        var sound = await desk.RunAsync();

        Assert.Equal("paused", (await desk.FindAsync(broken)).Status);
        Assert.Equal("ended", (await desk.FindAsync(sound)).Status);
    }
}
