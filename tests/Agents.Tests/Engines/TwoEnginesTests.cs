using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Xunit;

namespace Holdfast.Agents.Tests.Engines;

/// <summary>Two engines on one agent store, as a release stands beside the next.</summary>
public sealed class TwoEnginesTests : IAsyncLifetime
{
    private readonly (Deployment Deployment, FakeTool Refund) one = Desks.Refunding();
    private readonly (Deployment Deployment, FakeTool Refund) other = Desks.Refunding();
    private SharedStore shared = null!;
    private RunHarness here = null!;
    private RunHarness there = null!;

    public async ValueTask InitializeAsync()
    {
        shared = await SharedStore.NewAsync();
        here = await RunHarness.StartAsync(one.Deployment, shared);
        there = await RunHarness.StartAsync(other.Deployment, shared);
    }

    public async ValueTask DisposeAsync()
    {
        await here.DisposeAsync();
        await there.DisposeAsync();
        shared.Dispose();
    }

    [Fact]
    public async Task ADecisionAtOneReachesARunOfTheOtherWithItsNextSweep()
    {
        var run = await there.RunAsync();
        await here.DecideAsync((await here.PendingAsync(run)).Single().Id, "approve");
        await SettleAsync();
        await here.System.SweepNowAsync(); // which sees to its own only
        await SettleAsync();
        Assert.Empty(other.Refund.Requests);

        await there.System.SweepNowAsync();
        await SettleAsync();
        Assert.Equal("ended", (await here.FindAsync(run)).Status);
        Assert.Equal((0, 1), (one.Refund.Requests.Count, other.Refund.Requests.Count));
    }

    [Fact]
    public async Task AndTheOtherWayRound()
    {
        var run = await here.RunAsync();
        await there.DecideAsync((await there.PendingAsync(run)).Single().Id, "approve");
        await here.System.SweepNowAsync();
        await SettleAsync();

        Assert.Equal("ended", (await there.FindAsync(run)).Status);
        Assert.Equal((1, 0), (one.Refund.Requests.Count, other.Refund.Requests.Count));
    }

    [Fact]
    public async Task MoreWordsThanAPageHoldsAreAllSent()
    {
        await shared.AddRunsAsync(here.Engine.Identity.Id, 1200);
        await shared.TamperAsync("INSERT INTO wakes (instance, run, engine, kind, sent_at) SELECT id || '.1', run, engine, 'look', 0 FROM runs");

        await here.System.SweepNowAsync();
        await SettleAsync();

        Assert.Equal(0, await shared.StoredAsync<long>("SELECT COUNT(*) FROM wakes")); // nothing carries them, and whoever is told finds that out
        Assert.Equal(1200, await shared.StoredAsync<long>("SELECT COUNT(*) FROM runs WHERE fault IS NOT NULL"));
    }

    [Fact]
    public async Task ADecisionWhileTheOtherIsStoppedIsHeardWhenItIsBack()
    {
        var run = await there.RunAsync();
        await there.StopAbruptlyAsync();
        await here.DecideAsync((await here.PendingAsync(run)).Single().Id, "approve");
        shared.Time.Advance(TimeSpan.FromDays(1));
        await here.System.SweepNowAsync();
        await here.SettleAsync();
        Assert.NotEqual("ended", (await here.FindAsync(run)).Status);

        await there.ReopenAsync();
        await SettleAsync();
        Assert.Equal("ended", (await here.FindAsync(run)).Status);
        Assert.Single(other.Refund.Requests);
    }

    [Fact]
    public async Task ACancelAtOneEndsARunOfTheOther()
    {
        var run = await there.RunAsync();
        await here.System.Runs.CancelAsync(RunHarness.Anna, run);
        await there.System.SweepNowAsync();
        await SettleAsync();

        Assert.Equal(OutcomeKinds.Cancelled, (await here.FindAsync(run)).Outcome?.Kind);
        Assert.Equal(0L, await shared.StoredAsync<long>("SELECT COUNT(*) FROM wakes"));
    }

    [Fact]
    public async Task AResumeAtOneReachesARunOfTheOther()
    {
        var run = await there.RunAsync();
        await here.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await here.DecideAsync((await here.PendingAsync(run)).Single().Id, "approve");
        await there.System.SweepNowAsync();
        await SettleAsync();
        Assert.Empty(other.Refund.Requests);

        await here.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await there.System.SweepNowAsync();
        await SettleAsync();
        Assert.Equal("ended", (await here.FindAsync(run)).Status);
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 1)]
    public async Task ARetryAtOneIsJudgedByTheOther(bool isDead, int generation)
    {
        var run = await there.RunAsync();
        await there.Engine.Client.SuspendInstanceAsync(Instances.OfRun(run, 1), cancellation: TestContext.Current.CancellationToken);
        await there.System.SweepNowAsync();
        Assert.Equal("paused", (await here.FindAsync(run)).Status);
        if (!isDead)
        {
            await there.Engine.Client.ResumeInstanceAsync(Instances.OfRun(run, 1), cancellation: TestContext.Current.CancellationToken);
        }

        await here.System.Runs.RetryAsync(RunHarness.Anna, run);
        await here.System.SweepNowAsync();
        await there.System.SweepNowAsync(); // which finds the dead instance before the word about it
        await SettleAsync();
        await there.DecideAsync((await there.PendingAsync(run)).Single().Id, "approve");
        await SettleAsync();

        Assert.Equal("ended", (await here.FindAsync(run)).Status);
        Assert.Equal(generation, await shared.StoredAsync<int>("SELECT generation FROM runs"));
        Assert.Single(other.Refund.Requests);
        Assert.DoesNotContain(RunEvents.Paused, (await here.EventsAsync(run)).SkipWhile(type => type != RunEvents.Retried));
    }

    [Fact]
    public async Task AnIdempotencyKeyIsOneRunAtBoth()
    {
        var run = await here.StartRunAsync(key: "k");
        Assert.Equal(run, await there.StartRunAsync(key: "k"));
        await SettleAsync();
        await here.DecideAsync((await here.PendingAsync(run)).Single().Id, "approve");
        await there.System.SweepNowAsync();
        await SettleAsync();

        Assert.Equal("ended", (await there.FindAsync(run)).Status);
        Assert.Equal((1, 0), (one.Refund.Requests.Count, other.Refund.Requests.Count));
        Assert.Null(await there.Engine.Client.GetInstanceAsync(Instances.OfRun(run, 1), cancellation: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ARunOfAnEngineThatNobodyServesSaysSoAndSoDoesHealth()
    {
        var run = await there.RunAsync();
        await there.StopAbruptlyAsync();
        shared.Time.Advance(TimeSpan.FromMinutes(4));
        await here.System.SweepNowAsync();
        Assert.Equal("person", (await here.FindAsync(run)).WaitingFor?.Kind);
        Assert.Empty(await here.System.Engines.DegradedAsync());

        shared.Time.Advance(TimeSpan.FromMinutes(1));
        await here.System.SweepNowAsync();
        var waiting = (await here.FindAsync(run)).WaitingFor!;
        Assert.Equal(("engine", new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)), (waiting.Kind, waiting.Since));
        Assert.Equal($"Engine {await EngineOfAsync(run)} has not been seen since 2026-01-01T00:00:00Z.", waiting.LastFailure); // and not where it stands, which is the operator's
        Assert.Single(waiting.Approvals);
        Assert.Contains(there.Data, Assert.Single(await here.System.Engines.DegradedAsync()), StringComparison.Ordinal);

        await there.ReopenAsync();
        Assert.Equal("person", (await here.FindAsync(run)).WaitingFor?.Kind);
        Assert.Empty(await here.System.Engines.DegradedAsync());
    }

    private Task<string?> EngineOfAsync(string run) => shared.StoredAsync<string>($"SELECT engine FROM runs WHERE id = '{run}'");

    private async Task SettleAsync()
    {
        await here.SettleAsync();
        await there.SettleAsync();
    }
}
